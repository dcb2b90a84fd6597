// Marks in billionths.
#include "proctor/core/tally.hpp"

#include <algorithm>
#include <cmath>

namespace proctor {

void tally::add(const std::optional<double>& mark) {
    if (!mark) {
        ++unmarked;
        return;
    }
    ++marked;
    billionths += static_cast<std::uint64_t>(std::llround(std::clamp(*mark, 0.0, 1.0) * one));
}

tally& tally::operator+=(const tally& other) {
    marked += other.marked;
    unmarked += other.unmarked;
    billionths += other.billionths;
    return *this;
}

} // namespace proctor
