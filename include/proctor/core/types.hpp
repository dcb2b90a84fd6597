// The values that travel through proctor: a question, what a model said, how it was marked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// 1-based number of a record in its question file: broken records count, blank lines do not.
using question_id = std::uint64_t;

// What is read from disk with a higher number is damaged: memory follows the highest member of a
// set, and no run has so many tasks.
inline constexpr question_id highest_question = question_id{1} << 36;

// A task: a question, asked for the `repeat`th of `repeats` times; both from 1. Log, ledger and
// snapshots know it by its place among all tasks of the run, question by question, and call that
// its question_id: where each question is asked once, it is the same.
inline constexpr std::uint16_t most_repeats = 1000;
constexpr question_id task_of(question_id question, std::uint64_t repeat, std::uint64_t repeats) {
    return (question - 1) * repeats + repeat;
}
constexpr question_id question_of(question_id task, std::uint64_t repeats) {
    return (task - 1) / repeats + 1;
}
constexpr std::uint64_t repeat_of(question_id task, std::uint64_t repeats) {
    return (task - 1) % repeats + 1;
}

// Dense sequence number of records in a run's log: 1, 2, 3, …
using lsn = std::uint64_t;

enum class question_format : std::uint8_t { multiple_choice, free_text };

// "mc", "qa": as results and summaries spell it.
std::string_view to_string(question_format);
std::optional<question_format> parse_question_format(std::string_view);

// Kinds of log records; the numbers are the ones on disk. Of a question's records `result` ranks
// over `answered`, and that over `failed`; `session` belongs to no question.
enum class record_kind : std::uint8_t { answered = 1, result = 2, failed = 3, session = 4 };

std::string_view to_string(record_kind);
std::optional<record_kind> parse_record_kind(std::string_view);

struct question {
    question_id number = 0;
    std::uint16_t repeat = 1, repeats = 1; // asked for the how manieth of how many times
    std::uint64_t line = 0;                // where the record begins in its file, 1-based
    std::string text;
    std::vector<std::string> choices; // without their labels; empty if they stand in `text`
    std::string choice_order;         // of shuffled ones: the set's letter of each; else empty
    std::string reference_answer;     // as the set gives it: "B", "2) Carbon dioxide", "88"
    std::string context;              // passage, text or context of the set
    bool context_is_part = false;     // a passage belongs to the question; a text does not
    std::string category;
    std::string own_id; // the set's own `id`, as text; empty if it has none
    std::string kept;   // further members of its result, as JSON: `"source":"exam","year":2019`
    question_format format = question_format::free_text;

    question_id task() const { return task_of(number, repeat, repeats); }
};

struct token_usage {
    std::uint64_t prompt = 0;
    std::uint64_t completion = 0;

    token_usage& operator+=(const token_usage& other) {
        prompt += other.prompt;
        completion += other.completion;
        return *this;
    }
    bool operator==(const token_usage&) const = default;
};

// What the model said.
struct answer {
    std::string text;
    std::string reasoning; // what a reasoning model thought, if the endpoint tells
    std::string finish_reason;
    token_usage usage;
    double model_seconds = 0; // duration of the attempt that succeeded
    std::uint32_t attempts = 1;
};

// How an answer was marked. No score means unmarked: nothing could judge it, and it is not 0.
struct grade {
    std::optional<double> score;  // 0 to 1
    std::string reasoning;        // one line: why
    std::string reference_choice; // "A" or "2"; empty unless multiple choice
    std::string model_choice;     // empty if none could be extracted
    double evaluation_seconds = 0;
};

// Why a question has no answer for now.
struct question_failure {
    std::string kind;     // a failure_code's name
    std::string message;  // for people; scrubbed of secrets
    unsigned status = 0;  // HTTP status, 0 if there was none
    bool refused = false; // the endpoint refused this question for good: not tried again
    std::uint32_t attempts = 0;
};

} // namespace proctor
