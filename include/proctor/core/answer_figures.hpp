// What the answers of a run look like, whether right or wrong: how long they are, and which of the
// choices they name, beside where the right one stands.
//
// Of constant size, and sums of what is added: the order does not show.
#pragma once

#include "proctor/core/histogram.hpp"
#include "proctor/core/tally.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace proctor {

struct outcome;

inline constexpr std::size_t most_positions = 26; // as many as there are letters

// Where a choice with this label stands: 1 for "A", "a" and "1". 0: no such label.
std::uint8_t choice_position(std::string_view label);

// Lengths of texts in characters, which are code points.
class text_lengths {
public:
    // So that 0 has a bucket of its own, and quantiles of up to twenty characters are exact.
    static constexpr double smallest = 0.25;

    text_lengths() = default;
    // As they were put on disk.
    text_lengths(const histogram& spread, std::uint64_t characters)
        : spread_(spread), characters_(characters) {}

    void add(std::uint64_t characters);
    text_lengths& operator+=(const text_lengths&);

    std::uint64_t count() const { return spread_.count(); }
    double mean() const { return count() ? double(characters_) / double(count()) : 0; }
    // Whole, and right to about 2 %; 0 if there is none.
    std::uint64_t quantile(double q) const;

    const histogram& spread() const { return spread_; }
    std::uint64_t characters() const { return characters_; }
    bool operator==(const text_lengths&) const = default;

private:
    histogram spread_{smallest};
    std::uint64_t characters_ = 0;
};

// Of the multiple-choice results: how often this position was chosen, and the marks where the key
// stands there.
struct position_figures {
    std::uint64_t chosen = 0;
    tally keyed;

    std::uint64_t key() const { return keyed.marked + keyed.unmarked; }
    bool operator==(const position_figures&) const = default;
};

// Of the results that count.
struct answer_figures {
    text_lengths lengths;
    text_lengths reasoning; // where the endpoint told it
    std::array<position_figures, most_positions> positions;

    void add(const outcome& result);
    answer_figures& operator+=(const answer_figures&);
    bool operator==(const answer_figures&) const = default;

    // Of the positions, up to the last that was chosen or has a key.
    std::size_t positions_in_use() const;
    std::uint64_t chosen() const; // results whose answer named a position
    std::uint64_t keyed() const;  // results whose key stands at one
    // Total variation distance, 0 to 1, between where the choices that were named stand and where
    // the keys do: half the sum of the differences of their shares. 0 if one of them has none.
    double total_variation() const;
};

} // namespace proctor
