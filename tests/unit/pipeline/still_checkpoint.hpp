// A checkpoint whose clock stands still until a test turns it.
#pragma once

#include "bench.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

namespace proctor::test {

struct still_checkpoint {
    explicit still_checkpoint(checkpoint_settings settings = {},
                              std::uint64_t segment_size = 1 << 20)
        : log(std::make_unique<checkpoint>(
              io.get_executor(), clock, disk,
              run_store::create(disk, "/run", make_identity(), make_options(segment_size, 1))
                  .value(),
              ledger(), settings,
              [this](std::span<const outcome> durable) {
                  for (const auto& what : durable) acknowledged.push_back(what.question);
              },
              [this](const std::string& trouble) { troubles.push_back(trouble); })) {}

    ~still_checkpoint() {
        if (log) stop();
    }

    void append(question_id id) {
        const auto body = fmt::format(R"({{"question_id":{},"score":1.0}})", id);
        outcome what(record_kind::result, id);
        what.score = 1;
        log->append({record_kind::result, 0, id, body}, what);
    }

    // Real time passes only while the disk's threads work.
    template <class Condition>
    void run_until(Condition condition) {
        while (!condition()) {
            io.restart();
            BOOST_REQUIRE(io.run_one_for(std::chrono::seconds{30}) > 0);
        }
    }
    void settle() {
        io.restart();
        io.poll();
    }
    // What has been appended has gathered for long enough.
    void let_gather() { clock.advance(checkpoint_settings{}.gather_time); }
    // While the disk's threads work, as above; no alarm is needed for it to end.
    template <class T>
    T finish(asio::awaitable<T> coroutine) {
        started_coro<T> task(io, std::move(coroutine));
        run_until([&] { return task.done(); });
        return task.get();
    }
    // What the disk's thread was given so far is done, and everybody has heard of it.
    void wait_for_disk() {
        settle();
        (void)finish(log->read_body(1));
        settle();
    }
    result<> stop() {
        const auto done = finish(log->stop());
        log.reset();
        return done;
    }

    asio::io_context io;
    manual_clock clock;
    memory_file_system disk;
    std::vector<question_id> acknowledged;
    std::vector<std::string> troubles;
    std::unique_ptr<checkpoint> log;
};

} // namespace proctor::test
