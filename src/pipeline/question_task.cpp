// From a question to its record: asked, marked, appended.
#include "proctor/pipeline/question_task.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/sha256.hpp"

#include <fmt/format.h>

#include <utility>

namespace proctor {
namespace {

void append_failure(task_context& run, const question& asked, const question_failure& why) {
    const auto body = failed_body(asked, why);
    run.log.append(record_of(record_kind::failed, asked, body), outcome_of(asked, why));
    ++run.figures.ended;
    ++run.figures.failed;
}

// What no record can hold is told by its length and digest, never cut in silence.
question_failure too_large(std::string_view body) {
    question_failure why;
    why.kind = "answer_too_large";
    why.message =
        fmt::format("the record of {} bytes (SHA-256 {}) is more than the {} that one may have",
                    body.size(), sha256_hex(body), max_record_body);
    why.refused = true;
    return why;
}

// The model's answer; nothing if the question was given up (and its failure appended) or the run
// is to stop.
asio::awaitable<std::optional<answer>> ask(task_context& run, const question& asked) {
    const asked_model model{run.time,    run.models,   run.endpoints, run.control, run.random,
                            run.retries, run.on_retry, run.figures,   {}};
    auto outcome = co_await ask_until_answered(model, asked);
    if (outcome.gave_up) append_failure(run, asked, *outcome.gave_up);
    co_return std::move(outcome.said);
}

// The answer that an earlier run was given and could not mark any more.
asio::awaitable<std::optional<answer>> recall(task_context& run, question_id id) {
    const auto body = co_await run.log.read_body(id);
    auto said = body ? read_answer(*body) : result<answer>(body.error());
    if (!said) {
        run.control.stop({stop_cause::storage, 0, said.error()});
        co_return std::nullopt;
    }
    co_return std::move(*said);
}

// True once the answer is safe: from here on only its marking can be lost.
bool append_answer(task_context& run, const question& asked, const answer& said) {
    const auto body = answered_body(asked, said);
    if (body.size() > max_record_body) {
        append_failure(run, asked, too_large(body));
        return false;
    }
    run.log.append(record_of(record_kind::answered, asked, body), outcome_of(asked, said));
    return true;
}

// Who waits for the grader needs no turn of the model.
asio::awaitable<result<grade>> mark_while_resting(task_context& run, const question& asked,
                                                  const answer& said) {
    ++run.figures.resting;
    const counted_until_end resting(run.figures.resting, run.control);
    run.control.changed().notify();
    co_return co_await run.marks.mark(asked, said);
}

double seconds_between(time_point begin, time_point end) {
    return std::chrono::duration<double>(end - begin).count();
}

std::size_t bytes_of(const question& asked, const answer& said) {
    return bytes_of(asked) + said.text.size() + said.reasoning.size();
}

// Marking and serialization are a third of what a question costs; where nothing of them is needed
// on the network's thread, they are left to the disk's.
bool can_be_marked_later(const task_context& run, const question& asked, const answer& said) {
    constexpr std::size_t surely_fits = max_record_body / 16; // a byte is six when it is escaped
    return !run.marks.sends_requests() && !run.on_result && bytes_of(asked, said) <= surely_fits;
}

void append_for_marking(task_context& run, question asked, answer said) {
    // Until it is made, it waits with all that surrounds its text.
    const auto bytes = bytes_of(asked, said) + sizeof asked + sizeof said;
    run.log.append(
        [&marks = std::as_const(run.marks), asked = std::move(asked), said = std::move(said)] {
            const auto begin = std::chrono::steady_clock::now();
            auto mark = marks.mark_at_once(asked, said).value();
            mark.evaluation_seconds = seconds_between(begin, std::chrono::steady_clock::now());
            return made_record{record_of(record_kind::result, asked, {}),
                               result_body(asked, said, mark), outcome_of(asked, said, mark)};
        },
        bytes);
    ++run.figures.ended;
}

void append_result(task_context& run, const question& asked, const answer& said,
                   const grade& mark) {
    const auto body = result_body(asked, said, mark);
    if (body.size() > max_record_body) {
        append_failure(run, asked, too_large(body));
        return;
    }
    run.log.append(record_of(record_kind::result, asked, body), outcome_of(asked, said, mark));
    ++run.figures.ended;
    if (run.on_result) run.on_result(asked, said, mark);
}

} // namespace

std::size_t bytes_of(const question& asked) {
    auto bytes = asked.text.size() + asked.reference_answer.size() + asked.context.size() +
                 asked.kept.size();
    for (const auto& choice : asked.choices) bytes += choice.size();
    return bytes;
}

asio::awaitable<void> question_task(task_context& run, question asked) {
    const bool unmarked = run.log.counted().answered(asked.task());
    // (g++ 12 destroys the awaitables of a conditional expression twice.)
    std::optional<answer> said;
    if (unmarked)
        said = co_await recall(run, asked.task());
    else
        said = co_await ask(run, asked);
    if (!said) co_return;

    if (can_be_marked_later(run, asked, *said)) {
        append_for_marking(run, std::move(asked), std::move(*said));
        co_return;
    }
    const auto begin = run.time.now();
    if (auto mark = run.marks.mark_at_once(asked, *said)) {
        mark->evaluation_seconds = seconds_between(begin, run.time.now());
        append_result(run, asked, *said, *mark);
        co_return;
    }
    if (!unmarked && !append_answer(run, asked, *said)) co_return;
    auto mark = co_await mark_while_resting(run, asked, *said);
    if (!mark) {
        if (run.control.stopping()) co_return; // the marking is left to the next session
        question_failure why;
        why.kind = "marking";
        why.message = mark.error().message();
        append_failure(run, asked, why);
        co_return;
    }
    mark->evaluation_seconds = seconds_between(begin, run.time.now());
    append_result(run, asked, *said, *mark);
}

} // namespace proctor
