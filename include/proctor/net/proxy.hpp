// The proxy between us and an endpoint, as the environment names it.
#pragma once

#include "proctor/core/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

struct api_root;

struct proxy_server {
    std::string host;     // without brackets
    std::string port;     // always set
    std::string user;     // decoded
    std::string password; // decoded

    // "http://host:port": as people see it.
    std::string text() const;
    // The value of Proxy-Authorization; empty: none.
    std::string authorization() const;
    // What of it must not be shown, in every form in which it may come along.
    std::vector<std::string> secrets() const;
};

using variable_lookup = std::function<std::optional<std::string>(const std::string&)>;

// For https roots https_proxy, else HTTPS_PROXY; for http roots http_proxy, else HTTP_PROXY, unless
// REQUEST_METHOD is set: in a CGI program that is what a client sent as the header "Proxy". For
// both then all_proxy, else ALL_PROXY. Its value is [http://][USER:PASSWORD@]HOST[:PORT]; the port
// is 80 unless given. Empty, or not set: none.
//
// no_proxy, else NO_PROXY, lists what is reached without: "*" (everything), names (which stand for
// what is below them too, with or without a dot before them), addresses, networks (10.0.0.0/8),
// each but a network with a :PORT if that port alone is meant.
//
// bad_value: the variable names no http:// proxy. Its value, which may hold a password, is not
// repeated.
result<std::optional<proxy_server>> find_proxy(const api_root&, const variable_lookup&);

} // namespace proctor
