// Outages as people order them.
#include "proctor/sim/outage.hpp"

#include "list_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace proctor {
namespace {

failure not_outages(std::string_view why) {
    return {failure_code::bad_value, "outages",
            fmt::format("{}; expected is how long @ when, counted from the start, like 10s@30s or "
                        "10s@30s,1m@5m",
                        why)};
}

std::optional<outage> outage_in(std::string_view text) {
    const auto at = text.find('@');
    if (at == text.npos) return std::nullopt;
    const auto length = parse_duration(text.substr(0, at));
    const auto begin = parse_duration(text.substr(at + 1));
    if (!length || !begin || *length == duration{}) return std::nullopt;
    outage parsed;
    parsed.begin = *begin;
    parsed.length = *length;
    return parsed;
}

} // namespace

result<std::vector<outage>> parse_outages(std::string_view text) {
    std::vector<outage> outages;
    while (!text.empty()) {
        const auto part = take_part(text);
        const auto parsed = outage_in(part);
        if (!parsed) return not_outages(fmt::format("\"{}\" is no outage", part));
        outages.push_back(*parsed);
    }
    std::sort(outages.begin(), outages.end(),
              [](const outage& a, const outage& b) { return a.begin < b.begin; });
    const auto overlap =
        std::adjacent_find(outages.begin(), outages.end(),
                           [](const outage& a, const outage& b) { return b.begin < a.end(); });
    if (overlap != outages.end()) return not_outages("two outages overlap");
    return outages;
}

} // namespace proctor
