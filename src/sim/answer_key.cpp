// Builds the key with the program's own eyes: questions are read, prompts built and choices found
// by the code that a run uses.
#include "proctor/sim/answer_key.hpp"

#include "draw.hpp"
#include "proctor/eval/choice_list.hpp"
#include "proctor/eval/dataset.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace proctor {
namespace {

label_sequence sequence_of(const choice_list& list) {
    label_sequence labels;
    labels.first = list.labels.front().front();
    labels.count = static_cast<std::uint8_t>(list.labels.size());
    return labels;
}

// GSM8K gives a worked solution; what is to be said stands behind this.
constexpr std::string_view solution_mark = "####";

std::string spoken(std::string_view reference) {
    if (const auto at = reference.rfind(solution_mark); at != reference.npos)
        reference.remove_prefix(at + solution_mark.size());
    const auto begin = reference.find_first_not_of(" \t\r\n");
    if (begin == reference.npos) return {};
    return std::string(reference.substr(begin, reference.find_last_not_of(" \t\r\n") - begin + 1));
}

std::string_view first_line_of(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

// A line of a prompt; of one that lists a choice, what follows the label.
struct prompt_line {
    std::string_view label, text;
};

template <class Each>
void each_line(std::string_view prompt, Each each) {
    while (!prompt.empty()) {
        const auto line = first_line_of(prompt);
        prompt.remove_prefix(std::min(prompt.size(), line.size() + 1));
        const bool lists =
            line.size() > 2 && line[0] >= 'A' && line[0] <= 'Z' && line.substr(1).starts_with(") ");
        each(lists ? prompt_line{line.substr(0, 1), line.substr(3)} : prompt_line{{}, line});
    }
}

// The same in whatever order they stand.
std::uint64_t lines_hash(std::string_view prompt) {
    std::uint64_t sum = 0;
    each_line(prompt, [&](const prompt_line& line) { sum += prompt_hash(line.text); });
    return sum;
}

// The label of the last choice with this text; empty if there is none.
std::string label_of(std::string_view prompt, std::uint64_t text_hash) {
    std::string label;
    each_line(prompt, [&](const prompt_line& line) {
        if (!line.label.empty() && prompt_hash(line.text) == text_hash) label = line.label;
    });
    return label;
}

key_entry entry_of(const question& asked) {
    key_entry entry;
    entry.number = asked.number;
    if (!asked.choices.empty()) {
        entry.labels.count = static_cast<std::uint8_t>(asked.choices.size());
        entry.answer = asked.reference_answer;
        const auto& right = asked.choices[static_cast<std::size_t>(entry.answer.front() - 'A')];
        entry.right_line = prompt_hash(first_line_of(right));
        return entry;
    }
    if (asked.format == question_format::multiple_choice) {
        if (const auto list = choices_in_text(asked.text, asked.reference_answer)) {
            entry.labels = sequence_of(*list);
            entry.answer = list->key;
            return entry;
        }
    }
    entry.answer = spoken(asked.reference_answer);
    return entry;
}

} // namespace

std::uint64_t prompt_hash(std::string_view prompt) {
    std::uint64_t hash = mix(prompt.size());
    while (prompt.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, prompt.data(), 8);
        hash = mix(hash ^ word);
        prompt.remove_prefix(8);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, prompt.data(), prompt.size());
    return mix(hash ^ rest);
}

result<answer_key> answer_key::read(const std::string& questions_file,
                                    const question_fields& fields,
                                    const prompt_settings& prompting) {
    auto reader = question_reader::open(questions_file, fields);
    if (!reader) return reader.error();
    answer_key key;
    while (const auto record = reader->next()) {
        if (!record->has_value()) {
            if (record->error().code == failure_code::io_error) return record->error();
            continue;
        }
        const auto& asked = **record;
        const auto prompt = build_prompt(asked, prompting);
        const auto hash = prompt_hash(prompt);
        key.entries_.try_emplace(hash, entry_of(asked));
        if (!asked.choices.empty()) key.by_lines_.try_emplace(lines_hash(prompt), hash);
    }
    return key;
}

std::optional<known_prompt> answer_key::find(std::string_view prompt) const {
    const auto hash = prompt_hash(prompt);
    if (const auto found = entries_.find(hash); found != entries_.end())
        return known_prompt{found->second, hash};
    const auto shuffled = by_lines_.find(lines_hash(prompt));
    if (shuffled == by_lines_.end()) return std::nullopt;
    known_prompt known{entries_.at(shuffled->second), shuffled->second};
    known.entry.answer = label_of(prompt, known.entry.right_line);
    if (known.entry.answer.empty()) return std::nullopt;
    return known;
}

label_sequence labels_in(std::string_view prompt) {
    for (const std::string_view any : {"A", "1", "a"})
        if (const auto list = choices_in_text(prompt, any)) return sequence_of(*list);
    return {};
}

} // namespace proctor
