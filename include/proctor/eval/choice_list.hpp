// Choices and the labels that they go by: "A", "B", … or "1", "2", …
//
// The one place that knows how sets write labels, in options ("(A)Steel") and inside the text of a
// question ("1) Steel\n2) Copper").
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

inline constexpr std::size_t max_choices = 26; // as many as there are letters

// "A", "B", …: the labels of choices that are listed apart. Requires index < max_choices.
std::string letter_label(std::size_t index);
// The first `count` of them. Requires count <= max_choices.
std::vector<std::string> letter_labels(std::size_t count);

// An option that carries its label: "(A)Steel", "A) Steel", "A. Steel", "A Steel".
struct labelled_option {
    char letter = 'A';     // upper case
    bool enclosed = false; // "(A)"
    std::string_view text;
};
// Nothing: it does not begin like a label.
std::optional<labelled_option> split_label(std::string_view option);

struct choice_list {
    std::vector<std::string> labels;
    std::vector<std::string> texts;
    std::string key; // the label that the reference answer names
};

// The choices that stand in the text of a question, as lines or inline, labelled in sequence from
// "A", "a" or "1"; of several lists the last one that the reference answer names a choice of.
// Nothing: there is no such list.
std::optional<choice_list> choices_in_text(std::string_view text, std::string_view reference);

} // namespace proctor
