// The same prompt, client and grader as a run has; only its log, its retries and its patience are
// left out.
#include "proctor/app/dry_run.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/question_spool.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/eval/choice_shuffle.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/pipeline/progress.hpp"
#include "proctor/pipeline/scheduler.hpp"

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

namespace proctor {
namespace {

void show(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout); // a reply may take its time
}

// There is one: the census has counted it. Without a seed of its own a run draws one: any will do
// here.
question first_chosen(const config& used, const question_index& index) {
    auto settings = identity_settings(used, index.census);
    give_seed(settings, 0);
    const auto chosen = selection_of(settings);
    const auto shuffle_seed = shuffle_seed_of(settings);
    auto questions = question_reader::open(questions_path(used), index, {}, fields_of(used));
    if (!questions) throw usage_error(questions.error());
    std::uint64_t seen = 0;
    while (auto next = questions->next()) {
        if (*next && chosen.contains(++seen)) {
            if (shuffle_seed) shuffle_choices(**next, *shuffle_seed);
            return std::move(**next);
        }
        if (!*next && next->error().code == failure_code::io_error)
            throw usage_error(next->error());
    }
    throw cannot_start{exit_usage,
                       {questions_name(used.questions_file) + ": no question is selected"}};
}

std::string counts_text(const config& used, const question_census& census) {
    auto text = fmt::format("Questions: {} in {}", thousands(census.questions),
                            questions_name(used.questions_file));
    if (census.broken > 0) text += fmt::format(" ({} records are none)", thousands(census.broken));
    if (const auto count = selected_count(used, census); count < census.questions)
        text += fmt::format("; {} are selected", thousands(count));
    if (const auto& part = used.processing.shard; !part.empty())
        text += fmt::format("; shard {} puts {} of them", part,
                            thousands(task_count(used, census) / used.processing.repeats));
    if (const auto repeats = used.processing.repeats; repeats > 1)
        text += fmt::format("; each is asked {} times", repeats);
    return text + "\n";
}

// What of a request follows from the configuration; no value of a header is shown.
std::string request_text(const rehearsal& what, std::size_t which, const question& asked) {
    const auto& model = what.used.model;
    auto text = fmt::format("POST {}{}\nContent-Type: application/json\n",
                            what.endpoint_names[which], path_of(what.prompt.spoken));
    const bool replaced =
        std::any_of(model.headers.begin(), model.headers.end(), [](const auto& header) {
            return boost::algorithm::iequals(header.first, "authorization");
        });
    if (!model.api_key.text.empty() && !replaced) text += "Authorization: Bearer ***\n";
    for (const auto& [name, value] : model.headers) text += name + ": ***\n";
    return text + "\n" + what.secrets.clean(what.models[which].request_body(asked)) + "\n";
}

std::string reply_text(const answer& said) {
    auto text = fmt::format("Reply ({:.2f} s, {} + {} tokens, finish_reason {}):\n{}\n\n",
                            said.model_seconds, thousands(said.usage.prompt),
                            thousands(said.usage.completion),
                            said.finish_reason.empty() ? "none" : said.finish_reason, said.text);
    if (!said.reasoning.empty()) text += fmt::format("Its reasoning:\n{}\n\n", said.reasoning);
    return text;
}

std::string marking_text(const question& asked, const grade& mark) {
    const auto score = mark.score ? fmt::format("score {:g}", *mark.score) : "unmarked";
    return fmt::format("Marking: {} ({}: {}); the reference answer is {}\n", score,
                       to_string(asked.format), mark.reasoning, asked.reference_answer);
}

rehearsal_end end_of(const attempt_failure& failed) {
    random_engine unused;
    const auto decision = decide_retry(failed, attempts_so_far(), retry_policy(), unused);
    const auto why = failed.why.message();
    switch (decision.what) {
    case retry_decision::action::stop_run:
        return {exit_endpoint_refused, "the endpoint refuses us: " + why};
    case retry_decision::action::fail_question:
        return {exit_some_failed, "the endpoint refuses this question: " + why};
    case retry_decision::action::retry:
    case retry_decision::action::wait: break;
    }
    return {exit_endpoint_away, "the endpoint gives no answer (a run would try again): " + why};
}

} // namespace

asio::awaitable<rehearsal_end> dry_run(rehearsal what) {
    const auto asked = first_chosen(what.used, what.index);
    show(counts_text(what.used, what.index.census) + "Run: " + what.prospect + "\n");

    const auto limit = group_settings().longest_probe;
    std::optional<std::size_t> there;
    std::optional<attempt_failure> missing;
    for (std::size_t i = 0; i < what.models.size(); ++i) {
        const auto found = co_await probe_in_time(what.models[i], what.time, limit);
        show(fmt::format("Endpoint: {}: {}\n", what.endpoint_names[i],
                         found ? "there" : found.error().why.message()));
        if (found && !there) there = i;
        if (found) continue;
        missing = found.error();
        const auto end = end_of(*missing);
        if (end.status == exit_endpoint_refused) co_return end;
    }
    if (!there) co_return end_of(*missing);

    show(fmt::format("\nFirst prompt (question {}, line {}):\n{}\n\nRequest:\n{}\n", asked.number,
                     asked.line, build_prompt(asked, what.prompt),
                     request_text(what, *there, asked)));
    auto reply = co_await what.models[*there].ask(asked);
    if (!reply) co_return end_of(reply.error());
    show(what.secrets.clean(reply_text(reply->said)));
    auto mark = what.marks.mark_at_once(asked, reply->said);
    if (!mark) {
        auto given = co_await what.marks.mark(asked, reply->said);
        if (!given)
            co_return rehearsal_end{exit_some_failed,
                                    "the answer is not marked: " + given.error().message()};
        mark = std::move(*given);
    }
    show(marking_text(asked, *mark) + "\nNothing else was sent, and nothing is kept.\n");
    co_return rehearsal_end{exit_complete, {}};
}

} // namespace proctor
