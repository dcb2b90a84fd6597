// What is counted, and when.
#include "bench.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>

namespace {

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

// A checkpoint whose clock stands still until a test turns it.
struct still_checkpoint {
    explicit still_checkpoint(checkpoint_settings settings = {})
        : log(std::make_unique<checkpoint>(
              io.get_executor(), clock,
              run_store::create(disk, "/run", make_identity(), make_options(1 << 20, 1)).value(),
              ledger(), settings, [this](std::span<const outcome> durable) {
                  for (const auto& what : durable) acknowledged.push_back(what.question);
              })) {}

    ~still_checkpoint() {
        if (log) stop();
    }

    void append(question_id id) {
        const auto body = fmt::format(R"({{"question_id":{},"score":1.0}})", id);
        outcome what(record_kind::result, id);
        what.score = 1;
        log->append({record_kind::result, 0, id, body}, what);
    }

    // Real time passes only while the disk's thread works.
    template <class Condition>
    void run_until(Condition condition) {
        while (!condition()) {
            io.restart();
            BOOST_REQUIRE(io.run_one_for(30s) > 0);
        }
    }
    void settle() {
        io.restart();
        io.poll();
    }
    // While the disk's thread works, as above; no alarm is needed for it to end.
    result<> finish(asio::awaitable<result<>> coroutine) {
        started_coro<result<>> task(io, std::move(coroutine));
        run_until([&] { return task.done(); });
        return task.get();
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
    std::unique_ptr<checkpoint> log;
};

BOOST_AUTO_TEST_SUITE(checkpointing)

BOOST_AUTO_TEST_CASE(nothing_is_counted_before_it_is_durable) {
    still_checkpoint test;
    test.append(1);
    test.settle();
    test.clock.advance(5ms); // gathered: it is written, not synced
    test.run_until([&] { return test.log->figures().batches == 1; });
    test.settle();
    BOOST_TEST(test.log->counted().completed_count() == 0);
    test.clock.advance(1s); // the longest wait is over
    test.run_until([&] { return test.log->counted().completed_count() == 1; });
    BOOST_TEST(test.log->figures().syncs == 1);
    BOOST_TEST(test.acknowledged.size() == 1);
}

BOOST_AUTO_TEST_CASE(an_interval_of_results_is_a_checkpoint_of_its_own) {
    checkpoint_settings settings;
    settings.interval = 10;
    still_checkpoint test(settings);
    for (question_id id = 1; id <= 10; ++id) test.append(id);
    test.settle();
    test.clock.advance(5ms);
    test.run_until([&] { return test.log->counted().completed_count() == 10; });
    BOOST_TEST(test.log->figures().syncs == 1);
    BOOST_TEST(test.log->figures().batches == 1);
}

BOOST_AUTO_TEST_CASE(save_incremental_syncs_every_batch_at_once) {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    still_checkpoint test(settings);
    for (question_id id = 1; id <= 3; ++id) {
        test.append(id);
        test.settle();
        test.clock.advance(5ms);
        test.run_until([&] { return test.log->counted().completed_count() == id; });
    }
    BOOST_TEST(test.log->figures().syncs == 3);
}

BOOST_AUTO_TEST_CASE(a_full_batch_does_not_wait_for_the_clock) {
    checkpoint_settings settings;
    settings.gather_bytes = 200;
    settings.interval = 1;
    still_checkpoint test(settings);
    for (question_id id = 1; id <= 8; ++id) test.append(id);
    test.run_until([&] { return test.log->counted().completed_count() == 8; });
}

BOOST_AUTO_TEST_CASE(flush_makes_everything_durable) {
    still_checkpoint test;
    for (question_id id = 1; id <= 3; ++id) test.append(id);
    const auto flushed = test.finish(test.log->flush());
    BOOST_TEST(flushed.has_value());
    BOOST_TEST(test.log->counted().completed_count() == 3);
    BOOST_TEST(test.log->store().durable() == 3);
}

BOOST_AUTO_TEST_CASE(an_orderly_end_is_told_by_the_log) {
    still_checkpoint test;
    test.append(1);
    BOOST_TEST(test.stop().has_value());
    const auto found = replay(test.disk, "/run", make_identity().id,
                              [](const record_view&, record_place, lsn) -> result<> { return {}; });
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->closed);
    BOOST_TEST(found->records == 1);
}

BOOST_AUTO_TEST_CASE(a_failed_sync_counts_nothing_and_is_not_tried_again) {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    still_checkpoint test(settings);
    const auto calls_before = test.disk.calls().size();
    test.disk.plan({disk_fault::effect::fails_once, calls_before + 2, failure_code::io_error});
    test.append(1);
    test.settle();
    test.clock.advance(5ms);
    test.run_until([&] { return test.log->failed().has_value(); });
    test.append(2);
    test.settle();
    test.clock.advance(5s);
    BOOST_TEST(!test.stop().has_value());
    BOOST_TEST(test.acknowledged.empty());
    BOOST_TEST(test.disk.misuse().empty());
}

BOOST_AUTO_TEST_CASE(without_checkpoints_results_count_when_they_are_written) {
    checkpoint_settings settings;
    settings.mode = durability::none;
    still_checkpoint test(settings);
    test.append(1);
    test.settle();
    test.clock.advance(5ms);
    test.run_until([&] { return test.log->counted().completed_count() == 1; });
    BOOST_TEST(test.log->figures().syncs == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_log_tells_once_how_much_is_durable) {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    still_checkpoint test(settings);
    test.append(1);
    test.settle();
    test.clock.advance(5ms);
    test.run_until([&] { return test.log->counted().completed_count() == 1; });
    for (int second = 0; second < 5; ++second) {
        test.settle();
        test.clock.advance(1s);
    }
    BOOST_TEST(test.stop().has_value());
    const auto found = replay(test.disk, "/run", make_identity().id,
                              [](const record_view&, record_place, lsn) -> result<> { return {}; });
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->frames == 3); // records, note, closing
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
