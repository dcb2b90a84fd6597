// Admission and the end of a run.
//
// At most as many tasks want a turn as the endpoints take at a time. A task that rests in a
// back-off makes room for another, up to twice as many in all, so that a few slow retries do not
// idle the endpoint and an outage does not fill the memory.
#include "proctor/pipeline/scheduler.hpp"

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

bool has_place(const task_context& run, const scheduler_settings& settings) {
    const auto parallel =
        (settings.only_marks && run.grading ? *run.grading : run.endpoints).limit();
    const auto& figures = run.figures;
    return figures.active - figures.resting < parallel && figures.active < 2 * parallel &&
           figures.bytes <= settings.max_question_bytes && run.log.has_room();
}

bool is_done(const task_context& run, const scheduler_settings& settings, question_id task) {
    if (settings.only_marks) return !run.log.counted().answered(task);
    return run.log.counted().completed(task) ||
           (run.log.counted().refused(task) && !settings.retry_refused);
}

// All of its repeats.
bool is_question_done(const task_context& run, const scheduler_settings& settings,
                      question_id number) {
    auto task = task_of(number, 1, settings.repeats);
    const auto end = task + settings.repeats;
    while (task < end && is_done(run, settings, task)) ++task;
    return task == end;
}

bool exceeds(const task_figures& figures, const failure_limit& limit) {
    constexpr std::uint64_t enough_to_judge = 100;
    if (limit.count && figures.failed > *limit.count) return true;
    return limit.share && figures.ended >= enough_to_judge &&
           double(figures.failed) > *limit.share * double(figures.ended);
}

void stop_at_limit(task_context& run, std::string why) {
    run.control.stop({stop_cause::limit, 0, {failure_code::bad_value, "", std::move(why)}});
}

void check_limits(task_context& run, const scheduler_settings& settings) {
    if (run.control.stopping()) return;
    if (exceeds(run.figures, settings.max_failures))
        stop_at_limit(run,
                      fmt::format("{} of {} questions failed, more than processing.max_failures "
                                  "allows",
                                  run.figures.failed, run.figures.ended));
    if (settings.max_total_tokens && run.figures.tokens >= *settings.max_total_tokens)
        stop_at_limit(run, fmt::format("{} tokens are spent, and processing.max_total_tokens is {}",
                                       run.figures.tokens, *settings.max_total_tokens));
}

asio::awaitable<void> stop_in_time(task_context& run, duration time) {
    co_await run.time.sleep_for(time);
    stop_at_limit(run, fmt::format("processing.max_time is over ({:.0f} s)",
                                   std::chrono::duration<double>(time).count()));
}

// Goes on behind what is done, if the reader stands at a place of the index; true if it moved.
// `seen` counts the questions that it passes.
bool pass_over_done(const task_context& run, const scheduler_settings& settings,
                    question_reader& questions, std::uint64_t& seen) {
    const auto number = questions.next_number();
    // To a session that only marks, broken records are done, too: places would not tell them apart.
    if (!settings.index || settings.only_marks) return false;
    const auto here = settings.index->at_or_before(number);
    if (here.number != number) return false;
    const auto there = settings.index->pass_over_done(
        here, [&](question_id id) { return is_question_done(run, settings, id); });
    if (there.number == here.number || !questions.go_to(there)) return false;
    seen += there.questions - here.questions;
    return true;
}

asio::awaitable<void> wait_for_place(task_context& run, const scheduler_settings& settings) {
    while (!run.control.stopping() && !has_place(run, settings)) {
        co_await run.control.changed().wait();
        check_limits(run, settings);
    }
}

// One repeat after the other: the endpoint has the prompt in its cache, and what is left to a
// later session stands together.
asio::awaitable<void> admit_repeats(task_context& run, task_group& tasks, question& asked,
                                    const scheduler_settings& settings) {
    asked.repeats = settings.repeats;
    for (asked.repeat = 1; asked.repeat <= asked.repeats; ++asked.repeat) {
        if (is_done(run, settings, asked.task())) continue;
        co_await wait_for_place(run, settings);
        if (run.control.stopping()) co_return;
        ++run.figures.active;
        run.figures.bytes += bytes_of(asked);
        if (asked.repeat == asked.repeats) {
            tasks.spawn(question_task(run, std::move(asked)));
            co_return;
        }
        tasks.spawn(question_task(run, asked));
    }
}

asio::awaitable<void> admit(task_context& run, task_group& tasks, question_reader& questions,
                            const scheduler_settings& settings) {
    static const selection everything;
    const auto& chosen = settings.only_marks ? everything : settings.chosen;
    std::uint64_t seen = 0;    // questions of the file
    std::uint64_t skipped = 0; // since the thread was last given to others
    while (!chosen.limit || seen < *chosen.limit) {
        co_await wait_for_place(run, settings);
        if (run.control.stopping()) co_return;

        const auto number = questions.next_number();
        if (is_question_done(run, settings, number)) {
            if (pass_over_done(run, settings, questions, seen)) continue;
            if (!questions.skip()) co_return;
            ++seen;
            if (++skipped % 4096 == 0)
                co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            continue;
        }
        auto next = questions.next();
        if (!next) co_return;
        if (!*next) {
            const auto why = next->error();
            const bool unreadable = why.code == failure_code::io_error;
            if (unreadable || settings.strict) {
                run.control.stop(
                    {unreadable ? stop_cause::storage : stop_cause::broken_question, 0, why});
                co_return;
            }
            continue; // the census has told of it
        }
        if (!chosen.contains(++seen)) {
            if (++skipped % 4096 == 0)
                co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            continue;
        }
        co_await admit_repeats(run, tasks, **next, settings);
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
    task_group tasks(executor);
    task_group timer(executor);
    if (settings.max_time) timer.spawn(stop_in_time(run, *settings.max_time));
    check_limits(run, settings); // earlier sessions may have spent it all
    co_await admit(run, tasks, questions, settings);
    while (run.figures.active > 0 && !run.control.stopping()) {
        co_await run.control.changed().wait();
        check_limits(run, settings);
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
