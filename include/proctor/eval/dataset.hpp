// Question files, streamed: JSON array, JSONL or CSV, as they are or compressed by gzip or zstd,
// told apart by content.
//
// A record is an object (or a row of CSV, by its columns) in one of the public shapes:
//   original   question (choices, if any, stand in its text), answer; text is its context
//   AGIEval    passage, question, options ["(A)…", …], label "A" or answer
//   general    question, choices or options (a list, {"A": …, "B": …}, or columns A, B, …), answer
//              as letter, text of the choice or 0-based number, or answer_index or answer_idx;
//              category or subject; id
//   ARC        choices {text, label}, or question {stem, choices [{text, label}, …]}; answerKey
//   GPQA       Question, Correct Answer, Incorrect Answer 1 …
//   SciQ       question, correct_answer, distractor1 …, support
// Of CSV without a line of names a row is MMLU's: question, the choices, the answer's letter.
// Options that carry labels out of order are put in the order of their labels. GPQA and SciQ give
// no order; theirs follows from a hash of question and choice, and is the same everywhere.
// A record's number counts broken ones, not blank lines. Memory holds one chunk and one record.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"
#include "proctor/eval/question_index.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor {

inline constexpr std::size_t max_question_record = std::size_t{8} << 20; // bytes

// One record of the file as text, before anybody looks into it.
struct raw_record {
    question_id number = 0;
    std::uint64_t line = 0; // where it begins, 1-based
    std::string_view text;
    const std::vector<std::string>* columns = nullptr; // of CSV; null: it is JSON
};

// "a, b": what stands between the commas, without blanks around it; nothing that is empty.
std::vector<std::string> split_list(std::string_view);

// What a set calls its fields, where that is not usual: {"question", "prompt"}. Of `choices` it may
// be several fields, with commas between.
struct question_fields {
    std::vector<std::pair<std::string, std::string>> names;
    std::vector<std::string> kept; // what goes into a result as it is; decides nothing
    // What all questions are read as; nothing: each as what it is. As free text, one whose choices
    // are listed apart loses them, and the text of the right one is its reference answer; as
    // multiple choice, a record without choices is no question.
    std::optional<question_format> format;

    // Empty: as usual.
    std::string_view name_of(std::string_view field) const;
    // What decides how a record is read: "question=prompt, answer=target, format=qa"
    std::string text() const;
};

inline constexpr std::string_view question_field_names[] = {"question", "answer",   "choices",
                                                            "context",  "category", "id"};

// What a record says, or why it cannot be a question: bad_syntax (not JSON) or bad_value (no
// question, no answer, a label that names no choice …), `where` being "line N".
result<question> parse_question(const raw_record&, const question_fields& = {});

class question_reader {
public:
    // not_found or io_error: the file cannot be opened or read; bad_syntax: it is neither an array
    // nor JSONL nor CSV (with path:line). An empty file has no records.
    static result<question_reader> open(const std::string& path, const question_fields& = {});
    // Opens it at the beginning or at one of the index's places: what comes is what a reader from
    // the beginning would find there, number and line included. mismatch: it is no longer the file
    // that the index was made of.
    static result<question_reader> open(const std::string& path, const question_index&,
                                        const question_place&, const question_fields& = {});
    question_reader(question_reader&&) noexcept;
    question_reader& operator=(question_reader&&) noexcept;
    ~question_reader();

    // The next record; nothing at the end. A broken record (failure with path:line) is one
    // record: reading goes on behind it where that is possible (in an array, a record whose end
    // cannot be found ends the file). An io_error ends the file.
    std::optional<result<question>> next();

    // The next record is skipped over without being parsed; false at the end. For what is done. An
    // io_error also ends the file here; next() tells of it.
    bool skip();

    // Goes on at the beginning or at a place of an index of this file. io_error: the reader is at
    // its end.
    result<void> go_to(const question_place&);

    // The number that the next record will have.
    question_id next_number() const;

private:
    class state;
    explicit question_reader(std::unique_ptr<state>);
    std::unique_ptr<state> state_;
};

// Which file a path names now. not_found or io_error.
result<file_stamp> stamp_of(const std::string& path);

// One pass over the whole file; its index has a place before every `stride`th record. `on_broken`
// is told of each record that is no question. not_found, io_error: unreadable, or changed while it
// was read; bad_syntax: neither an array nor JSONL nor CSV (with path:line).
result<question_index> index_questions(const std::string& path,
                                       const std::function<void(const failure&)>& on_broken,
                                       std::uint64_t stride = records_per_place,
                                       const question_fields& = {});
// The same, for those who do not come back.
result<question_census> take_census(const std::string& path,
                                    const std::function<void(const failure&)>& on_broken);

} // namespace proctor
