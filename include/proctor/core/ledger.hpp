// The fold over a run's records: what is done, what failed, what is answered but not marked,
// and the figures that go with it.
//
// There is one fold: live runs, replay, status and the final report all feed outcomes to a
// ledger, so a resumed run reports what an undisturbed one would. Of a question's records the one
// of the highest rank counts (record_kind), whatever their order; of several results the first, of
// several failures, and of several answers, the latest. A result tells of the same requests as the
// answer that it was made from: they are counted once.
// Not thread-safe; belongs to whoever folds.
#pragma once

#include "proctor/core/answer_figures.hpp"
#include "proctor/core/histogram.hpp"
#include "proctor/core/tally.hpp"
#include "proctor/core/types.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace proctor {

// What the ledger needs to know of one record about a question.
struct outcome {
    record_kind kind = record_kind::result;
    question_id question = 0;
    question_format format = question_format::free_text;
    std::optional<double> score; // of a result; none: unmarked
    std::string category;        // of a result
    token_usage usage;           // what the endpoint billed for this record
    double model_seconds = 0;    // of a result
    std::uint32_t attempts = 0;
    bool truncated = false; // finish_reason "length"
    bool no_choice = false; // multiple choice, and none could be extracted
    // Of multiple choice, by choice_position(): what the answer named, and the reference. 0: none.
    std::uint8_t chosen = 0, key = 0;
    std::uint32_t answer_characters = 0;    // code points
    std::uint32_t reasoning_characters = 0; // 0: the endpoint told none
    std::string error_kind;                 // of a failed one
    bool refused = false;                   // of a failed one: not to be tried again

    outcome() = default;
    outcome(record_kind kind, question_id question) : kind(kind), question(question) {}
};

// A set of question numbers. Memory follows where its members are: a bit each in the chunks (of
// 65,536 numbers) that have any, so that a small set of large numbers stays small.
class question_set {
public:
    bool contains(question_id) const;
    bool insert(question_id); // false if it was there
    bool erase(question_id);  // false if it was not
    void insert_run(question_id first, std::uint64_t count);
    std::uint64_t size() const { return size_; }

    bool intersects(const question_set&) const;
    question_set& operator|=(const question_set&);
    question_set& operator-=(const question_set&);
    bool operator==(const question_set&) const;

    // Calls visit(first, count) for each run of consecutive members, in order.
    template <class Visit>
    void each_run(Visit visit) const {
        question_id first = 0, count = 0;
        each_member([&](question_id id) {
            if (count > 0 && id == first + count) {
                ++count;
                return;
            }
            if (count > 0) visit(first, count);
            first = id;
            count = 1;
        });
        if (count > 0) visit(first, count);
    }

    // Calls visit(id) for each member, in order.
    template <class Visit>
    void each_member(Visit visit) const {
        for (std::size_t c = 0; c < chunks_.size(); ++c)
            for (std::size_t w = 0; w < chunks_[c].size(); ++w)
                for (auto left = chunks_[c][w]; left != 0; left &= left - 1)
                    visit((c * words_per_chunk + w) * 64 +
                          static_cast<unsigned>(std::countr_zero(left)));
    }

private:
    static constexpr std::size_t words_per_chunk = 1024;

    // The word that holds `id`, and `id`'s bit in it; no word: none of its chunk is a member.
    const std::uint64_t* word_of(question_id) const;
    std::uint64_t& make_word_of(question_id);
    std::vector<std::uint64_t>& make_chunk(std::size_t index);

    std::vector<std::vector<std::uint64_t>> chunks_; // each empty, or of words_per_chunk
    std::uint64_t size_ = 0;
};

// What requests cost.
struct spending {
    token_usage usage;
    std::uint64_t attempts = 0; // requests sent, retries included

    spending& operator+=(const spending&);
    spending& operator-=(const spending&);
    bool operator==(const spending&) const = default;
};

// All that a ledger knows, as values; what a snapshot's footer holds.
struct ledger_state {
    question_set completed, answered, failed, refused;
    std::map<std::string, question_set, std::less<>> failed_by_kind;
    std::unordered_map<question_id, spending> answers; // what those of `answered` cost
    spending spent; // for all other records, superseded ones included
    tally overall, multiple_choice, free_text;
    std::map<std::string, tally, std::less<>> by_category;
    histogram latencies;
    std::uint64_t truncated = 0, no_choice = 0;
    answer_figures answers_said; // some may be missing: see ledger::knows_all_answers

    bool operator==(const ledger_state&) const = default;
};

class ledger {
public:
    ledger() = default;
    explicit ledger(ledger_state state);

    void apply(const outcome&);
    // As if the records that `later` was made from were applied one by one. False, and nothing is
    // changed, if a question is completed in both: that takes the records themselves.
    bool merge(const ledger& later);
    // For records that nobody has any more, and that were paid for.
    void add_spending(const spending& more) { state_.spent += more; }

    bool completed(question_id id) const { return state_.completed.contains(id); }
    bool answered(question_id id) const { return state_.answered.contains(id); } // not completed
    // Given up for now; `refused` ones are not tried again by themselves.
    bool failed(question_id id) const { return state_.failed.contains(id); }
    bool refused(question_id id) const { return state_.refused.contains(id); }

    std::uint64_t completed_count() const { return state_.completed.size(); }
    std::uint64_t answered_count() const { return state_.answered.size(); }
    std::uint64_t failed_count() const { return state_.failed.size(); }
    std::uint64_t refused_count() const { return state_.refused.size(); }

    const tally& overall() const { return state_.overall; }
    const tally& of(question_format) const;
    const std::map<std::string, tally, std::less<>>& by_category() const {
        return state_.by_category;
    }
    std::map<std::string, std::uint64_t> failures_by_kind() const;
    const histogram& latencies() const { return state_.latencies; }
    spending total_spending() const; // superseded records included
    token_usage usage() const { return total_spending().usage; }
    std::uint64_t attempts() const { return total_spending().attempts; }
    std::uint64_t truncated_count() const { return state_.truncated; }
    std::uint64_t no_choice_count() const { return state_.no_choice; }
    const answer_figures& answers_said() const { return state_.answers_said; }
    // False: some of it was read from footers that do not tell of answers (snapshots of version 1).
    bool knows_all_answers() const {
        return state_.answers_said.lengths.count() == completed_count();
    }

    const ledger_state& state() const { return state_; }

private:
    void clear_failure(question_id);
    void clear_answer(question_id);

    ledger_state state_;
    spending answers_cost_; // sum of state_.answers
};

} // namespace proctor
