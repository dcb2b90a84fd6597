// A whole pipeline on a simulated disk, a scripted network and a clock that jumps: what the tests
// of this layer run on.
#pragma once

#include "proctor/codec/json_fields.hpp"
#include "proctor/pipeline/scheduler.hpp"
#include "proctor/storage/run_view.hpp"

#include "support/memory_file_system.hpp"
#include "support/run_coro.hpp"
#include "support/scratch_dir.hpp"
#include "support/scripted_transport.hpp"
#include "support/store_records.hpp"

#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace proctor::test {

// The disk of a run that is reopened from session to session.
class pipeline_bench {
public:
    explicit pipeline_bench(scripted_transport::script script, duration latency = {})
        : transport(std::move(script), clock, latency) {
        models.emplace_back(transport, clock, scrub, model_settings());
    }

    // Questions "What is N?" with the answer N, as a file.
    void make_questions(int count) {
        std::string text;
        for (int i = 1; i <= count; ++i)
            text += fmt::format("{{\"question\": \"What is {}?\", \"answer\": \"{}\"}}\n", i, i);
        questions = text;
    }

    // One session: opens the run (or makes it), puts the questions, closes the log.
    void run(scheduler_settings settings = {}) {
        asio::io_context io;
        const auto path = directory.write("questions.jsonl", questions);
        question_index index;
        if (places_every > 0) {
            index = index_questions(path, [](const failure&) {}, places_every).value();
            settings.index = &index;
        }
        ledger before;
        auto store = open_store(before);
        checkpoint log(io.get_executor(), clock, disk, std::move(store), std::move(before),
                       checkpointing, [this](std::span<const outcome> durable) {
                           for (const auto& what : durable) acknowledged.push_back(what.question);
                       });
        run_control control(io.get_executor());
        endpoints.parallel = parallel;
        endpoint_group::listeners heard;
        heard.on_event = [this](std::size_t, const std::string& what) { events.push_back(what); };
        heard.on_end = [&control](const attempt_failure& failed, bool refused) {
            control.stop({refused ? stop_cause::endpoint_refused : stop_cause::endpoint_away, 0,
                          failed.why});
        };
        endpoint_group group(
            io.get_executor(), clock, models.size(), endpoints,
            [this](std::size_t which) { return models[which].probe(); }, std::move(heard));
        random_engine random(7);
        task_context tasks{clock,   models, group, *marks,   log, control,
                           nullptr, random, {},    on_retry, {},  {}};
        auto session = [&]() -> asio::awaitable<void> {
            task_group helpers(io.get_executor());
            if (meanwhile) helpers.spawn(meanwhile(tasks));
            auto reader = settings.index ? question_reader::open(path, *settings.index, {})
                                         : question_reader::open(path);
            co_await put_questions(tasks, std::move(*reader), settings);
            put_ended = clock.now();
            const auto closed = co_await log.stop();
            stopped_well = closed.has_value();
            if (!keep_meanwhile) helpers.cancel();
            co_await helpers.join();
            co_await group.stop();
        };
        run_coro(io, clock, session());
        reason = control.reason();
        counted = log.counted();
        figures = tasks.figures;
        troubles = group.figures();
    }

    // What counts of each question, as a later process would read it.
    std::map<question_id, record_kind> logged() {
        auto disk_now = disk.after_kill();
        const auto view = run_view::open(disk_now, "/run").value();
        std::map<question_id, record_kind> kinds;
        auto records = view.records();
        while (const auto entry = records.next().value())
            kinds[entry->record.question] = entry->record.kind;
        return kinds;
    }
    // How many records were ever written.
    std::uint64_t written() {
        auto disk_now = disk.after_kill();
        return run_view::open(disk_now, "/run").value().found().next_lsn - 1;
    }

    manual_clock clock;
    memory_file_system disk;
    scratch_dir directory;
    scrubber scrub;
    scripted_transport transport;
    std::deque<model_client> models;
    group_settings endpoints; // parallel: see below
    std::unique_ptr<grader> marks = make_grader("extraction");
    std::string questions;
    std::uint64_t places_every = 0; // records of an index; 0: the run has none
    std::size_t parallel = 4;
    checkpoint_settings checkpointing;
    std::function<asio::awaitable<void>(task_context&)> meanwhile; // beside the questions
    bool keep_meanwhile = false;                                   // until its own end
    std::function<void(const question&, const attempt_failure&, const retry_decision&)> on_retry;

    // Of the last session.
    std::optional<stop_reason> reason;
    ledger counted;
    task_figures figures;
    group_figures troubles;
    std::vector<std::string> events;
    bool stopped_well = false;
    time_point put_ended{}; // before the log was closed
    const time_point began = clock.now();
    std::vector<question_id> acknowledged; // of all sessions

private:
    std::unique_ptr<run_store> open_store(ledger& before) {
        if (!std::exchange(made_, true))
            return run_store::create(disk, "/run", make_identity(), make_options(1 << 20, 1))
                .value();
        auto store = run_store::open(disk, "/run", make_options(1 << 20, ++salt_), {}).value();
        before = store->found().counted;
        return store;
    }

    bool made_ = false;
    std::uint64_t salt_ = 1;
};

// The number N in the prompt "What is N?" of a request.
inline int asked_number(const http_request& request) {
    const auto at = request.body.find("What is ");
    return at == std::string::npos ? 0 : std::atoi(request.body.c_str() + at + 8);
}

// Answers every question right.
inline result<http_response> right_answer(const http_request& request) {
    return chat_reply(std::to_string(asked_number(request)));
}

} // namespace proctor::test
