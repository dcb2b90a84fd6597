// What is counted, and when.
#include "still_checkpoint.hpp"

#include <thread>

namespace {

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(checkpointing)

BOOST_AUTO_TEST_CASE(nothing_is_counted_before_it_is_durable) {
    still_checkpoint test;
    test.append(1);
    test.settle();
    test.let_gather(); // gathered: it is written, not synced
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
    test.let_gather();
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
        test.let_gather();
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

BOOST_AUTO_TEST_CASE(what_the_disks_thread_makes_counts_like_what_was_made_before) {
    checkpoint_settings settings;
    settings.interval = 4;
    still_checkpoint test(settings);
    const auto here = std::this_thread::get_id();
    int made = 0;
    const auto maker = [&](question_id id) {
        return [&, id] {
            made += std::this_thread::get_id() != here;
            outcome what(record_kind::result, id);
            what.score = 0.5;
            return made_record{{record_kind::result, 0, id, {}},
                               fmt::format(R"({{"question_id":{},"score":0.5}})", id),
                               what};
        };
    };
    test.append(1);
    const auto before = test.log->waiting_bytes();
    test.log->append(maker(2), 1000);
    test.append(3);
    test.log->append(maker(4), 1000);
    BOOST_TEST(test.log->waiting_bytes() >= before + 2000);
    BOOST_TEST(test.finish(test.log->flush()).has_value());
    BOOST_TEST(made == 2);
    BOOST_TEST(test.log->waiting_bytes() == 0);
    BOOST_TEST(test.log->counted().completed_count() == 4);
    BOOST_TEST(test.log->counted().overall().score() == 3);
    BOOST_TEST(test.stop().has_value());
    const auto view = run_view::open(test.disk, "/run").value();
    for (question_id id = 1; id <= 4; ++id) {
        const auto body = view.find(id).value();
        BOOST_REQUIRE(body.has_value());
        BOOST_TEST(body->starts_with(fmt::format(R"({{"question_id":{},)", id)));
    }
}

BOOST_AUTO_TEST_CASE(an_orderly_end_is_told_by_the_log) {
    still_checkpoint test;
    test.append(1);
    BOOST_TEST(test.stop().has_value());
    const auto view = run_view::open(test.disk, "/run");
    BOOST_REQUIRE(view.has_value());
    BOOST_TEST(view->found().closed);
    BOOST_TEST(view->found().records == 0); // compacted
    BOOST_TEST(view->found().snapshots.size() == 1);
    BOOST_TEST(view->counted().completed(1));
}

BOOST_AUTO_TEST_CASE(a_sync_that_fails_is_made_good_and_told) {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    still_checkpoint test(settings);
    const auto calls_before = test.disk.calls().size();
    test.disk.plan({disk_fault::effect::fails_once, calls_before + 2, failure_code::io_error});
    test.append(1);
    test.settle();
    test.let_gather();
    test.run_until([&] { return test.log->counted().completed_count() == 1; });
    BOOST_TEST(test.troubles.size() == 1);
    test.append(2);
    BOOST_TEST(test.stop().has_value());
    BOOST_TEST(test.acknowledged.size() == 2);
    BOOST_TEST(test.disk.misuse().empty());
    BOOST_TEST(run_view::open(test.disk, "/run")->counted().completed_count() == 2);
}

BOOST_AUTO_TEST_CASE(a_sync_that_cannot_be_made_good_counts_nothing_and_is_not_tried_again) {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    still_checkpoint test(settings);
    const auto calls_before = test.disk.calls().size();
    test.disk.plan({disk_fault::effect::fails_for_good, calls_before + 2, failure_code::io_error});
    test.append(1);
    test.settle();
    test.let_gather();
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
    test.let_gather();
    test.run_until([&] { return test.log->counted().completed_count() == 1; });
    BOOST_TEST(test.log->figures().syncs == 0);
}

BOOST_AUTO_TEST_CASE(an_idle_log_tells_once_how_much_is_durable) {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    still_checkpoint test(settings);
    test.append(1);
    test.settle();
    test.let_gather();
    test.run_until([&] { return test.log->counted().completed_count() == 1; });
    for (int second = 0; second < 5; ++second) {
        test.settle();
        test.clock.advance(1s);
        test.wait_for_disk();
    }
    const auto found = replay(test.disk, "/run", make_identity().id,
                              [](const record_view&, record_place, lsn) -> result<> { return {}; });
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->frames == 2); // records, note
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
