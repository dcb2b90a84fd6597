// Reading a run that nobody holds, or that somebody does and goes on with.
#include "store_bench.hpp"

#include "support/forwarding_disk.hpp"

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

// A disk on which something happens right after a directory was listed, or a file was opened.
class busy_disk final : public forwarding_disk {
public:
    using forwarding_disk::forwarding_disk;

    std::function<void()> after_list, after_open;

    result<std::unique_ptr<file>> open(const std::string& path) override {
        auto opened = forwarding_disk::open(path);
        if (after_open) after_open();
        return opened;
    }
    result<std::vector<std::string>> list(const std::string& path) override {
        auto names = forwarding_disk::list(path);
        if (after_list) after_list();
        return names;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(a_view)

BOOST_AUTO_TEST_CASE(a_directory_that_is_no_run_is_told) {
    memory_file_system disk;
    BOOST_TEST(fails_as(run_view::open(disk, run), failure_code::not_found));
    require(disk.make_directory(run));
    BOOST_TEST(fails_as(run_view::open(disk, run), failure_code::not_found));
}

BOOST_AUTO_TEST_CASE(an_empty_run_has_no_records) {
    memory_file_system disk;
    create_run(disk);
    const auto view = run_view::open(disk, run);
    require(view);
    BOOST_TEST((view->identity().settings == make_identity().settings));
    BOOST_TEST(records_of(*view).empty());
    const auto found = view->find(1);
    require(found);
    BOOST_TEST(!found->has_value());
}

// Questions in any order and asked again, over snapshots, sealed segments and the active one.
BOOST_AUTO_TEST_CASE(records_come_in_order_of_question_wherever_they_stand) {
    std::mt19937_64 random(8);
    for (int round = 0; round < 60; ++round) {
        memory_file_system disk;
        auto store = create_run(disk, full_at(2 + random() % 4));
        std::map<question_id, std::pair<record_kind, std::string>> counting;
        std::vector<std::string> sessions;
        const auto questions = 1 + random() % 30;
        for (int i = 0; i < 40; ++i) {
            const auto kind = static_cast<record_kind>(1 + random() % 4);
            const auto id = kind == record_kind::session ? 0 : 1 + random() % questions;
            const auto payload = std::to_string(i);
            const auto record = make_record(id, payload, kind);
            require(store->append(record, 1));
            if (random() % 8 == 0) require(store->compact());
            if (kind == record_kind::session) {
                sessions.push_back(record);
                continue;
            }
            const auto before = counting.find(id);
            if (before == counting.end() || supersedes(kind, before->second.first))
                counting[id] = {kind, record};
        }
        const auto view = run_view::open(disk, run);
        require(view);
        auto expected = sessions;
        for (const auto& [id, record] : counting) expected.push_back(record.second);
        BOOST_TEST(records_of(*view) == expected, boost::test_tools::per_element());
        for (question_id id = 1; id <= questions + 1; ++id) {
            const auto found = view->find(id);
            require(found);
            const auto known = counting.find(id);
            BOOST_TEST_REQUIRE(found->has_value() == (known != counting.end()));
            if (*found) BOOST_TEST((**found == known->second.second.substr(record_header_size)));
        }
        std::uint64_t completed = 0;
        for (const auto& [id, record] : counting) completed += record.first == record_kind::result;
        BOOST_TEST(view->counted().completed_count() == completed);
    }
}

BOOST_AUTO_TEST_CASE(a_run_that_somebody_holds_is_read_to_its_last_frame) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 2);
    require(store->append(numbered(3), 1)); // not durable: it is there for whoever reads now
    BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
    disk.set_contents("/half", disk.contents(segment(1)) + "half a frame");
    auto other = disk.after_kill();
    other.set_contents(segment(1), other.contents("/half"));
    const auto before = other.list(run).value();
    const auto view = run_view::open(other, run);
    require(view);
    BOOST_TEST(view->found().torn.has_value());
    BOOST_TEST(records_of(*view) == numbered_to(3), boost::test_tools::per_element());
    BOOST_TEST(other.list(run).value() == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_view_stays_what_it_was_while_the_run_is_compacted_and_goes_on) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 5);
    const auto view = run_view::open(disk, run);
    require(view);
    auto cursor = view->records();
    const auto first = cursor.next();
    require(first);
    BOOST_TEST_REQUIRE(first->has_value());
    BOOST_TEST((*first)->record.question == 1u);

    compact_all(*store); // segments that the view reads lose their names
    append_each(*store, 6, 12);
    require(store->append(make_record(3, "later"), 1));
    compact_all(*store);
    for (question_id id = 2; id <= 5; ++id) {
        const auto entry = cursor.next();
        require(entry);
        BOOST_TEST_REQUIRE(entry->has_value());
        std::string bytes;
        append_record(bytes, (*entry)->record);
        BOOST_TEST((bytes == numbered(id)));
    }
    BOOST_TEST(!cursor.next().value().has_value());
    BOOST_TEST(records_of(*view) == numbered_to(5), boost::test_tools::per_element());
    const auto found = view->find(4);
    require(found);
    BOOST_TEST(found->has_value());
    BOOST_TEST(!view->find(7).value().has_value());
}

