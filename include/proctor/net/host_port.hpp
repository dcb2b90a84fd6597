// An address to listen on, as people write it.
#pragma once

#include "proctor/core/error.hpp"

#include <cstdint>
#include <string>

namespace proctor {

struct host_port {
    std::string host; // without brackets
    std::uint16_t port = 0;
};

// "HOST:PORT" with a port of 0 (any that is free) to 65535, brackets around an IPv6 address.
// bad_value, without a place: anything else.
result<host_port> parse_host_port(const std::string& text);

} // namespace proctor
