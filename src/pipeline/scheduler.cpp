// The start, the middle and the end of a run.
#include "proctor/pipeline/scheduler.hpp"

#include "admission.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace proctor {
namespace {

asio::awaitable<void> stop_in_time(task_context& run, duration time) {
    co_await run.time.sleep_for(time);
    stop_at_limit(run, fmt::format("processing.max_time is over ({:.0f} s)",
                                   std::chrono::duration<double>(time).count()));
}

// Questions one after the other, as long as there is a place for the next. Its request leaves
// before anybody else's answer is looked at: on the connection that has just become free, and while
// caches know it; and answers that came together are not asked for again together.
asio::awaitable<void> put_one_after_another(task_context& run, admission& questions,
                                            admitted_question first) {
    struct wake_at_end {
        run_control& control;
        ~wake_at_end() { control.changed().notify(); }
    } const wake{run.control};
    std::optional<admitted_question> next(std::move(first));
    while (next) {
        if (questions.has_place()) run.control.changed().notify(); // for one more
        co_await question_task(run, std::move(next->asked));
        next.reset(); // its place is free
        next = questions.next();
    }
}

// Fills the places that there are, at the start and whenever there are more.
asio::awaitable<void> admit(task_context& run, task_group& tasks, admission& questions) {
    while (!run.control.stopping() && !questions.at_end()) {
        if (auto next = questions.next())
            tasks.spawn(put_one_after_another(run, questions, std::move(*next)));
        else if (questions.has_place())
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        else
            co_await run.control.changed().wait();
    }
}

// Until nothing is in flight, or the grace period is over, or somebody is in a hurry.
asio::awaitable<void> wait_for_grace(task_context& run, duration grace) {
    const auto executor = co_await asio::this_coro::executor;
    bool over = false;
    auto end_it = [](task_context& context, duration time, bool& flag) -> asio::awaitable<void> {
        co_await context.time.sleep_for(time);
        flag = true;
        context.control.changed().notify();
    };
    task_group timer(executor);
    timer.spawn(end_it(run, grace, over));
    while (!over && !run.control.hurried() && !run.log.failed() &&
           run.endpoints.in_flight() + (run.grading ? run.grading->in_flight() : 0) > 0)
        co_await run.control.changed().wait();
    timer.cancel();
    co_await timer.join();
}

// Side by side: those that say nothing hold the others once, not one after the other.
asio::awaitable<std::vector<probe_outcome>> probe_all(task_context& run) {
    const auto executor = co_await asio::this_coro::executor;
    const auto probe = [&](std::size_t which) {
        return asio::co_spawn(
            executor, probe_in_time(run.models[which], run.time, run.endpoints.longest_probe()),
            asio::deferred);
    };
    std::vector<decltype(probe(0))> probes;
    for (std::size_t i = 0; i < run.models.size(); ++i) probes.push_back(probe(i));
    auto all = asio::experimental::make_parallel_group(std::move(probes));
    auto [order, threw, outcomes] =
        co_await all.async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const auto& each : threw)
        if (each) std::rethrow_exception(each);
    co_return std::move(outcomes);
}

} // namespace

// A server that takes connections and says nothing must not hold the start for as long as an
// answer may take. What loses the race owns nothing. Not Asio's `||`: when both are cancelled, it
// throws what nobody takes for a cancellation, and while one waits, it hides what the other threw.
asio::awaitable<probe_outcome> probe_in_time(model_client& model, clock& time, duration limit) {
    const auto executor = co_await asio::this_coro::executor;
    auto race = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, model.probe(), asio::deferred),
        asio::co_spawn(executor, time.sleep_for(limit), asio::deferred));
    auto [order, probe_threw, found, sleep_threw] =
        co_await race.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto& threw = order[0] == 0 ? probe_threw : sleep_threw;
    if (threw) std::rethrow_exception(threw);
    if (order[0] == 0) co_return found;
    co_return attempt_failure(failure(
        failure_code::timed_out, std::string(models_path),
        fmt::format("no answer within {:g} s", std::chrono::duration<double>(limit).count())));
}

asio::awaitable<void>
await_endpoint(task_context& run, std::function<void(const attempt_failure&, duration)> on_wait) {
    const auto began = run.time.now();
    for (unsigned attempt = 1; !run.control.stopping(); ++attempt) {
        std::vector<std::pair<std::size_t, attempt_failure>> missing;
        retry_decision decision;
        const auto outcomes = co_await probe_all(run);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            const auto& there = outcomes[i];
            if (there) {
                run.endpoints.found(i);
                continue;
            }
            missing.emplace_back(i, there.error());
            decision = decide_retry(there.error(), attempt, run.retries, run.random);
            if (decision.what == retry_decision::action::stop_run) {
                run.control.stop({stop_cause::endpoint_refused, 0, there.error().why});
                co_return;
            }
        }
        if (missing.size() < run.models.size()) {
            for (const auto& [which, why] : missing) run.endpoints.missing(which, why);
            co_return;
        }
        const auto& failed = missing.front().second;
        if (run.time.now() - began >= run.endpoints.patience()) {
            run.control.stop({stop_cause::endpoint_away, 0, failed.why});
            co_return;
        }
        // Somebody may sit and watch: look again soon, whatever the back-off would be.
        const auto pause =
            std::min<duration>(std::max<duration>(decision.after, std::chrono::milliseconds{200}),
                               std::chrono::seconds{5});
        on_wait(failed, pause);
        co_await run.time.sleep_for(pause);
    }
}

asio::awaitable<void> put_questions(task_context& run, question_reader questions,
                                    scheduler_settings settings) {
    const auto executor = co_await asio::this_coro::executor;
    const auto spent = run.log.counted().usage();
    run.figures.tokens = spent.prompt + spent.completion;
    admission admitted(run, std::move(questions), settings);
    task_group tasks(executor);
    task_group timer(executor);
    if (settings.max_time) timer.spawn(stop_in_time(run, *settings.max_time));
    co_await admit(run, tasks, admitted);
    while (run.figures.active > 0 && !run.control.stopping()) {
        co_await run.control.changed().wait();
        admitted.check_limits();
    }
    if (run.control.stopping()) {
        if (run.control.reason()->cause != stop_cause::storage)
            co_await wait_for_grace(run, settings.grace);
        tasks.cancel();
    }
    co_await tasks.join();
    timer.cancel();
    co_await timer.join();
}

} // namespace proctor
