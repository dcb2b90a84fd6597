// Which questions of a file a run puts.
#pragma once

#include "proctor/core/ledger.hpp"
#include "proctor/core/types.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// One machine's share of what several put together: every `of`th question, from the `number`th.
struct shard {
    std::uint64_t number = 1, of = 1; // 1 <= number <= of

    bool has(std::uint64_t place) const { return (place - 1) % of == number - 1; }
    // Of `count` questions.
    std::uint64_t share_of(std::uint64_t count) const { return (count + of - number) / of; }
    bool operator==(const shard&) const = default;
};

// "3/8"; nothing if it is none.
std::optional<shard> parse_shard(std::string_view);
std::string to_string(const shard&);

struct selection {
    std::optional<std::uint64_t> limit; // only the first so many questions of the file
    std::optional<question_set> drawn;  // of these, only those in these places, 1-based
    std::optional<shard> part;          // only its share; of a sample, `drawn` holds no more

    // How many of a file's `questions` are selected.
    std::uint64_t count(std::uint64_t questions) const {
        if (drawn) return drawn->size();
        const auto first = limit ? std::min(*limit, questions) : questions;
        return part ? part->share_of(first) : first;
    }
    // Whether the question in this place among the file's questions, 1-based, is selected.
    bool contains(std::uint64_t place) const {
        return (!limit || place <= *limit) && (!drawn || drawn->contains(place)) &&
               (!part || part->has(place));
    }
};

// What Python draws: random.seed(seed); random.sample(range(population), count). In its order.
// Requires count <= population. Memory follows `count` alone.
std::vector<std::uint64_t> python_sample(std::uint64_t population, std::uint64_t count,
                                         std::uint64_t seed);

// The places of such a sample of the first `population` questions.
question_set draw_questions(std::uint64_t population, std::uint64_t count, std::uint64_t seed);
// A shard's share of them.
question_set share_of(const question_set& drawn, const shard&);

} // namespace proctor
