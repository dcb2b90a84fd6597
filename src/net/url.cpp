// Takes API roots apart and puts them together for people.
#include "proctor/net/endpoint.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>

namespace proctor {
namespace {

// What of a URL may be shown: nothing that could be a password.
std::string without_user(std::string_view url) {
    const auto at = url.rfind('@');
    return at == url.npos ? std::string(url) : fmt::format("…{}", url.substr(at));
}

failure not_a_root(std::string_view url, std::string_view why) {
    return {failure_code::bad_value, without_user(url),
            fmt::format("{}; expected https://HOST[:PORT][/PATH] or http://…", why)};
}

} // namespace

std::string api_root::bracketed_host() const {
    return host.find(':') == host.npos ? host : fmt::format("[{}]", host);
}

std::string api_root::text() const {
    const bool usual = port == (tls ? "443" : "80");
    return fmt::format("{}://{}{}{}", tls ? "https" : "http", bracketed_host(),
                       usual ? "" : fmt::format(":{}", port), base_path);
}

result<api_root> parse_api_root(std::string_view url) {
    const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
    if (!parsed) return not_a_root(url, "not a URL");
    if (parsed->has_userinfo())
        return not_a_root(url, "user information does not belong in the URL (see api_key)");
    if (parsed->has_query() || parsed->has_fragment())
        return not_a_root(url, "an API root has no query and no fragment");

    api_root root;
    if (parsed->scheme_id() == boost::urls::scheme::https)
        root.tls = true;
    else if (parsed->scheme_id() == boost::urls::scheme::http)
        root.tls = false;
    else
        return not_a_root(url, "neither https:// nor http://");

    root.host = parsed->host_address();
    if (root.host.empty()) return not_a_root(url, "no host");
    if (parsed->has_port() && !parsed->port().empty()) {
        if (parsed->port_number() == 0) return not_a_root(url, "not a port");
        root.port = std::to_string(parsed->port_number());
    } else {
        root.port = root.tls ? "443" : "80";
    }
    const auto path = parsed->encoded_path();
    // Boost 1.81 takes "//host:http/v1" for an empty port before a path.
    if (!path.empty() && path.front() != '/') return not_a_root(url, "not a port");
    // A password with a slash in it ends the host early, and the rest would be the path.
    if (path.find('@') != path.npos)
        return not_a_root(url, "user information does not belong in the URL (see api_key)");
    root.base_path.assign(path.data(), path.size());
    while (root.base_path.ends_with('/')) root.base_path.pop_back();
    return root;
}

} // namespace proctor
