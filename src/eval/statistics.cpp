// Confidence intervals of marks, and of differences between runs.
#include "proctor/eval/statistics.hpp"

#include <boost/math/distributions/binomial.hpp>

#include <algorithm>
#include <cmath>

namespace proctor {

interval wilson_interval(const tally& group) {
    constexpr double z = normal_quantile_95;
    if (group.marked == 0) return {};
    const auto n = double(group.marked);
    const double mean = group.accuracy();
    const double scale = 1 + z * z / n;
    const double centre = (mean + z * z / (2 * n)) / scale;
    const double half = z / scale * std::sqrt(mean * (1 - mean) / n + z * z / (4 * n * n));
    return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

void paired_marks::add(double first, double second) {
    ++count_;
    first_sum_ += first;
    second_sum_ += second;
    const double apart = second - first;
    const double off = apart - mean_;
    mean_ += off / double(count_);
    squares_ += off * (apart - mean_);
    const bool first_right = first > 0.5;
    const bool second_right = second > 0.5;
    only_first_ += first_right && !second_right;
    only_second_ += second_right && !first_right;
}

interval paired_marks::difference_interval() const {
    if (count_ < 2) return {-1, 1};
    const double variance = squares_ / double(count_ - 1);
    const double half = normal_quantile_95 * std::sqrt(variance / double(count_));
    return {std::max(-1.0, difference() - half), std::min(1.0, difference() + half)};
}

double paired_marks::mcnemar_p() const {
    const auto apart = double(only_first_ + only_second_);
    if (apart == 0) return 1;
    const boost::math::binomial_distribution<double> even(apart, 0.5);
    const auto fewer = double(std::min(only_first_, only_second_));
    return std::min(1.0, 2 * boost::math::cdf(even, fewer));
}

} // namespace proctor
