// The fold over a run's records: what is done, what failed, what is answered but not marked,
// and the figures that go with it.
//
// There is one fold: live runs, replay, status and the final report all feed outcomes to a
// ledger, so a resumed run reports what an undisturbed one would. Of a question's records the one
// of the highest rank counts (record_kind), whatever their order; of several results the first, of
// several failures the latest.
// Not thread-safe; belongs to whoever folds.
#pragma once

#include "proctor/core/histogram.hpp"
#include "proctor/core/types.hpp"

#include <cstdint>
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
    std::string error_kind; // of a failed one
    bool refused = false;   // of a failed one: not to be tried again

    outcome() = default;
    outcome(record_kind kind, question_id question) : kind(kind), question(question) {}
};

// A set of question numbers; one bit each.
class question_set {
public:
    bool contains(question_id) const;
    bool insert(question_id); // false if it was there
    bool erase(question_id);  // false if it was not
    std::uint64_t size() const { return size_; }

private:
    std::vector<std::uint64_t> words_;
    std::uint64_t size_ = 0;
};

// Marks of a group of questions.
struct tally {
    std::uint64_t marked = 0;
    std::uint64_t unmarked = 0;
    double score = 0; // sum over the marked ones

    double accuracy() const { return marked ? score / double(marked) : 0; }
};

class ledger {
public:
    void apply(const outcome&);

    bool completed(question_id id) const { return completed_.contains(id); }
    bool answered(question_id id) const { return answered_.contains(id); } // and not completed
    // Given up for now; `refused` ones are not tried again by themselves.
    bool failed(question_id id) const { return failed_.contains(id); }
    bool refused(question_id id) const { return refused_.contains(id); }

    std::uint64_t completed_count() const { return completed_.size(); }
    std::uint64_t answered_count() const { return answered_.size(); }
    std::uint64_t failed_count() const { return failed_.size(); }
    std::uint64_t refused_count() const { return refused_.size(); }

    const tally& overall() const { return overall_; }
    const tally& of(question_format) const;
    const std::map<std::string, tally, std::less<>>& by_category() const { return by_category_; }
    std::map<std::string, std::uint64_t> failures_by_kind() const;
    const histogram& latencies() const { return latencies_; }
    token_usage usage() const { return usage_; }         // superseded records included
    std::uint64_t attempts() const { return attempts_; } // requests sent, retries included
    std::uint64_t truncated_count() const { return truncated_; }
    std::uint64_t no_choice_count() const { return no_choice_; }

private:
    question_set completed_, answered_, failed_, refused_;
    std::unordered_map<question_id, std::string> failure_kinds_; // of failed_
    tally overall_, multiple_choice_, free_text_;
    std::map<std::string, tally, std::less<>> by_category_;
    histogram latencies_;
    token_usage usage_;
    std::uint64_t attempts_ = 0, truncated_ = 0, no_choice_ = 0;
};

} // namespace proctor
