// The few entries of OpenSSL's table that a connection needs.
#include "socket_bio.hpp"

#include "proctor/core/error.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>

namespace proctor {
namespace {

int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool is_for_later(int error) {
    return error == EAGAIN || error == EINTR;
}

int write_some(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && is_for_later(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int read_some(BIO* bio, char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto received = ::recv(socket_of(bio), bytes, static_cast<std::size_t>(size), 0);
    if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    if (received < 0 && is_for_later(errno)) BIO_set_retry_read(bio);
    return static_cast<int>(received);
}

long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH; // nothing is held back
}

BIO_METHOD* new_method() {
    auto* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "proctor socket");
    PROCTOR_ASSERT(method);
    BIO_meth_set_write(method, write_some);
    BIO_meth_set_read(method, read_some);
    BIO_meth_set_ctrl(method, control);
    return method;
}

} // namespace

BIO* new_socket_bio(int socket) {
    static const BIO_METHOD* const method = new_method();
    auto* bio = BIO_new(method);
    PROCTOR_ASSERT(bio);
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
    BIO_set_init(bio, 1);
    return bio;
}

} // namespace proctor
