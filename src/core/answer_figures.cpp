// Sums, and what is told from them.
#include "proctor/core/answer_figures.hpp"

#include "proctor/core/ledger.hpp"

#include <cmath>

namespace proctor {

std::uint8_t choice_position(std::string_view label) {
    const auto digit = [&](std::size_t at) -> unsigned {
        const auto value = static_cast<unsigned char>(label[at] - '0');
        return value < 10 ? value : most_positions + 1;
    };
    unsigned position = 0;
    if (label.size() == 1) {
        const auto letter = static_cast<unsigned char>((label[0] | 0x20) - 'a');
        position = letter < most_positions ? letter + 1u : digit(0);
    } else if (label.size() == 2 && label[0] != '0') {
        position = 10 * digit(0) + digit(1);
    }
    return static_cast<std::uint8_t>(position <= most_positions ? position : 0);
}

void text_lengths::add(std::uint64_t characters) {
    spread_.add(double(characters));
    characters_ += characters;
}

text_lengths& text_lengths::operator+=(const text_lengths& other) {
    spread_.merge(other.spread_);
    characters_ += other.characters_;
    return *this;
}

std::uint64_t text_lengths::quantile(double q) const {
    return static_cast<std::uint64_t>(std::llround(spread_.quantile(q)));
}

void answer_figures::add(const outcome& result) {
    lengths.add(result.answer_characters);
    if (result.reasoning_characters > 0) reasoning.add(result.reasoning_characters);
    if (result.chosen > 0) ++positions.at(result.chosen - 1u).chosen;
    if (result.key > 0) positions.at(result.key - 1u).keyed.add(result.score);
}

answer_figures& answer_figures::operator+=(const answer_figures& other) {
    lengths += other.lengths;
    reasoning += other.reasoning;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        positions[i].chosen += other.positions[i].chosen;
        positions[i].keyed += other.positions[i].keyed;
    }
    return *this;
}

std::size_t answer_figures::positions_in_use() const {
    auto used = positions.size();
    while (used > 0 && positions[used - 1] == position_figures{}) --used;
    return used;
}

std::uint64_t answer_figures::chosen() const {
    std::uint64_t all = 0;
    for (const auto& position : positions) all += position.chosen;
    return all;
}

std::uint64_t answer_figures::keyed() const {
    std::uint64_t all = 0;
    for (const auto& position : positions) all += position.key();
    return all;
}

double answer_figures::total_variation() const {
    const auto choices = double(chosen()), keys = double(keyed());
    if (choices == 0 || keys == 0) return 0;
    double sum = 0;
    for (const auto& position : positions)
        sum += std::abs(double(position.chosen) / choices - double(position.key()) / keys);
    return sum / 2;
}

} // namespace proctor