// A compaction comes between any two looks of an opening at the disk.
BOOST_AUTO_TEST_CASE(a_segment_that_becomes_a_snapshot_while_the_run_is_opened_is_found_there) {
    for (int moment = 0;; ++moment) {
        memory_file_system disk;
        auto store = create_run(disk, full_at(3));
        append_each(*store, 1, 6);
        busy_disk busy(disk);
        int looks = 0;
        const auto compact_once = [&] {
            if (looks++ == moment) compact_all(*store);
        };
        busy.after_list = busy.after_open = compact_once;
        const auto view = run_view::open(busy, run);
        require(view);
        BOOST_TEST(records_of(*view) == numbered_to(6), boost::test_tools::per_element());
        BOOST_TEST(view->counted().completed_count() == 6u);
        if (looks <= moment) break;
    }
}

BOOST_AUTO_TEST_CASE(a_segment_that_is_gone_for_good_is_damage_and_not_looked_for_again) {
    auto disk = crashed_run(3);
    busy_disk busy(disk);
    int lists = 0;
    busy.after_list = [&] {
        if (++lists == 1) require(disk.remove(segment(1)));
    };
    BOOST_TEST(fails_as(run_view::open(busy, run), failure_code::damaged));
    BOOST_TEST(lists == 2);
}

// An opening does not go on for ever.
BOOST_AUTO_TEST_CASE(what_is_never_where_its_name_was_is_looked_for_only_so_often) {
    auto disk = crashed_run(3);
    auto whole = disk.after_kill();
    require(run_view::open(whole, run));
    const auto last = whole.calls().size();
    BOOST_TEST_REQUIRE((whole.calls().back() == disk_call::open)); // a segment, to keep it
    disk = disk.after_kill();
    disk.plan({disk_fault::effect::fails_once, last, failure_code::not_found});
    BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());

    disk = disk.after_kill();
    int opened = 0;
    busy_disk busy(disk);
    const std::string aside = "/aside";
    busy.after_list = [&] { require(disk.rename(segment(1), aside)); };
    busy.after_open = [&] { // the segment, which is not there, or LOCK and run.json
        if (++opened > 1) require(disk.rename(aside, segment(1)));
    };
    BOOST_TEST(fails_as(run_view::open(busy, run), failure_code::not_found));
    BOOST_TEST(opened == 1 + 16);
}

BOOST_AUTO_TEST_CASE(damage_in_a_snapshot_is_told_when_it_is_read) {
    auto disk = crashed_run(3);
    open_run(disk);
    flip(disk, snapshot(1, 3, 2), snapshot_header_size + block_header_size + 20);
    const auto view = run_view::open(disk, run); // footers are sound
    require(view);
    BOOST_TEST(fails_as(view->find(2), failure_code::damaged));
    auto cursor = view->records();
    BOOST_TEST(fails_as(cursor.next(), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(a_run_is_seen_as_it_was_at_a_snapshot) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 1);
    require(store->append(make_record(7, "paid for", record_kind::answered), 1));
    append_each(*store, 3, 6);
    require(store->append(make_record(7, "marked"), 1));
    require(store->close());
    compact_all(*store);
    const auto as_of = [&](lsn first, lsn last) {
        return run_view::open_as_of(disk, run, {first, last, 1});
    };
    const auto early = as_of(1, 2);
    require(early);
    BOOST_TEST(early->counted().completed_count() == 1u);
    BOOST_TEST(early->counted().answered(7));
    BOOST_TEST(records_of(*early) ==
                   (std::vector{numbered(1), make_record(7, "paid for", record_kind::answered)}),
               boost::test_tools::per_element());
    BOOST_TEST(!early->find(3).value().has_value());
    const auto later = as_of(3, 4);
    require(later);
    BOOST_TEST(later->counted().completed_count() == 3u);
    BOOST_TEST(later->found().next_lsn == 5u);
    BOOST_TEST(*later->find(7).value() == make_body(7, "paid for", record_kind::answered));
    BOOST_TEST(*run_view::open(disk, run)->find(7).value() == make_body(7, "marked"));
    BOOST_TEST(fails_as(as_of(1, 4), failure_code::not_found));
}

BOOST_AUTO_TEST_CASE(as_it_was_it_cannot_be_seen_where_a_question_has_results_in_two_snapshots) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(2));
    for (const auto& record : {make_record(1, "first"), make_record(1, "second")})
        require(store->append(record, 1));
    require(store->close());
    compact_all(*store);
    require(run_view::open_as_of(disk, run, {1, 1, 1}));
    BOOST_TEST(fails_as(run_view::open_as_of(disk, run, {2, 2, 1}), failure_code::unsupported));
}

BOOST_AUTO_TEST_CASE(another_runs_snapshot_is_damage) {
    auto disk = crashed_run(3);
    open_run(disk);
    auto text = disk.contents(snapshot(1, 3, 2));
    auto header = decode_snapshot_header(text).value();
    header.run.fill('x');
    disk.set_contents(snapshot(1, 3, 2), text.replace(0, snapshot_header_size, encode(header)));
    BOOST_TEST(fails_as(run_view::open(disk, run), failure_code::damaged));
    BOOST_TEST(fails_as(run_view::open_as_of(disk, run, {1, 3, 2}), failure_code::damaged));
    BOOST_TEST((inspected(disk) == condition::damaged));
}

BOOST_AUTO_TEST_SUITE_END()
