// Names and texts of failures.
#include "proctor/core/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace proctor {

std::string_view to_string(failure_code code) {
    switch (code) {
    case failure_code::not_found: return "not_found";
    case failure_code::bad_syntax: return "bad_syntax";
    case failure_code::bad_value: return "bad_value";
    case failure_code::io_error: return "io_error";
    case failure_code::disk_full: return "disk_full";
    case failure_code::already_exists: return "already_exists";
    case failure_code::held: return "held";
    case failure_code::mismatch: return "mismatch";
    case failure_code::damaged: return "damaged";
    case failure_code::unsupported: return "unsupported";
    case failure_code::unreachable: return "unreachable";
    case failure_code::connection_lost: return "connection_lost";
    case failure_code::timed_out: return "timed_out";
    case failure_code::short_of_memory: return "short_of_memory";
    case failure_code::tls_untrusted: return "tls_untrusted";
    case failure_code::bad_response: return "bad_response";
    case failure_code::http_status: return "http_status";
    case failure_code::proxy_refused: return "proxy_refused";
    case failure_code::refused_content: return "refused_content";
    }
    return "unknown";
}

std::string failure::message() const {
    return where.empty() ? detail : where + ": " + detail;
}

failure_error::failure_error(failure what)
    : std::runtime_error(what.message()), reason_(std::move(what)) {}

void throw_exception_from_error(const failure& what, const boost::source_location&) {
    throw failure_error(what);
}

void assertion_failed(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "proctor: internal error: %s:%d: %s\n", file, line, condition);
    std::_Exit(1); // internal error; 128 + a signal would ask a scheduler to try again
}

} // namespace proctor
