// One colon, or brackets.
#include "proctor/net/host_port.hpp"

#include <fmt/format.h>

#include <charconv>

namespace proctor {

result<host_port> parse_host_port(const std::string& text) {
    const failure wrong(
        failure_code::bad_value, "",
        fmt::format("\"{}\" is not HOST:PORT, like 127.0.0.1:8443 or [::1]:0", text));
    const auto colon = text.rfind(':');
    if (colon == text.npos) return wrong;
    host_port found;
    found.host = text.substr(0, colon);
    if (found.host.starts_with('[') && found.host.ends_with(']'))
        found.host = found.host.substr(1, found.host.size() - 2);
    else if (found.host.find(':') != found.host.npos)
        return wrong;
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + colon + 1, last, found.port);
    if (found.host.empty() || error != std::errc{} || end != last) return wrong;
    return found;
}

} // namespace proctor
