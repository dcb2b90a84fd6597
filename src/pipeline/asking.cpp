// Attempts, turns and back-offs.
#include "proctor/pipeline/asking.hpp"

#include <utility>

namespace proctor {
namespace {

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

} // namespace

failure named(failure why, std::string_view who) {
    if (!who.empty()) why.where = std::string(who) + (why.where.empty() ? "" : ": ") + why.where;
    return why;
}

asio::awaitable<asking_outcome> ask_until_answered(asked_model model, const question& asked) {
    asking_outcome outcome;
    attempts_so_far so_far;
    for (;; ++so_far.attempt) {
        auto mine = co_await model.endpoints.acquire();
        if (model.control.stopping()) co_return outcome;
        const auto began = model.time.now();
        auto reply = co_await model.clients[mine.endpoint()].ask(asked);

        if (reply) {
            const auto& usage = reply->said.usage;
            mine.answered(usage.prompt + usage.completion, reply->limit_reset);
            model.figures.tokens += usage.prompt + usage.completion;
            reply->said.attempts = so_far.attempt;
            outcome.said = std::move(reply->said);
            co_return outcome;
        }
        auto failed = reply.error();
        so_far.counts = mine.failed(failed);
        failed.why = named(std::move(failed.why), model.who);
        if (so_far.counts) so_far.spent += model.time.now() - began;
        const auto decision = decide_retry(failed, so_far, model.retries, model.random);
        if (model.on_retry) model.on_retry(asked, failed, decision);

        switch (decision.what) {
        case retry_decision::action::stop_run:
            model.control.stop({stop_cause::endpoint_refused, 0, failed.why});
            co_return outcome;
        case retry_decision::action::fail_question:
            outcome.gave_up = describe(failed, decision, so_far.attempt);
            co_return outcome;
        case retry_decision::action::wait: --so_far.attempt; break;
        case retry_decision::action::retry:
            so_far.spent += decision.after;
            ++model.figures.retries;
            break;
        }
        ++model.figures.resting;
        const counted_until_end resting(model.figures.resting, model.control);
        model.control.changed().notify(); // there is room for another question meanwhile
        co_await model.time.sleep_for(decision.after);
    }
}

} // namespace proctor
