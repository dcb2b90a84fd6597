// Faults as people order them, and the draw that says which request meets which.
#include "proctor/sim/fault_plan.hpp"

#include "draw.hpp"
#include "list_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace proctor {
namespace {

constexpr std::array<std::pair<std::string_view, fault_kind>, 6> named_kinds = {{
    {"quota", fault_kind::quota},
    {"reset", fault_kind::reset},
    {"truncate", fault_kind::truncate},
    {"garbage", fault_kind::garbage},
    {"stall", fault_kind::stall},
    {"drip", fault_kind::drip},
}};

failure not_a_plan(std::string_view why) {
    return {failure_code::bad_value, "faults",
            fmt::format("{}; expected are an HTTP status from 400 to 599, quota, reset, truncate, "
                        "garbage, stall or drip, each with its share of the requests, like "
                        "429:5%,reset:0.5%",
                        why)};
}

std::optional<fault> fault_named(std::string_view name) {
    fault named;
    for (const auto& [known, kind] : named_kinds) {
        if (name != known) continue;
        named.kind = kind;
        return named;
    }
    const auto* last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data(), last, named.status);
    if (error != std::errc{} || end != last) return std::nullopt;
    if (named.status < 400 || named.status > 599) return std::nullopt;
    named.kind = fault_kind::status;
    return named;
}

std::optional<double> percentage(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    const auto* last = text.data() + text.size() - 1;
    double percent = 0;
    const auto [end, error] = std::from_chars(text.data(), last, percent, std::chars_format::fixed);
    if (error != std::errc{} || end != last) return std::nullopt;
    if (!(percent >= 0 && percent <= 100)) return std::nullopt;
    return percent;
}

result<fault_plan::share> parse_share(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == text.npos) return not_a_plan(fmt::format("\"{}\" has no share", text));
    const auto name = text.substr(0, colon);
    const auto share = text.substr(colon + 1);
    const auto what = fault_named(name);
    if (!what) return not_a_plan(fmt::format("\"{}\" is no fault", name));
    const auto percent = percentage(share);
    if (!percent) return not_a_plan(fmt::format("\"{}\" is no percentage up to 100%", share));
    fault_plan::share parsed;
    parsed.what = *what;
    parsed.percent = *percent;
    return parsed;
}

} // namespace

std::string name_of(fault what) {
    PROCTOR_ASSERT(what.kind != fault_kind::none);
    if (what.kind == fault_kind::status) return std::to_string(what.status);
    const auto named = std::find_if(named_kinds.begin(), named_kinds.end(),
                                    [&](const auto& known) { return known.second == what.kind; });
    return std::string(named->first);
}

result<fault_plan> parse_faults(std::string_view text) {
    // Decimal fractions that make 100 % on paper may make a little more in binary.
    constexpr double all = 100 + 1e-9;
    fault_plan plan;
    double sum = 0;
    while (!text.empty()) {
        const auto share = parse_share(take_part(text));
        if (!share) return share.error();
        for (const auto& earlier : plan.shares)
            if (earlier.what == share->what)
                return not_a_plan(fmt::format("\"{}\" stands there twice", name_of(share->what)));
        sum += share->percent;
        if (sum > all) return not_a_plan("the shares are more than 100% together");
        plan.shares.push_back(*share);
    }
    return plan;
}

fault draw_fault(const fault_plan& plan, std::uint64_t seed, std::uint64_t prompt_hash,
                 std::uint64_t asked_before) {
    if (plan.shares.empty()) return {};
    const auto drawn = mix(draw(seed, prompt_hash, purpose::fault) ^ mix(asked_before));
    const double percentile = 100 * fraction(drawn);
    double sum = 0;
    for (const auto& share : plan.shares) {
        sum += share.percent;
        if (percentile <= sum) return share.what;
    }
    return {};
}

} // namespace proctor
