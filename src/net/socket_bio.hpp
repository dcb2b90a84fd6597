// How OpenSSL reads and writes a socket of ours.
#pragma once

#include <openssl/bio.h>

namespace proctor {

// Of a socket that does not block, which stays the caller's. Unlike OpenSSL's own it raises no
// SIGPIPE, whatever the program around it has made of that signal.
BIO* new_socket_bio(int socket);

} // namespace proctor
