// A permit is held for an attempt and for nothing else: not over a back-off, not for the disk.
#include "proctor/pipeline/question_task.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/sha256.hpp"

#include <fmt/format.h>

#include <utility>

namespace proctor {
namespace {

// So much less of something when it goes; whoever waits for that looks again.
class counted_until_end {
public:
    counted_until_end(std::size_t& count, run_control& control, std::size_t amount = 1)
        : count_(count), control_(control), amount_(amount) {}
    counted_until_end(const counted_until_end&) = delete;
    counted_until_end& operator=(const counted_until_end&) = delete;
    ~counted_until_end() {
        count_ -= amount_;
        control_.changed().notify();
    }

private:
    std::size_t& count_;
    run_control& control_;
    std::size_t amount_;
};

void append_failure(task_context& run, const question& asked, const question_failure& why) {
    const auto body = failed_body(asked, why);
    run.log.append({record_kind::failed, 0, asked.number, body}, outcome_of(asked, why));
    ++run.figures.ended;
    ++run.figures.failed;
}

question_failure describe(const attempt_failure& last, const retry_decision& decision,
                          unsigned attempts) {
    question_failure why;
    why.kind = std::string(to_string(last.why.code));
    why.message = last.why.message();
    why.status = last.status;
    why.refused = decision.refused;
    why.attempts = attempts;
    return why;
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
    attempts_so_far so_far;
    for (;; ++so_far.attempt) {
        auto mine = co_await run.endpoints.acquire();
        if (run.control.stopping()) co_return std::nullopt;
        const auto began = run.time.now();
        auto reply = co_await run.models[mine.endpoint()].ask(asked);

        if (reply) {
            const auto& usage = reply->said.usage;
            mine.answered(usage.prompt + usage.completion, reply->limit_reset);
            run.figures.tokens += usage.prompt + usage.completion;
            reply->said.attempts = so_far.attempt;
            co_return std::move(reply->said);
        }
        const auto failed = reply.error();
        so_far.counts = mine.failed(failed);
        if (so_far.counts) so_far.spent += run.time.now() - began;
        const auto decision = decide_retry(failed, so_far, run.retries, run.random);
        if (run.on_retry) run.on_retry(asked, failed, decision);

        switch (decision.what) {
        case retry_decision::action::stop_run:
            run.control.stop({stop_cause::endpoint_refused, 0, failed.why});
            co_return std::nullopt;
        case retry_decision::action::fail_question:
            append_failure(run, asked, describe(failed, decision, so_far.attempt));
            co_return std::nullopt;
        case retry_decision::action::wait: --so_far.attempt; break;
        case retry_decision::action::retry:
            so_far.spent += decision.after;
            ++run.figures.retries;
            break;
        }
        ++run.figures.resting;
        const counted_until_end resting(run.figures.resting, run.control);
        run.control.changed().notify(); // there is room for another question meanwhile
        co_await run.time.sleep_for(decision.after);
    }
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

} // namespace

std::size_t bytes_of(const question& asked) {
    auto bytes = asked.text.size() + asked.reference_answer.size() + asked.context.size();
    for (const auto& choice : asked.choices) bytes += choice.size();
    return bytes;
}

asio::awaitable<void> question_task(task_context& run, question asked) {
    const bool unmarked = run.log.counted().answered(asked.number);
    const counted_until_end held(run.figures.bytes, run.control, bytes_of(asked));
    const counted_until_end active(run.figures.active, run.control);
    // (g++ 12 destroys the awaitables of a conditional expression twice.)
    std::optional<answer> said;
    if (unmarked)
        said = co_await recall(run, asked.number);
    else
        said = co_await ask(run, asked);
    if (!said) co_return;

    permit grading;
    if (run.marks.waits()) {
        if (!unmarked) {
            const auto body = answered_body(asked, *said);
            if (body.size() > max_record_body) {
                append_failure(run, asked, too_large(body));
                co_return;
            }
            run.log.append({record_kind::answered, 0, asked.number, body},
                           outcome_of(asked, *said));
        }
        grading = co_await run.grading_permits.acquire();
    }
    const auto begin = run.time.now();
    auto mark = co_await run.marks.mark(asked, *said);
    grading.release();
    if (!mark) {
        question_failure why;
        why.kind = "marking";
        why.message = mark.error().message();
        append_failure(run, asked, why);
        co_return;
    }
    mark->evaluation_seconds = std::chrono::duration<double>(run.time.now() - begin).count();
    const auto body = result_body(asked, *said, *mark);
    if (body.size() > max_record_body) {
        append_failure(run, asked, too_large(body));
        co_return;
    }
    run.log.append({record_kind::result, 0, asked.number, body}, outcome_of(asked, *said, *mark));
    ++run.figures.ended;
    if (run.on_result) run.on_result(asked, *said, *mark);
}

} // namespace proctor
