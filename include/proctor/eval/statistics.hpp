// Figures that can be published.
#pragma once

#include "proctor/core/ledger.hpp"

namespace proctor {

// 97.5 % of the normal distribution lie below it.
inline constexpr double normal_quantile_95 = 1.959963984540054;

struct interval {
    double low = 0;
    double high = 1;
};

// Wilson's score interval at 95 % for a mean of marks in [0, 1]; {0, 1} if nothing is marked.
// E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927) 209.
interval wilson_interval(const tally&);

// What two runs say of the questions that both have marked. A question's mark is the mean over its
// repeats; it counts as right above one half.
class paired_marks {
public:
    void add(double first, double second); // marks of one question, 0 to 1

    std::uint64_t questions() const { return count_; }
    double first_mean() const { return count_ ? first_sum_ / double(count_) : 0; }
    double second_mean() const { return count_ ? second_sum_ / double(count_) : 0; }
    // Of the means, the second less the first; −1 to 1.
    double difference() const { return second_mean() - first_mean(); }
    // At 95 %, by the normal distribution, with the variance of the differences question by
    // question; {-1, 1} for fewer than two questions.
    interval difference_interval() const;

    std::uint64_t only_first_right() const { return only_first_; }
    std::uint64_t only_second_right() const { return only_second_; }
    // McNemar's exact test, two-sided: how likely questions that only one run has right are split
    // at least as unevenly between runs that are equally good. 1 if there are none.
    // Q. McNemar, Psychometrika 12 (1947) 153.
    double mcnemar_p() const;

private:
    std::uint64_t count_ = 0, only_first_ = 0, only_second_ = 0;
    double first_sum_ = 0, second_sum_ = 0;
    double mean_ = 0, squares_ = 0; // of the differences; squares about their mean (Welford)
};

} // namespace proctor
