// Ledger to text and JSON.
#include "proctor/app/report.hpp"

#include "proctor/app/accuracy_figures.hpp"
#include "proctor/pipeline/progress.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;

void add_row(std::string& out, std::string_view name, const group_accuracy& group) {
    const auto& marks = group.marks;
    if (marks.marked + marks.unmarked == 0) return;
    if (marks.marked == 0) {
        fmt::format_to(std::back_inserter(out), "  {:<24}{:>9}  {:>8}\n", name, 0, "unmarked");
        return;
    }
    fmt::format_to(std::back_inserter(out), "  {:<24}{:>9}  {:>7.1f}%  {:>5.1f}% to {:.1f}%\n",
                   name, thousands(marks.marked), 100 * marks.accuracy(), 100 * group.range.low,
                   100 * group.range.high);
}

std::string whole_or_fraction(double value) {
    return value == static_cast<double>(static_cast<std::uint64_t>(value))
               ? fmt::format("{:.0f}", value)
               : fmt::format("{:.1f}", value);
}

void add_accuracy(std::string& out, std::string_view name, const tally& group) {
    if (group.marked == 0) return;
    fmt::format_to(std::back_inserter(out), "{} Accuracy: {:.3f} ({}/{})\n", name, group.accuracy(),
                   whole_or_fraction(group.score()), group.marked);
}

json::object group_json(const group_accuracy& group) {
    const auto& marks = group.marks;
    json::object object;
    object["marked"] = marks.marked;
    object["unmarked"] = marks.unmarked;
    object["score"] = marks.score();
    object["accuracy"] = marks.marked ? json::value(marks.accuracy()) : json::value(nullptr);
    object["interval_95"] =
        marks.marked ? json::value{group.range.low, group.range.high} : json::value(nullptr);
    return object;
}

// Requests beyond the first one for a question.
std::uint64_t retries_of(const ledger& counted) {
    const auto asked =
        counted.completed_count() + counted.answered_count() + counted.failed_count();
    return counted.attempts() - std::min(counted.attempts(), asked);
}

// "429 12, connection_lost 3; outages: 1, 20.4 s without any endpoint"
std::string troubles_text(const group_figures& figures) {
    std::vector<std::string> kinds;
    for (const auto& [kind, count] : figures.troubles)
        kinds.push_back(fmt::format("{} {}", kind, thousands(count)));
    auto text = fmt::format("{}", fmt::join(kinds, ", "));
    if (figures.outages)
        text += fmt::format("; outages: {}, {:.1f} s without any endpoint", figures.outages,
                            std::chrono::duration<double>(figures.away).count());
    if (figures.pauses) text += fmt::format("; pauses asked for: {}", figures.pauses);
    return text;
}

} // namespace

std::string summary_text(const ledger& counted, const run_figures& figures) {
    std::string out;
    const auto line = [&]<class... Values>(fmt::format_string<Values...> format,
                                           Values&&... values) {
        fmt::format_to(std::back_inserter(out), format, std::forward<Values>(values)...);
        out += '\n';
    };
    const auto marks = accuracy_of(counted, figures.total, figures.repeats.get());
    line("{} of {} {}", thousands(counted.completed_count()), thousands(figures.total),
         figures.repeats ? "results are there" : "questions have a result");
    line("  {:<24}{:>9}  {:>8}  {}", "", "marked", "accuracy", "95 % interval");
    add_row(out, "all", marks.overall);
    const auto& choice = counted.of(question_format::multiple_choice);
    const auto& text = counted.of(question_format::free_text);
    if (choice.marked + choice.unmarked > 0 && text.marked + text.unmarked > 0) {
        add_row(out, "multiple choice", marks.multiple_choice);
        add_row(out, "free text", marks.free_text);
    }
    for (const auto& [name, group] : marks.by_category) add_row(out, name, group);
    if (figures.repeats) out += repeats_text(*figures.repeats);

    if (counted.overall().unmarked)
        line("Unmarked: {} ({}; they count neither way)", thousands(counted.overall().unmarked),
             figures.model_marks ? "the grader gave no verdict: each result says why"
                                 : "no number, no short answer to compare with");
    if (counted.overall().marked > 0 && counted.overall().marked < figures.total) {
        const auto& [worst, range] = marks.at_worst;
        line("If all without a mark were wrong: {:.1f}%  {:.1f}% to {:.1f}%",
             100 * worst.accuracy(), 100 * range.low, 100 * range.high);
    }
    const auto* answers = answers_known(counted, figures.answers.get());
    if (answers && choice.marked > 0) out += choices_text(*answers);
    if (counted.no_choice_count())
        line("No choice named: {} ({})", thousands(counted.no_choice_count()),
             figures.model_marks ? "by extraction; the grader marked them" : "scored 0");
    if (counted.truncated_count())
        line("Cut off by max_tokens: {}", thousands(counted.truncated_count()));
    if (answers) out += lengths_text(*answers);
    if (counted.answered_count())
        line("Answered, not marked yet: {} (the same command marks them)",
             thousands(counted.answered_count()));
    if (counted.failed_count()) {
        std::vector<std::string> kinds;
        for (const auto& [kind, count] : counted.failures_by_kind())
            kinds.push_back(fmt::format("{} {}", kind, thousands(count)));
        line("Failed: {} ({}){}", thousands(counted.failed_count()), fmt::join(kinds, ", "),
             figures.only_marks ? "; they have no answer to mark"
             : counted.refused_count() < counted.failed_count()
                 ? "; the same command tries them again"
                 : "; refused for good (--retry-refused asks again)");
    }
    const auto usage = counted.usage();
    line("Tokens: {} prompt, {} completion", thousands(usage.prompt), thousands(usage.completion));
    if (const auto cost = cost_text(usage, figures.prices); !cost.empty()) line("Cost: {}", cost);
    const auto& times = counted.latencies();
    if (times.count())
        line("Latency: p50 {:.3f} s, p95 {:.3f} s, p99 {:.3f} s", times.quantile(0.5),
             times.quantile(0.95), times.quantile(0.99));
    line("Requests: {}, of which {} retries in this session, over {} connections",
         thousands(counted.attempts()), thousands(figures.retries),
         thousands(figures.connections.opened));
    if (const auto troubles = troubles_text(figures.endpoints); !troubles.empty())
        line("Trouble in this session: {}", troubles);
    const auto& log = figures.checkpoints;
    line("Checkpoints: {} syncs, {:.1f} MB, {:.2f} s of a thread of their own",
         thousands(log.syncs), double(log.bytes) / 1e6,
         std::chrono::duration<double>(log.disk_time).count());
    const auto put = counted.completed_count() - figures.completed_before;
    if (put > 0 && figures.session_seconds > 0)
        line("This session: {} questions in {}, {:.1f} questions/s", thousands(put),
             clock_time(figures.session_seconds), double(put) / figures.session_seconds);
    return out;
}

