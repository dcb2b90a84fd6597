// A mergeable histogram with logarithmic buckets, of durations unless it is told otherwise.
//
// Buckets grow by 2^(1/16) (4.4 %), so a quantile is right to about 2 %, over 27 doublings: of
// durations 100 µs to about 3 hours. Fixed size, no allocation; adding histograms adds their
// buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace proctor {

class histogram {
public:
    static constexpr double shortest_duration = 1e-4; // seconds

    histogram() = default;
    // Values up to `smallest` share a bucket.
    explicit histogram(double smallest) : smallest_(smallest) {}

    void add(double value);
    void merge(const histogram& other);

    std::uint64_t count() const { return count_; }
    // The value below which the fraction q (0 to 1) lies; 0 if empty.
    double quantile(double q) const;

    bool operator==(const histogram&) const = default;

    double smallest() const { return smallest_; }
    static constexpr int buckets_per_doubling = 16;
    static constexpr int bucket_count = 27 * buckets_per_doubling;

    // For putting one on disk: how many values fell into a bucket.
    std::uint64_t in_bucket(std::size_t bucket) const { return buckets_.at(bucket); }
    void add_to_bucket(std::size_t bucket, std::uint64_t count) {
        buckets_.at(bucket) += count;
        count_ += count;
    }

private:
    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
    double smallest_ = shortest_duration;
};

} // namespace proctor
