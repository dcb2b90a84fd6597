// Bucket arithmetic of the histogram.
#include "proctor/core/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace proctor {

void histogram::add(double value) {
    int index = 0;
    if (value > smallest_)
        index =
            static_cast<int>(std::log2(std::min(value, 1e9) / smallest_) * buckets_per_doubling);
    ++buckets_[static_cast<std::size_t>(std::clamp(index, 0, bucket_count - 1))];
    ++count_;
}

void histogram::merge(const histogram& other) {
    for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
    count_ += other.count_;
}

double histogram::quantile(double q) const {
    if (count_ == 0) return 0;
    auto wanted = static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * double(count_)));
    wanted = std::max<std::uint64_t>(wanted, 1);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
        seen += buckets_[i];
        // The middle of the bucket, on the logarithmic scale.
        if (seen >= wanted) return smallest_ * std::exp2((double(i) + 0.5) / buckets_per_doubling);
    }
    return smallest_ * std::exp2(double(bucket_count) / buckets_per_doubling);
}

} // namespace proctor
