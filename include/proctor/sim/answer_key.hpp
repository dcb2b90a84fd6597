// The right answers to a question file, by prompt, so that a simulated model can be right as
// often as ordered.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/eval/prompt.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace proctor {

// The prompts' identity; the same on every machine.
std::uint64_t prompt_hash(std::string_view prompt);

// Labels in sequence: "A", "B", … or "a", … or "1", …
struct label_sequence {
    char first = 'A';
    std::uint8_t count = 0;

    std::string operator[](std::size_t i) const {
        return first == '1' ? std::to_string(i + 1) : std::string(1, static_cast<char>(first + i));
    }
};

struct key_entry {
    question_id number = 0;
    label_sequence labels;        // none: free text
    std::string answer;           // the label of the right choice, or the text to say
    std::uint64_t right_line = 0; // of choices that are listed apart: hash of the right one's first
};

// What a key knows of a prompt.
struct known_prompt {
    key_entry entry;        // with the label that the right choice has in this prompt
    std::uint64_t hash = 0; // of the prompt that the key was made with
};

class answer_key {
public:
    answer_key() = default;

    // Streams the file; a record that is no question is passed over. Keeps nothing of a question
    // but its hash and what is right. Of questions with one prompt the first counts.
    // not_found, io_error: the file cannot be read.
    static result<answer_key> read(const std::string& questions_file, const question_fields& = {},
                                   const prompt_settings& = {});

    // By the prompt itself, or by its lines in another order: choices may have been shuffled, and
    // the right one is then found by its text. Nothing: no such prompt.
    std::optional<known_prompt> find(std::string_view prompt) const;
    const std::unordered_map<std::uint64_t, key_entry>& entries() const { return entries_; }

private:
    std::unordered_map<std::uint64_t, key_entry> entries_;
    // The prompt that has these lines, in whatever order; of choices that are listed apart.
    std::unordered_map<std::uint64_t, std::uint64_t> by_lines_;
};

// The labels of choices that are listed in a prompt which no key knows; none: it lists none.
label_sequence labels_in(std::string_view prompt);

} // namespace proctor
