// A checkpoint whose disk is full for a while, and what it does beside the writing.
#include "still_checkpoint.hpp"

#include "proctor/storage/inspect.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;
using namespace std::chrono_literals;

checkpoint_settings every_result() {
    checkpoint_settings settings;
    settings.mode = durability::every_result;
    return settings;
}

// The next call and all after it fail, until plan({}).
void fill(memory_file_system& disk) {
    disk.plan(
        {disk_fault::effect::fails_for_good, disk.calls().size() + 1, failure_code::disk_full});
}

void append_one_and_wait(still_checkpoint& test, question_id id) {
    test.append(id);
    test.settle();
    test.let_gather();
    test.run_until([&] { return test.log->counted().completed(id); });
}

std::size_t segments_of(memory_file_system& disk) {
    return list_run(disk, "/run").value().segments.size();
}

const std::string first_segment = "/run/" + segment_name({1, 1});

BOOST_AUTO_TEST_SUITE(a_full_disk)

BOOST_AUTO_TEST_CASE(room_is_waited_for_and_the_run_goes_on) {
    still_checkpoint test(every_result());
    append_one_and_wait(test, 1);
    fill(test.disk);
    test.append(2);
    test.settle();
    test.let_gather();
    test.run_until([&] { return !test.troubles.empty(); });
    BOOST_TEST(test.troubles.front().find("the disk is full") != std::string::npos);
    BOOST_TEST(!test.log->has_room());
    for (int i = 0; i < 20; ++i) {
        test.clock.advance(3s);
        test.wait_for_disk();
        BOOST_TEST(!test.log->has_room());
    }
    BOOST_TEST(!test.log->failed().has_value());
    BOOST_TEST(test.troubles.size() == 1); // told once
    BOOST_TEST(test.acknowledged.size() == 1);
    test.append(3); // what was in flight waits in memory
    test.settle();

    test.disk.plan({});
    test.clock.advance(3s);
    test.run_until([&] { return test.log->counted().completed_count() == 3; });
    BOOST_TEST(test.log->has_room());
    BOOST_TEST(test.troubles.size() == 2);
    BOOST_TEST(test.troubles.back() == "there is room on the disk again: the run goes on");
    BOOST_TEST(test.stop().has_value());
    BOOST_TEST(run_view::open(test.disk, "/run")->counted().completed_count() == 3);
}

