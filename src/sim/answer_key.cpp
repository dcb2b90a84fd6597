// Builds the key with the program's own eyes: questions are read, prompts built and choices found
// by the code that a run uses.
#include "proctor/sim/answer_key.hpp"

#include "draw.hpp"
#include "proctor/eval/choice_list.hpp"
#include "proctor/eval/dataset.hpp"

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

key_entry entry_of(const question& asked) {
    key_entry entry;
    entry.number = asked.number;
    if (!asked.choices.empty()) {
        entry.labels.count = static_cast<std::uint8_t>(asked.choices.size());
        entry.answer = asked.reference_answer;
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
        if (record->has_value())
            key.entries_.try_emplace(prompt_hash(build_prompt(**record, prompting)),
                                     entry_of(**record));
        else if (record->error().code == failure_code::io_error)
            return record->error();
    }
    return key;
}

const key_entry* answer_key::find(std::uint64_t hash) const {
    const auto found = entries_.find(hash);
    return found == entries_.end() ? nullptr : &found->second;
}

label_sequence labels_in(std::string_view prompt) {
    for (const std::string_view any : {"A", "1", "a"})
        if (const auto list = choices_in_text(prompt, any)) return sequence_of(*list);
    return {};
}

} // namespace proctor
