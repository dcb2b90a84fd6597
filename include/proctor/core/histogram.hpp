// A mergeable histogram of durations with logarithmic buckets.
//
// Range 100 µs to about 3 hours; buckets grow by 2^(1/16) (4.4 %), so a quantile is right to
// about 2 %. Fixed size, no allocation; adding histograms adds their buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace proctor {

class histogram {
public:
    void add(double seconds);
    void merge(const histogram& other);

    std::uint64_t count() const { return count_; }
    // The duration in seconds below which the fraction q (0 to 1) lies; 0 if empty.
    double quantile(double q) const;

    bool operator==(const histogram&) const = default;

    static constexpr double smallest = 1e-4; // seconds
    static constexpr int buckets_per_doubling = 16;
    static constexpr int bucket_count = 27 * buckets_per_doubling;

    // For putting one on disk: how many durations fell into a bucket.
    std::uint64_t in_bucket(std::size_t bucket) const { return buckets_.at(bucket); }
    void add_to_bucket(std::size_t bucket, std::uint64_t count) {
        buckets_.at(bucket) += count;
        count_ += count;
    }

private:
    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
};

} // namespace proctor
