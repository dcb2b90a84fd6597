// Certificates with one thing wrong, and nothing else.
#include "proctor/sim/shown_certificate.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace proctor {
namespace {

constexpr std::array<std::pair<std::string_view, shown_certificate>, 4> names = {{
    {"valid", shown_certificate::valid},
    {"expired", shown_certificate::expired},
    {"wrong-name", shown_certificate::wrong_name},
    {"unknown-authority", shown_certificate::unknown_authority},
}};

} // namespace

result<shown_certificate> parse_shown_certificate(std::string_view text) {
    for (const auto& [name, which] : names)
        if (text == name) return which;
    return failure(
        failure_code::bad_value, "certificate",
        fmt::format("\"{}\" is none of valid, expired, wrong-name, unknown-authority", text));
}

server_identity make_identity(shown_certificate which, const certificate_authority& authority,
                              const std::vector<std::string>& hosts) {
    switch (which) {
    case shown_certificate::valid: break;
    case shown_certificate::expired: {
        auto when = usual_validity();
        when.from -= std::chrono::days{2};
        when.until = when.from + std::chrono::days{1};
        return authority.issue(hosts, when);
    }
    case shown_certificate::wrong_name: return authority.issue({"elsewhere.invalid"});
    case shown_certificate::unknown_authority: return certificate_authority().issue(hosts);
    }
    return authority.issue(hosts);
}

} // namespace proctor
