// One pass over the records and the question file side by side: both are in order of question.
#include "proctor/app/regrade.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/choice_shuffle.hpp"
#include "proctor/eval/dataset.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

constexpr std::string_view regraded_from = "regraded_from";

std::uint64_t answers_of(const run_view& run) {
    return run.counted().completed_count() + run.counted().answered_count();
}

// The run that a regraded one took its answers from, if it is still beside it.
std::optional<std::string> origin_of(file_system& disk, const run_view& run) {
    const auto* from = run.identity().about.if_contains(regraded_from);
    const auto* id = from && from->is_object() ? from->get_object().if_contains("run_id") : nullptr;
    if (!id) return std::nullopt;
    const auto listing = list_runs(disk, parent_path(run.directory()));
    if (!listing) return std::nullopt;
    for (const auto& other : listing->runs)
        if (*id == json::value(to_hex(other.identity.id))) return other.directory;
    return std::nullopt;
}

// Asked for in ascending order.
class questions_in_order {
public:
    explicit questions_in_order(question_reader reader) : reader_(std::move(reader)) {}

    result<question> find(question_id wanted) {
        while (!held_ || held_->number < wanted) {
            while (reader_.next_number() < wanted && reader_.skip()) {
            }
            auto next = reader_.next();
            if (!next) break;
            if (*next)
                held_ = std::move(**next);
            else if (next->error().code == failure_code::io_error)
                return next->error();
        }
        if (!held_ || held_->number != wanted)
            return failure{failure_code::damaged, fmt::format("question {}", wanted),
                           "the run has an answer to it, and the question file has no such "
                           "question"};
        return *held_;
    }

private:
    question_reader reader_;
    std::optional<question> held_;
};

class regrading {
public:
    regrading(const run_view& source, run_builder& into, question_reader questions,
              const grader& marks)
        : source_(source), into_(into), questions_(std::move(questions)), marks_(marks),
          shuffle_seed_(shuffle_seed_of(source.identity().settings)) {}

    result<regrade_report> all() {
        const auto copied = source_.each_record([this](const record_view& record) {
            const bool has_answer =
                record.kind == record_kind::result || record.kind == record_kind::answered;
            return has_answer ? mark(record) : keep(record);
        });
        if (!copied) return copied.error();
        auto superseded = source_.counted().total_spending();
        if (auto done = into_.finish(superseded -= taken_.total_spending()); !done)
            return done.error();
        return report_;
    }

private:
    result<> keep(const record_view& record) {
        report_.failed += record.kind == record_kind::failed;
        return add(record);
    }

    result<> mark(const record_view& record) {
        auto asked = questions_.find(record.question_number());
        if (!asked) return asked.error();
        asked->repeat = static_cast<std::uint16_t>(record.repeat());
        asked->repeats = std::max<std::uint16_t>(record.repeats, 1);
        if (shuffle_seed_) shuffle_choices(*asked, *shuffle_seed_);
        const auto said = read_answer(record.body);
        if (!said) return said.error();
        const auto begin = std::chrono::steady_clock::now();
        if (auto grade = marks_.mark_at_once(*asked, *said)) {
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            grade->evaluation_seconds = took.count();
            const auto body = result_body(*asked, *said, *grade);
            if (body.size() <= max_record_body) {
                ++report_.marked;
                return add(record_of(record_kind::result, *asked, body));
            }
        }
        ++report_.waiting;
        const auto body = answered_body(*asked, *said);
        return add(record_of(record_kind::answered, *asked, body));
    }

    result<> add(const record_view& record) {
        const auto what = read_outcome(record);
        if (!what) return what.error();
        taken_.apply(*what);
        return into_.add(record);
    }

    const run_view& source_;
    run_builder& into_;
    questions_in_order questions_;
    const grader& marks_;
    const std::optional<std::uint64_t> shuffle_seed_;
    ledger taken_; // for what is spent beyond it
    regrade_report report_;
};

} // namespace

bool is_regraded(const run_identity& identity) {
    return identity.about.contains(regraded_from);
}

std::string find_regrade_source(file_system& disk, const std::string& path) {
    auto run = open_named_run(disk, path);
    while (const auto origin = origin_of(disk, run)) {
        auto before = open_run_view(disk, *origin);
        if (answers_of(before) < answers_of(run)) break;
        run = std::move(before);
    }
    if (answers_of(run) == 0)
        throw cannot_start{exit_run_unusable,
                           {run.directory() + ": there is no answer in this run yet"}};
    return run.directory();
}

void mark_as_regraded(run_identity& identity, const run_view& source) {
    identity.about[regraded_from] = {{"run", source.directory()},
                                     {"run_id", to_hex(source.identity().id)}};
}

void forget_regrading(run_identity& identity) {
    identity.about.erase(regraded_from);
}

std::string regrade_mark(const run_view& source, const config& used) {
    auto mark = fmt::format("answers of run {} up to record {}", to_hex(source.identity().id),
                            source.found().next_lsn - 1);
    if (!used.questions_keep.empty())
        mark += fmt::format(", with {}", fmt::join(used.questions_keep, ", "));
    return mark;
}

result<regrade_report> mark_again(const run_view& source, run_builder& into, const config& used,
                                  const question_index& index, const grader& marks) {
    auto questions = question_reader::open(used.questions_file, index, {}, fields_of(used));
    if (!questions) return questions.error();
    return regrading(source, into, std::move(*questions), marks).all();
}

} // namespace proctor
