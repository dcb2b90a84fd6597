// Marks added up.
#pragma once

#include <cstdint>
#include <optional>

namespace proctor {

// Marks of a group of questions. The sum is kept in billionths, so that it is the same whatever
// the order and grouping of what is added.
struct tally {
    static constexpr std::uint64_t one = 1'000'000'000; // a mark of 1

    std::uint64_t marked = 0;
    std::uint64_t unmarked = 0;
    std::uint64_t billionths = 0; // sum over the marked ones

    void add(const std::optional<double>& mark); // 0 to 1; none: unmarked
    tally& operator+=(const tally&);
    double score() const { return double(billionths) / double(one); }
    double accuracy() const { return marked ? score() / double(marked) : 0; }
    bool operator==(const tally&) const = default;
};

} // namespace proctor