BOOST_AUTO_TEST_CASE(what_the_disks_thread_made_waits_and_is_not_made_again) {
    still_checkpoint test(every_result());
    append_one_and_wait(test, 1);
    fill(test.disk);
    int made = 0;
    const std::string body =
        fmt::format(R"({{"question_id":2,"text":"{}"}})", std::string(100'000, 'x'));
    test.log->append(
        [&] {
            ++made;
            return made_record{
                {record_kind::result, 0, 2, {}}, body, outcome(record_kind::result, 2)};
        },
        10);
    test.settle();
    test.let_gather();
    test.run_until([&] { return !test.troubles.empty(); });
    BOOST_TEST(test.log->waiting_bytes() > body.size());
    test.disk.plan({});
    test.clock.advance(3s);
    test.run_until([&] { return test.log->counted().completed_count() == 2; });
    BOOST_TEST(made == 1);
}

BOOST_AUTO_TEST_CASE(what_was_written_before_it_was_full_is_not_written_again) {
    auto settings = every_result();
    settings.gather_bytes = 200;
    still_checkpoint test(settings);
    for (question_id id = 1; id <= 10; ++id) test.append(id);
    const auto all = test.log->waiting_bytes();
    // One piece is written, the second one is not.
    test.disk.plan({disk_fault::effect::fails_for_good, test.disk.calls().size() + 2,
                    failure_code::disk_full});
    test.run_until([&] { return !test.troubles.empty(); });
    test.settle();
    BOOST_TEST(test.log->waiting_bytes() > 0u);
    BOOST_TEST(test.log->waiting_bytes() < all);
    BOOST_TEST(test.acknowledged.empty());
    test.disk.plan({});
    test.clock.advance(3s);
    test.run_until([&] { return test.log->counted().completed_count() == 10; });
    BOOST_TEST(test.log->store().durable() == 10u);
    BOOST_TEST(test.acknowledged == (std::vector<question_id>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}),
               boost::test_tools::per_element());
    BOOST_TEST(test.log->waiting_bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(patience_is_for_each_time_that_it_is_full) {
    still_checkpoint test(every_result());
    for (question_id id = 1; id <= 3; ++id) {
        fill(test.disk);
        test.append(id);
        test.settle();
        test.let_gather();
        test.run_until([&] { return test.troubles.size() == 2 * id - 1; });
        test.clock.advance(9min);
        test.wait_for_disk();
        test.disk.plan({});
        test.clock.advance(3s);
        test.run_until([&] { return test.log->counted().completed(id); });
        test.wait_for_disk(); // for the note that was due, too
    }
    BOOST_TEST(test.stop().has_value());
}

BOOST_AUTO_TEST_CASE(a_disk_that_fills_while_nothing_comes_ends_nothing) {
    still_checkpoint test(every_result());
    append_one_and_wait(test, 1);
    fill(test.disk);
    for (int second = 0; second < 5; ++second) {
        test.settle();
        test.clock.advance(1s);
        test.wait_for_disk(); // a note was due
    }
    BOOST_TEST(!test.log->failed().has_value());
    test.disk.plan({});
    append_one_and_wait(test, 2);
    BOOST_TEST(test.stop().has_value());
}

BOOST_AUTO_TEST_CASE(patience_has_an_end) {
    still_checkpoint test(every_result());
    fill(test.disk);
    test.append(1);
    test.settle();
    test.let_gather();
    test.run_until([&] { return !test.troubles.empty(); });
    test.clock.advance(10min - 1s);
    test.wait_for_disk();
    BOOST_TEST(!test.log->failed().has_value());
    test.clock.advance(3s);
    test.run_until([&] { return test.log->failed().has_value(); });
    BOOST_TEST((test.log->failed()->code == failure_code::disk_full));
    const auto stopped = test.stop();
    BOOST_REQUIRE(!stopped.has_value());
    BOOST_TEST((stopped.error().code == failure_code::disk_full));
    BOOST_TEST(test.acknowledged.empty());
    BOOST_TEST(test.disk.misuse().empty());
}

BOOST_AUTO_TEST_CASE(memory_has_an_end_too) {
    auto settings = every_result();
    settings.max_waiting_bytes = 1000;
    still_checkpoint test(settings);
    fill(test.disk);
    test.append(1);
    test.settle();
    test.let_gather();
    test.run_until([&] { return !test.troubles.empty(); });
    for (question_id id = 2; id <= 60; ++id) test.append(id);
    test.clock.advance(3s);
    test.run_until([&] { return test.log->failed().has_value(); });
    BOOST_TEST((test.log->failed()->code == failure_code::disk_full));
}

BOOST_AUTO_TEST_CASE(whoever_stops_the_run_does_not_wait_for_room) {
    still_checkpoint test(every_result());
    fill(test.disk);
    test.append(1);
    test.settle();
    test.let_gather();
    test.run_until([&] { return !test.troubles.empty(); });
    started_coro<result<>> stopping(test.io, test.log->stop());
    test.run_until([&] { return stopping.done(); }); // the clock stands still
    const auto stopped = stopping.get();
    test.log.reset();
    BOOST_REQUIRE(!stopped.has_value());
    BOOST_TEST((stopped.error().code == failure_code::disk_full));
    BOOST_TEST(test.acknowledged.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(compaction_beside_the_writing)

BOOST_AUTO_TEST_CASE(full_segments_become_snapshots_while_records_come) {
    still_checkpoint test(every_result(), 3 * page_size - 2000); // two frames each
    for (question_id id = 1; id <= 30; ++id) append_one_and_wait(test, id);
    test.run_until([&] { return test.log->figures().snapshots >= 14; });
    BOOST_TEST(test.log->has_room());
    BOOST_TEST(segments_of(test.disk) == 1);
    BOOST_TEST(test.stop().has_value());
    BOOST_TEST(test.troubles.empty());
    const auto view = run_view::open(test.disk, "/run").value();
    BOOST_TEST(view.counted().completed_count() == 30);
    BOOST_TEST(view.found().records == 0);
    BOOST_TEST(view.found().snapshots.size() == 15);
    BOOST_TEST((inspect_run(test.disk, "/run", {})->verdict == condition::clean));
}

BOOST_AUTO_TEST_CASE(a_compaction_that_fails_is_told_and_tried_again) {
    still_checkpoint test(every_result(), page_size + 1000); // a frame each
    append_one_and_wait(test, 1);
    const auto sound = test.disk.contents(first_segment);
    auto spoilt = sound;
    spoilt[page_size + frame_header_size] ^= 1;
    test.disk.set_contents(first_segment, spoilt); // a bad sector, for now
    append_one_and_wait(test, 2);
    test.run_until([&] { return !test.troubles.empty(); });
    BOOST_TEST(test.troubles.front().find("the log cannot be compacted for now") == 0u);
    BOOST_TEST(test.log->figures().snapshots == 0);

    test.disk.set_contents(first_segment, sound);
    test.settle();
    test.clock.advance(10s);
    test.run_until([&] { return test.log->figures().snapshots == 1; });
    BOOST_TEST(!test.log->failed().has_value());
    append_one_and_wait(test, 3);
    BOOST_TEST(test.stop().has_value());
    BOOST_TEST(test.troubles.size() == 1);
    BOOST_TEST(run_view::open(test.disk, "/run")->counted().completed_count() == 3);
}

BOOST_AUTO_TEST_CASE(a_compaction_that_fails_at_the_end_leaves_the_log_for_the_next_session) {
    still_checkpoint test(every_result(), page_size + 1000);
    append_one_and_wait(test, 1);
    const auto sound = test.disk.contents(first_segment);
    auto spoilt = sound;
    spoilt[page_size + frame_header_size] ^= 1;
    test.disk.set_contents(first_segment, spoilt);
    append_one_and_wait(test, 2);
    BOOST_TEST(test.stop().has_value());
    BOOST_TEST(!test.troubles.empty());
    BOOST_TEST(segments_of(test.disk) == 3);
    test.disk.set_contents(first_segment, sound);
    const auto view = run_view::open(test.disk, "/run");
    BOOST_REQUIRE(view.has_value());
    BOOST_TEST(view->found().closed);
    BOOST_TEST(view->found().records == 2);
    auto store = run_store::open(test.disk, "/run", make_options(1 << 20, 2), {});
    BOOST_REQUIRE(store.has_value());
    BOOST_TEST(segments_of(test.disk) == 1);
}

BOOST_AUTO_TEST_CASE(who_is_in_a_hurry_leaves_compaction_to_the_next_session) {
    still_checkpoint test(every_result());
    append_one_and_wait(test, 1);
    test.log->hurry();
    BOOST_TEST(test.stop().has_value());
    const auto view = run_view::open(test.disk, "/run");
    BOOST_REQUIRE(view.has_value());
    BOOST_TEST(view->found().closed);
    BOOST_TEST(view->found().snapshots.empty());
    BOOST_TEST(view->counted().completed_count() == 1);
}

BOOST_AUTO_TEST_CASE(too_much_log_that_waits_closes_the_door) {
    auto settings = every_result();
    settings.max_sealed_bytes = 3 * page_size;
    still_checkpoint test(settings, page_size + 1000);
    append_one_and_wait(test, 1);
    const auto sound = test.disk.contents(first_segment);
    auto spoilt = sound;
    spoilt[page_size + frame_header_size] ^= 1;
    test.disk.set_contents(first_segment, spoilt);
    append_one_and_wait(test, 2);
    BOOST_TEST(test.log->has_room());
    append_one_and_wait(test, 3);
    BOOST_TEST(!test.log->has_room());
    test.run_until([&] { return !test.troubles.empty(); });
    test.disk.set_contents(first_segment, sound);
    test.settle();
    test.clock.advance(10s);
    test.run_until([&] { return test.log->figures().snapshots == 2; });
    test.wait_for_disk();
    BOOST_TEST(test.log->has_room());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
