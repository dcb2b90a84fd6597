// Which questions of a file a run puts.
#pragma once

#include "proctor/core/ledger.hpp"
#include "proctor/core/types.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace proctor {

struct selection {
    std::optional<std::uint64_t> limit; // only the first so many questions of the file
    std::optional<question_set> drawn;  // of these, only those in these places, 1-based

    // How many of a file's `questions` are selected.
    std::uint64_t count(std::uint64_t questions) const {
        if (drawn) return drawn->size();
        return limit ? std::min(*limit, questions) : questions;
    }
    // Whether the question in this place among the file's questions, 1-based, is selected.
    bool contains(std::uint64_t place) const {
        return (!limit || place <= *limit) && (!drawn || drawn->contains(place));
    }
};

// What Python draws: random.seed(seed); random.sample(range(population), count). In its order.
// Requires count <= population. Memory follows `count` alone.
std::vector<std::uint64_t> python_sample(std::uint64_t population, std::uint64_t count,
                                         std::uint64_t seed);

// The places of such a sample of the first `population` questions.
question_set draw_questions(std::uint64_t population, std::uint64_t count, std::uint64_t seed);

} // namespace proctor