std::string accuracy_lines(const ledger& counted) {
    std::string out;
    add_accuracy(out, "Overall", counted.overall());
    add_accuracy(out, "MC", counted.of(question_format::multiple_choice));
    add_accuracy(out, "QA", counted.of(question_format::free_text));
    if (out.empty()) out = "Overall Accuracy: nothing was marked\n";
    return out;
}

json::object figures_json(const ledger& counted, std::uint64_t total, const price_list& prices,
                          const repeat_statistics* repeats, const answer_figures* read) {
    const auto marks = accuracy_of(counted, total, repeats);
    json::object categories;
    for (const auto& [name, group] : marks.by_category) categories[name] = group_json(group);
    json::object failures;
    for (const auto& [kind, count] : counted.failures_by_kind()) failures[kind] = count;
    const auto& times = counted.latencies();
    json::object object;
    object["total_questions"] = repeats ? total / repeats->repeats() : total;
    object["completed"] = counted.completed_count();
    object["answered"] = counted.answered_count();
    object["failed"] = counted.failed_count();
    object["refused"] = counted.refused_count();
    object["failures_by_kind"] = std::move(failures);
    object["overall"] = group_json(marks.overall);
    object["multiple_choice"] = group_json(marks.multiple_choice);
    object["free_text"] = group_json(marks.free_text);
    object["by_category"] = std::move(categories);
    object["if_unmarked_were_wrong"] = marks.at_worst.marks.marked
                                           ? json::value(group_json(marks.at_worst))
                                           : json::value(nullptr);
    object["repeats"] = repeats ? repeats_json(*repeats) : json::value(nullptr);
    const auto* answers = answers_known(counted, read);
    object["choices"] = answers ? choices_json(*answers) : json::value(nullptr);
    object["no_choice"] = counted.no_choice_count();
    object["truncated"] = counted.truncated_count();
    object["answer_characters"] = answers ? lengths_json(answers->lengths) : json::value(nullptr);
    object["reasoning_characters"] =
        answers ? lengths_json(answers->reasoning) : json::value(nullptr);
    object["prompt_tokens"] = counted.usage().prompt;
    object["completion_tokens"] = counted.usage().completion;
    object["cost"] = cost_json(counted.usage(), prices);
    object["requests"] = counted.attempts();
    object["retries"] = retries_of(counted);
    object["latency_seconds"] = nullptr;
    if (times.count())
        object["latency_seconds"] = {{"p50", times.quantile(0.5)},
                                     {"p95", times.quantile(0.95)},
                                     {"p99", times.quantile(0.99)}};
    return object;
}

json::object session_json(const ledger& counted, const run_figures& figures) {
    const auto put = counted.completed_count() - figures.completed_before;
    json::object troubles;
    for (const auto& [kind, count] : figures.endpoints.troubles) troubles[kind] = count;
    json::object object;
    object["questions"] = put;
    object["seconds"] = figures.session_seconds;
    object["questions_per_second"] = put > 0 && figures.session_seconds > 0
                                         ? json::value(double(put) / figures.session_seconds)
                                         : json::value(nullptr);
    object["retries"] = figures.retries;
    object["troubles"] = std::move(troubles);
    object["outages"] = figures.endpoints.outages;
    return object;
}

} // namespace proctor
