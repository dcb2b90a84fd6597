// Latencies as people order them, and draws from them.
#include "proctor/sim/latency.hpp"

#include "draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

namespace proctor {
namespace {

constexpr duration longest = std::chrono::hours{1};
constexpr double largest_sigma = 5;

failure not_a_latency(std::string_view text) {
    return {failure_code::bad_value, "latency",
            fmt::format("\"{}\" is neither a duration up to 1h, like 200ms, nor "
                        "lognormal:MEDIAN,SIGMA with SIGMA from 0 to {}, like lognormal:200ms,0.5",
                        text, largest_sigma)};
}

} // namespace

result<latency_distribution> parse_latency(std::string_view text) {
    constexpr std::string_view lognormal = "lognormal:";
    latency_distribution parsed;
    auto median = text;
    if (text.starts_with(lognormal)) {
        median.remove_prefix(lognormal.size());
        const auto comma = median.find(',');
        if (comma == median.npos) return not_a_latency(text);
        const auto sigma = median.substr(comma + 1);
        median = median.substr(0, comma);
        const auto* last = sigma.data() + sigma.size();
        const auto [end, error] = std::from_chars(sigma.data(), last, parsed.sigma);
        if (error != std::errc{} || end != last) return not_a_latency(text);
        if (!(parsed.sigma >= 0 && parsed.sigma <= largest_sigma)) return not_a_latency(text);
    }
    const auto time = parse_duration(median);
    if (!time || *time > longest) return not_a_latency(text);
    parsed.median = *time;
    return parsed;
}

duration sample(const latency_distribution& latency, std::uint64_t draw) {
    if (latency.sigma == 0) return latency.median;
    // Box and Muller, Ann. Math. Statist. 29 (1958) 610.
    const double normal = std::sqrt(-2 * std::log(fraction(draw))) *
                          std::cos(2 * std::numbers::pi * fraction(mix(draw)));
    const double drawn = double(latency.median.count()) * std::exp(latency.sigma * normal);
    return duration(static_cast<duration::rep>(std::min(drawn, double(longest.count()))));
}

} // namespace proctor
