// The choices of a question in another order, to tell a model that knows from one that likes a
// letter.
#pragma once

#include "proctor/core/types.hpp"

#include <cstdint>

namespace proctor {

// Raised when a seed would come to mean other orders, or other questions.
inline constexpr int choice_shuffle_version = 1;

// What of a question's choices can be put in another order.
enum class choice_freedom {
    no_choices, // free text
    in_text,    // they stand in the text of the question
    bound,      // one refers to others by where they stand or by their letters
    free,
};

// A choice refers to others if it speaks of "the above" ("All of the above", "None above"), of a
// letter as a choice ("Option B", "Only A", "C only"), or of several letters ("Both A and C", "A or
// B", "B, D"), letters being those of the question's own choices. In doubt it does: a question that
// keeps its order is a smaller harm than one that lost its sense.
choice_freedom freedom_of_choices(const question&);

// Puts free choices in an order that follows from the seed, the question's number and its repeat
// alone, on every machine; the reference's letter goes with its choice, and choice_order tells
// where each comes from. Leaves other questions as they are.
//
// Fisher and Yates, from the last place to the second: the choice at place i changes places with
// the one at x % (i + 1), x being the next output of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)
// from the state mix(mix(seed) ^ number) ^ repeat, where mix(s) is its first output from the state
// s. Requires a question that is not shuffled yet.
void shuffle_choices(question&, std::uint64_t seed);

} // namespace proctor
