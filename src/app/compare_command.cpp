// Two runs beside each other, on the questions that both have marked. One pass over both in order
// of question: memory does not grow with them.
#include "proctor/app/compare_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/standard_output.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/statistics.hpp"
#include "proctor/pipeline/progress.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace proctor {
namespace {

namespace json = boost::json;

// The marks of a run, question by question.
class marks_of_run {
public:
    explicit marks_of_run(const run_view& run) : run_(run), records_(run.records()) { advance(); }

    struct mark {
        question_id question = 0;
        double mean = 0; // over the repeats that are marked
    };
    // The next question with a mark; nothing at the end.
    std::optional<mark> next() {
        mark found;
        double sum = 0;
        std::uint64_t count = 0;
        for (; score_ && (count == 0 || score_->question == found.question); advance()) {
            found.question = score_->question;
            sum += score_->mean;
            ++count;
        }
        if (count == 0) return std::nullopt;
        found.mean = sum / double(count);
        return found;
    }

private:
    // To the next record that has a score.
    void advance() {
        score_.reset();
        while (!score_) {
            const auto entry = records_.next();
            if (!entry) throw storage_trouble(entry.error(), run_.directory());
            if (!*entry) return;
            const auto& record = (*entry)->record;
            if (record.kind != record_kind::result) continue;
            const auto what = read_outcome(record);
            if (!what) throw storage_trouble(what.error(), run_.directory());
            if (what->score) score_ = mark{record.question_number(), *what->score};
        }
    }

    const run_view& run_;
    run_cursor records_;
    std::optional<mark> score_; // of one record
};

paired_marks pair_marks(const run_view& first, const run_view& second) {
    paired_marks pairs;
    marks_of_run ones(first), others(second);
    auto one = ones.next();
    auto other = others.next();
    while (one && other) {
        if (one->question == other->question) pairs.add(one->mean, other->mean);
        const auto reached = std::max(one->question, other->question);
        if (one->question < reached) {
            one = ones.next();
        } else if (other->question < reached) {
            other = others.next();
        } else {
            one = ones.next();
            other = others.next();
        }
    }
    return pairs;
}

// Numbers of questions mean the same only in the same question file.
void require_same_questions(const run_view& first, const run_view& second) {
    const auto questions_of = [](const run_view& run) {
        json::object only;
        if (const auto* found = run.identity().settings.if_contains("questions"))
            only["questions"] = *found;
        return only;
    };
    const auto different = differences(questions_of(first), questions_of(second));
    if (different.empty()) return;
    throw cannot_start{exit_run_unusable,
                       {fmt::format("{} and {} are runs of different questions", first.directory(),
                                    second.directory())}};
}

json::object comparison_json(const run_view& first, const run_view& second,
                             const paired_marks& pairs) {
    const auto run = [](const run_view& of, double accuracy) {
        return json::object{
            {"run", of.directory()}, {"model", model_of(of.identity())}, {"accuracy", accuracy}};
    };
    const auto range = pairs.difference_interval();
    json::object object;
    object["questions"] = pairs.questions();
    object["first"] = run(first, pairs.first_mean());
    object["second"] = run(second, pairs.second_mean());
    object["difference"] = pairs.difference();
    object["interval_95"] = {range.low, range.high};
    object["only_first_right"] = pairs.only_first_right();
    object["only_second_right"] = pairs.only_second_right();
    object["mcnemar_p"] = pairs.mcnemar_p();
    return object;
}

std::string comparison_text(const run_view& first, const run_view& second,
                            const paired_marks& pairs) {
    const auto range = pairs.difference_interval();
    return fmt::format("{} questions are marked in both\n"
                       "  first   {:>6.1f}%  {}  {}\n"
                       "  second  {:>6.1f}%  {}  {}\n"
                       "Difference: {:+.1f} points, 95 % interval {:+.1f} to {:+.1f}\n"
                       "Only the first right: {}; only the second: {}; McNemar's exact test: p = "
                       "{:.3g}\n",
                       thousands(pairs.questions()), 100 * pairs.first_mean(),
                       model_of(first.identity()), first.directory(), 100 * pairs.second_mean(),
                       model_of(second.identity()), second.directory(), 100 * pairs.difference(),
                       100 * range.low, 100 * range.high, thousands(pairs.only_first_right()),
                       thousands(pairs.only_second_right()), pairs.mcnemar_p());
}

} // namespace

int compare_command(const compare_options& options) {
    posix_file_system disk;
    const auto first = open_named_run(disk, options.runs.at(0));
    const auto second = open_named_run(disk, options.runs.at(1));
    require_same_questions(first, second);
    const auto pairs = pair_marks(first, second);
    if (pairs.questions() == 0)
        throw cannot_start{exit_run_unusable, {"there is no question that both runs have marked"}};
    print(options.as_json ? json_text(comparison_json(first, second, pairs)) + "\n"
                          : comparison_text(first, second, pairs));
    return exit_complete;
}

} // namespace proctor
