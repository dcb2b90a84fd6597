// Coordinates, mostly.
#include "proctor/app/charts.hpp"

#include "proctor/pipeline/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

namespace proctor {
namespace {

// Of a spread chart, in its own units; the page scales it to its width.
constexpr double width = 720, top = 48, bottom = 178, height = 200;
constexpr std::size_t most_bars = 64;

struct bar {
    double from = 0, to = 0; // values
    std::uint64_t count = 0;
};

// As many buckets to a bar as leave no more than `most_bars`, without the empty ends.
std::vector<bar> bars_of(const histogram& spread) {
    std::size_t first = histogram::bucket_count, last = 0;
    for (std::size_t i = 0; i < histogram::bucket_count; ++i) {
        if (spread.in_bucket(i) == 0) continue;
        first = std::min(first, i);
        last = i;
    }
    const auto edge = [&](std::size_t bucket) {
        return spread.smallest() * std::exp2(double(bucket) / histogram::buckets_per_doubling);
    };
    std::size_t step = 1;
    while ((last - first) / step >= most_bars) step *= 2;
    std::vector<bar> bars;
    for (auto at = first / step * step; at <= last; at += step) {
        bar one{edge(at), edge(at + step), 0};
        for (auto i = at; i < std::min<std::size_t>(at + step, histogram::bucket_count); ++i)
            one.count += spread.in_bucket(i);
        bars.push_back(one);
    }
    return bars;
}

// 1, 2 and 5 of each decade; where that would be too many, 1 alone; where too few, the ends.
std::vector<double> ticks_between(double low, double high) {
    const bool wide = high / low > 1e4;
    std::vector<double> ticks;
    for (auto decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10)
        for (const double of : {1.0, 2.0, 5.0})
            if (decade * of >= low && decade * of <= high && (of == 1 || !wide))
                ticks.push_back(decade * of);
    return ticks.size() < 2 ? std::vector{low, high} : ticks;
}

} // namespace

std::string interval_chart(double mean, const interval& range) {
    return fmt::format(
        R"(<svg class="range" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" )"
        R"(aria-label="{0:.1f} %, {1:.1f} % to {2:.1f} %">)"
        R"(<rect class="span" x="{1:.2f}" y="3" width="{3:.2f}" height="4"/>)"
        R"(<rect class="mean" x="{4:.2f}" y="0" width="0.8" height="10"/></svg>)",
        100 * mean, 100 * range.low, 100 * range.high, 100 * (range.high - range.low),
        std::clamp(100 * mean - 0.4, 0.0, 99.2));
}

std::string share_chart(double share, std::string_view kind) {
    return fmt::format(
        R"(<svg class="range" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" )"
        R"(aria-label="{0:.1f} %"><rect class="{1}" x="0" y="1" width="{0:.2f}" height="8"/></svg>)",
        100 * share, kind);
}

std::string spread_chart(const histogram& spread, const std::function<std::string(double)>& named) {
    if (spread.count() == 0) return {};
    const auto bars = bars_of(spread);
    const double low = bars.front().from, high = bars.back().to;
    const auto x_of = [&](double value) {
        return width * std::log(std::clamp(value, low, high) / low) / std::log(high / low);
    };
    std::uint64_t most = 0;
    for (const auto& each : bars) most = std::max(most, each.count);

    std::string out =
        fmt::format(R"(<svg class="spread" viewBox="-30 0 {} {}" role="img">)", width + 60, height);
    const auto add = [&]<class... Values>(fmt::format_string<Values...> format,
                                          Values&&... values) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
    };
    for (const auto& each : bars) {
        if (each.count == 0) continue;
        // A single value is to be seen, too.
        const auto tall = std::max(1.0, (bottom - top) * double(each.count) / double(most));
        add(R"(<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">)"
            "<title>{} to {}: {}</title></rect>",
            x_of(each.from), bottom - tall, std::max(1.0, x_of(each.to) - x_of(each.from) - 0.5),
            tall, named(each.from), named(each.to), thousands(each.count));
    }
    add(R"(<line class="axis" x1="0" y1="{0}" x2="{1}" y2="{0}"/>)", bottom, width);
    std::string before;
    for (const auto tick : ticks_between(low, high)) {
        const auto name = named(tick);
        if (std::exchange(before, name) == name) continue; // of values that are whole
        add(R"(<line class="axis" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)"
            R"(<text x="{0:.1f}" y="{3}" text-anchor="middle">{4}</text>)",
            x_of(tick), bottom, bottom + 4, bottom + 18, name);
    }
    double label_y = 12; // one below the other: they may stand close together
    for (const auto& [name, q] : {std::pair{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}}) {
        const auto value = spread.quantile(q), x = x_of(value);
        const bool right = x < width / 2; // of its line
        add(R"(<line class="mark" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)"
            R"(<text class="mark" x="{3:.1f}" y="{4}" text-anchor="{5}">{6} {7}</text>)",
            x, label_y - 9, bottom, x + (right ? 4 : -4), label_y, right ? "start" : "end", name,
            named(value));
        label_y += 14;
    }
    return out + "</svg>";
}

} // namespace proctor
