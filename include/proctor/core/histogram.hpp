// A mergeable histogram of durations with logarithmic buckets.
//
// Range 100 µs to about 3 hours; buckets grow by 2^(1/16) (4.4 %), so a quantile is right to
// about 2 %. Fixed size, no allocation; adding histograms adds their buckets.
#pragma once

#include <array>
#include <cstdint>

namespace proctor {

class histogram {
public:
    void add(double seconds);
    void merge(const histogram& other);

    std::uint64_t count() const { return count_; }
    // The duration in seconds below which the fraction q (0 to 1) lies; 0 if empty.
    double quantile(double q) const;

private:
    static constexpr double smallest = 1e-4; // seconds
    static constexpr int buckets_per_doubling = 16;
    static constexpr int bucket_count = 27 * buckets_per_doubling;

    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
};

} // namespace proctor
