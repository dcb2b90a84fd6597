// What can go wrong in the world outside, as a value.
//
// Disk, network, a peer's JSON and a line of the question file return result<T>. Broken
// invariants are assertions (PROCTOR_ASSERT), which stay on in release builds. Cancellation is
// not a failure: it unwinds coroutines as boost::system::system_error(operation_aborted).
#pragma once

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace proctor {

enum class failure_code {
    // bad input
    not_found,  // a file, directory, run or key that is not there
    bad_syntax, // not JSON, not YAML, not UTF-8
    bad_value,  // well-formed, but not what is expected here
    // storage
    io_error,  // read, write, sync, rename failed
    disk_full, // ENOSPC, EDQUOT
    already_exists,
    held,        // another process holds the run
    mismatch,    // a run that belongs to other questions, another model, …
    damaged,     // bytes that cannot be what was written
    unsupported, // a newer format, a file system without locks
    // network
    unreachable, // no address, connection refused, host down
    connection_lost,
    timed_out,
    tls_untrusted,   // unknown authority, wrong name, expired
    bad_response,    // not HTTP, not JSON, not a completion
    http_status,     // an HTTP answer that is not a success
    proxy_refused,   // the proxy on the way wants credentials, or does not let us through
    refused_content, // the model declined or the endpoint filtered
    short_of_memory, // what comes in at the same time is more than we may hold
};

// The code's name as it stands in results and logs, for example "timed_out".
std::string_view to_string(failure_code);

struct failure {
    failure_code code = failure_code::io_error;
    std::string where;  // file, file:line, URL: whatever a person would look for
    std::string detail; // what was expected and what was there; no secrets

    failure() = default; // as result<T>::error() wants it
    failure(failure_code code, std::string where, std::string detail)
        : code(code), where(std::move(where)), detail(std::move(detail)) {}

    // "where: detail", the form in which people see it.
    std::string message() const;
};

// What result<T>::value() throws; start-up code uses it, main() catches it once.
class failure_error : public std::runtime_error {
public:
    explicit failure_error(failure what);
    const failure& reason() const { return reason_; }

private:
    failure reason_;
};

[[noreturn]] void throw_exception_from_error(const failure& what,
                                             const boost::source_location& where);

template <class T = void>
using result = boost::system::result<T, failure>;

[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

} // namespace proctor

#define PROCTOR_ASSERT(condition)                                                                  \
    ((condition) ? void() : ::proctor::assertion_failed(#condition, __FILE__, __LINE__))
