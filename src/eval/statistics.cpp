// Confidence intervals of marks.
#include "proctor/eval/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace proctor {

interval wilson_interval(const tally& group) {
    if (group.marked == 0) return {};
    constexpr double z = 1.959963984540054; // 97.5 % of the normal distribution lie below
    const auto n = double(group.marked);
    const double mean = group.accuracy();
    const double scale = 1 + z * z / n;
    const double centre = (mean + z * z / (2 * n)) / scale;
    const double half = z / scale * std::sqrt(mean * (1 - mean) / n + z * z / (4 * n * n));
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

} // namespace proctor
