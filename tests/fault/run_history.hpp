// What was submitted to a run, and what that comes to: the oracle that the store is held to. It
// knows the ranks of records by itself and asks the store for nothing.
#pragma once

#include "proctor/codec/json_fields.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/storage/run_view.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::test {

struct violation {
    std::string what;
};

inline void must(bool holds, const char* what) {
    if (!holds) throw violation{what};
}

template <class T>
void must_succeed(const result<T>& done, const char* what) {
    if (!done) throw violation{fmt::format("{}: {}", what, done.error().message())};
}

struct submitted_record {
    std::string bytes;
    outcome what;
};

// A record of some kind about a question, with every field that the ledger reads; the same for the
// same random numbers.
inline submitted_record draw_record(record_kind kind, question_id id, random_engine& random) {
    // Letters that do not compress to nothing.
    static const std::string letters = [] {
        random_engine drawn(1);
        std::string text(1 << 16, ' ');
        for (char& c : text) c = "abcdefghijklmnopqrstuvwxyz012345"[drawn() % 32];
        return text;
    }();
    const auto some_text = [&](std::size_t most) {
        return letters.substr(below(letters.size() - most, random), below(most, random));
    };
    question asked;
    asked.number = id;
    asked.text = some_text(40);
    asked.category = id % 3 == 0 ? "" : fmt::format("category {}", id % 3);
    asked.format = id % 2 == 0 ? question_format::multiple_choice : question_format::free_text;
    answer said;
    said.text = some_text(below(8, random) == 0 ? 6000 : 200); // more than a page, at times
    said.finish_reason = below(8, random) == 0 ? "length" : "stop";
    said.usage = {below(100, random), below(100, random)};
    said.model_seconds = double(below(1000, random)) / 8;
    said.attempts = static_cast<std::uint32_t>(1 + below(3, random));

    const auto made = [&](const std::string& body, outcome what) {
        return submitted_record{make_raw_record(id, body, kind), std::move(what)};
    };
    switch (kind) {
    case record_kind::session:
        return made(fmt::format("{{\"event\": \"begun\", \"note\": \"{}\"}}", asked.text),
                    outcome(kind, id));
    case record_kind::answered: return made(answered_body(asked, said), outcome_of(asked, said));
    case record_kind::result: {
        grade mark;
        if (below(4, random) != 0) mark.score = double(below(5, random)) / 4;
        if (below(4, random) != 0) mark.model_choice = "A";
        return made(result_body(asked, said, mark), outcome_of(asked, said, mark));
    }
    case record_kind::failed: break;
    }
    question_failure why;
    why.kind = below(2, random) == 0 ? "timed_out" : "http_status";
    why.message = some_text(60);
    why.refused = below(4, random) == 0;
    why.attempts = said.attempts;
    return made(failed_body(asked, why), outcome_of(asked, why));
}

// By LSN, from 1. Copies share the records.
class run_history {
public:
    lsn size() const { return records_.size(); }
    const submitted_record& at(lsn number) const { return *records_.at(number - 1); }

    void submit(submitted_record record) {
        records_.push_back(std::make_shared<const submitted_record>(std::move(record)));
    }
    // What came behind was lost.
    void cut_to(lsn last) {
        if (folded_to_ > last) folded_.reset();
        records_.resize(last);
    }

    bool completed(question_id id) const {
        for (const auto& record : records_)
            if (record->what.question == id && record->what.kind == record_kind::result)
                return true;
        return false;
    }

    // The fold over the records up to `last`, until the next call.
    const ledger& fold(lsn last) const {
        if (folded_ && folded_to_ == last) return *folded_;
        auto counted = std::make_shared<ledger>();
        for (lsn number = 1; number <= last; ++number) counted->apply(at(number).what);
        folded_ = std::move(counted);
        folded_to_ = last;
        return *folded_;
    }

    // Which of the records up to `last` count, as a cursor shows them: sessions, then questions.
    std::vector<lsn> counting(lsn last) const {
        std::vector<lsn> numbers;
        std::map<question_id, lsn> of_question;
        for (lsn number = 1; number <= last; ++number) {
            const auto& what = at(number).what;
            if (what.kind == record_kind::session) {
                numbers.push_back(number);
                continue;
            }
            auto& best = of_question[what.question];
            if (best == 0 || counts_over(what.kind, at(best).what.kind)) best = number;
        }
        for (const auto& [question, number] : of_question) numbers.push_back(number);
        return numbers;
    }

private:
    // Of several results the first, of the others the latest.
    static bool counts_over(record_kind later, record_kind earlier) {
        if (earlier == record_kind::result) return false;
        return later == record_kind::result || later == record_kind::answered ||
               earlier == record_kind::failed;
    }

    std::vector<std::shared_ptr<const submitted_record>> records_;
    mutable std::shared_ptr<const ledger> folded_; // most folds are asked for again
    mutable lsn folded_to_ = 0;
};

// Whether two ledgers tell the same; a kind of failure that no question has any more says nothing.
inline bool tell_the_same(const ledger& a, const ledger& b) {
    const auto failures_within = [](const ledger_state& all, const ledger_state& some) {
        for (const auto& [kind, questions] : some.failed_by_kind) {
            const auto other = all.failed_by_kind.find(kind);
            if (other == all.failed_by_kind.end() ? questions.size() > 0
                                                  : other->second != questions)
                return false;
        }
        return true;
    };
    const auto& x = a.state();
    const auto& y = b.state();
    return x.completed == y.completed && x.answered == y.answered && x.failed == y.failed &&
           x.refused == y.refused && failures_within(x, y) && failures_within(y, x) &&
           x.answers == y.answers && x.spent == y.spent && x.overall == y.overall &&
           x.multiple_choice == y.multiple_choice && x.free_text == y.free_text &&
           x.by_category == y.by_category && x.latencies == y.latencies &&
           x.truncated == y.truncated && x.no_choice == y.no_choice &&
           x.answers_said == y.answers_said && a.total_spending() == b.total_spending();
}

// What a reader of the run is shown, against what was submitted. Returns how many records survived;
// a failure if something cannot be read.
inline result<lsn> read_through(const run_view& view, const run_history& past) {
    const auto last = view.found().next_lsn - 1;
    must(last <= past.size(), "records were found that nobody submitted");
    must(tell_the_same(view.counted(), past.fold(last)),
         "the figures are not those of the records");

    auto cursor = view.records();
    const auto expected = past.counting(last);
    for (const auto number : expected) {
        const auto entry = cursor.next();
        if (!entry) return entry.error();
        must(entry->has_value(), "a record is missing");
        if ((*entry)->number != number)
            throw violation{fmt::format("record {} is shown, {} counts", (*entry)->number, number)};
        must((*entry)->record.bytes == past.at(number).bytes, "a record is not what was submitted");
    }
    const auto end = cursor.next();
    if (!end) return end.error();
    must(!end->has_value(), "a record is shown that does not count");

    if (last % 4 != 1) return last; // a look now and then at how one is found
    const auto& some = past.at(expected.back());
    if (some.what.kind == record_kind::session) return last;
    const auto body = view.find(some.what.question);
    if (!body) return body.error();
    must(*body && some.bytes.ends_with(**body), "a question is found with another record");
    return last;
}

inline result<lsn> look_at_run(memory_file_system& disk, const std::string& directory,
                               const run_history& past) {
    const auto view = run_view::open(disk, directory);
    if (!view) return view.error();
    return read_through(*view, past);
}

} // namespace proctor::test
