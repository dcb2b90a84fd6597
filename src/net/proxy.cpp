// Reads the variables that name proxies. How a connection goes through one is https_session's.
#include "proctor/net/proxy.hpp"

#include "proctor/net/endpoint.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string_view>

namespace proctor {
namespace {

namespace ip = asio::ip;
using boost::system::error_code;

std::string base64(const std::string& bytes) {
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL adds a zero
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

std::string lower(std::string_view text) {
    std::string made(text);
    for (auto& c : made)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return made;
}

std::optional<ip::address> address_in(std::string_view text) {
    error_code error;
    const auto address = ip::make_address(std::string(text), error);
    return error ? std::nullopt : std::optional(address);
}

bool is_in_network(const ip::address& address, std::string_view network) {
    const std::string text(network);
    error_code error;
    if (address.is_v4()) {
        const auto block = ip::make_network_v4(text, error);
        return !error && ip::network_v4(address.to_v4(), block.prefix_length()).canonical() ==
                             block.canonical();
    }
    const auto block = ip::make_network_v6(text, error);
    return !error &&
           ip::network_v6(address.to_v6(), block.prefix_length()).canonical() == block.canonical();
}

struct exception {
    std::string_view host;
    std::string_view port; // empty: any
};

// HOST, HOST:PORT, ADDRESS, [ADDRESS]:PORT.
exception take_apart(std::string_view entry) {
    if (entry.starts_with('[')) {
        const auto end = entry.find(']');
        if (end == entry.npos) return {entry, {}};
        const auto rest = entry.substr(end + 1);
        return {entry.substr(1, end - 1), rest.starts_with(':') ? rest.substr(1) : rest};
    }
    const auto colon = entry.find(':');
    if (colon == entry.npos || colon != entry.rfind(':')) return {entry, {}};
    return {entry.substr(0, colon), entry.substr(colon + 1)};
}

bool excepts(std::string_view entry, const api_root& root) {
    if (entry == "*") return true;
    const auto address = address_in(root.host);
    if (entry.find('/') != entry.npos) return address && is_in_network(*address, entry);
    auto [name, port] = take_apart(entry);
    if (!port.empty() && port != root.port) return false;
    if (address) return address_in(name) == address;
    if (name.starts_with("*.")) name.remove_prefix(1);
    if (name.starts_with('.')) name.remove_prefix(1);
    if (name.ends_with('.')) name.remove_suffix(1);
    auto host = lower(root.host);
    if (host.ends_with('.')) host.pop_back();
    const auto suffix = lower(name);
    return !suffix.empty() && (host == suffix || host.ends_with("." + suffix));
}

bool any_excepts(std::string_view list, const api_root& root) {
    constexpr std::string_view between = ", \t";
    while (!list.empty()) {
        const auto size = std::min(list.find_first_of(between), list.size());
        if (size > 0 && excepts(list.substr(0, size), root)) return true;
        list.remove_prefix(std::min(size + 1, list.size()));
    }
    return false;
}

result<proxy_server> parse_proxy(const std::string& variable, std::string value,
                                 const api_root& root) {
    const auto refuse = [&](std::string_view why) {
        return failure(failure_code::bad_value, variable,
                       fmt::format("{}; expected http://[USER:PASSWORD@]HOST[:PORT]", why));
    };
    if (value.find("://") == value.npos) value.insert(0, "http://");
    const auto url = boost::urls::parse_uri(value);
    if (!url) return refuse("not a URL (what is special in a password must be %-encoded)");
    if (url->scheme_id() != boost::urls::scheme::http)
        return refuse(fmt::format("{}:// proxies are not supported: {} may name an http:// one, or "
                                  "NO_PROXY={} do without",
                                  std::string_view(url->scheme().data(), url->scheme().size()),
                                  root.tls ? "HTTPS_PROXY" : "HTTP_PROXY", root.host));
    proxy_server proxy;
    proxy.host = url->host_address();
    // A password with a slash or the like ends the host early.
    if (proxy.host.empty() || url->encoded_path().size() > 1 || url->has_query() ||
        url->has_fragment())
        return refuse("not only a host (what is special in a password must be %-encoded)");
    if (url->has_port() && !url->port().empty() && url->port_number() == 0)
        return refuse("not a port");
    proxy.port = url->port_number() ? std::to_string(url->port_number()) : "80";
    proxy.user = url->user();
    proxy.password = url->password();
    return proxy;
}

} // namespace

std::string proxy_server::text() const {
    const bool ipv6 = host.find(':') != host.npos;
    return fmt::format("http://{}:{}", ipv6 ? fmt::format("[{}]", host) : host, port);
}

std::string proxy_server::authorization() const {
    if (user.empty() && password.empty()) return {};
    return "Basic " + base64(user + ":" + password);
}

std::vector<std::string> proxy_server::secrets() const {
    if (user.empty() && password.empty()) return {};
    // A token stands alone, as the user.
    return {password.empty() ? user : password, base64(user + ":" + password)};
}

result<std::optional<proxy_server>> find_proxy(const api_root& root,
                                               const variable_lookup& look_up) {
    using nothing = std::optional<proxy_server>;
    const auto first_set = [&](std::initializer_list<const char*> names) {
        std::pair<std::string, std::string> found; // name and value
        for (const auto* name : names)
            if (auto value = look_up(name); value && !value->empty() && found.second.empty())
                found = {name, std::move(*value)};
        return found;
    };
    const auto for_http = look_up("REQUEST_METHOD") ? "http_proxy" : "HTTP_PROXY";
    const auto [variable, value] =
        root.tls ? first_set({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                 : first_set({"http_proxy", for_http, "all_proxy", "ALL_PROXY"});
    if (value.empty()) return nothing();
    if (any_excepts(first_set({"no_proxy", "NO_PROXY"}).second, root)) return nothing();
    auto proxy = parse_proxy(variable, value, root);
    if (!proxy) return proxy.error();
    return nothing(std::move(*proxy));
}

} // namespace proctor
