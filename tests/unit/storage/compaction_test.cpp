// From a sealed segment to a snapshot: which records stay, and what the others leave behind.
#include "store_bench.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/ledger_codec.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

// Writes the records, a frame each, closes the run and compacts it.
memory_file_system compacted(const std::vector<std::string>& records) {
    memory_file_system disk;
    auto store = create_run(disk);
    for (const auto& record : records) require(store->append(record, 1));
    require(store->close());
    compact_all(*store);
    return disk;
}

std::string bytes_of(const ledger& counted) {
    std::string bytes;
    append_ledger(bytes, counted);
    return bytes;
}

ledger fold(const std::vector<std::string>& records) {
    ledger counted;
    for (std::string_view bytes : records)
        counted.apply(read_outcome(take_record(bytes).value()).value());
    return counted;
}

} // namespace

BOOST_AUTO_TEST_SUITE(compaction)

BOOST_AUTO_TEST_CASE(of_a_questions_records_the_one_of_the_highest_rank_stays) {
    const auto answered = make_record(1, "said", record_kind::answered);
    const auto answered_later = make_record(1, "said later", record_kind::answered);
    const auto failed = make_record(1, "why", record_kind::failed);
    const auto failed_later = make_record(1, "why later", record_kind::failed);
    const auto first = make_record(1, "first"), second = make_record(1, "second");
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{failed, answered, first}, first},
        {{first, answered, failed}, first},
        {{first, second}, first},
        {{failed, failed_later}, failed_later},
        {{answered, answered_later}, answered_later},
        {{answered, failed}, answered},
        {{failed, answered, failed_later}, answered},
        {{answered, first, answered_later, failed, second}, first}};
    for (const auto& [records, kept] : cases) {
        auto disk = compacted(records);
        BOOST_TEST(records_of(disk) == std::vector{kept}, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_result_survives_as_one) {
    const auto answer = make_record(2, "paid for", record_kind::answered);
    auto disk = compacted({numbered(1), answer, make_record(2, "", record_kind::failed)});
    const auto view = run_view::open(disk, run);
    require(view);
    BOOST_TEST(view->counted().answered(2));
    BOOST_TEST(!view->counted().failed(2));
    BOOST_TEST(view->found().records == 0u);
    auto store = open_run(disk);
    const auto body = store->read_body(2);
    require(body);
    BOOST_TEST_REQUIRE(body->has_value());
    BOOST_TEST(**body == make_body(2, "paid for", record_kind::answered));
}

BOOST_AUTO_TEST_CASE(sessions_all_stay_and_stand_first) {
    const auto session = [](const char* what) {
        return make_record(0, what, record_kind::session);
    };
    auto disk = compacted({session("a"), numbered(7), session("b"), numbered(3), session("a")});
    BOOST_TEST(records_of(disk) == (std::vector{session("a"), session("b"), session("a"),
                                                numbered(3), numbered(7)}),
               boost::test_tools::per_element());
}

// What a snapshot tells is the fold over everything that it was made from.
BOOST_AUTO_TEST_CASE(figures_and_records_are_those_of_the_log) {
    std::mt19937_64 random(4);
    for (int round = 0; round < 50; ++round) {
        std::vector<std::string> records;
        std::map<question_id, std::string> counting; // by the rule, told once more
        std::map<question_id, record_kind> kinds;
        const auto rank = [](record_kind kind) {
            return kind == record_kind::result ? 3 : kind == record_kind::answered ? 2 : 1;
        };
        for (int i = 0; i < 40; ++i) {
            const auto id = 1 + random() % 15;
            const auto kind = static_cast<record_kind>(1 + random() % 3);
            records.push_back(make_record(id, std::to_string(i), kind));
            const auto before = kinds.find(id);
            if (before != kinds.end() && (rank(before->second) > rank(kind) ||
                                          (before->second == kind && kind == record_kind::result)))
                continue;
            kinds[id] = kind;
            counting[id] = records.back();
        }
        auto disk = compacted(records);
        const auto view = run_view::open(disk, run);
        require(view);
        BOOST_REQUIRE(bytes_of(view->counted()) == bytes_of(fold(records)));
        std::vector<std::string> expected;
        for (const auto& [id, record] : counting) expected.push_back(record);
        BOOST_TEST(records_of(*view) == expected, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_lost_note_is_passed_over) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 2);
    require(store->note());
    append_each(*store, 3, 4);
    require(store->close());
    flip(disk, segment(1), 3 * page_size + 8);
    compact_all(*store);
    BOOST_TEST(records_of(disk) == numbered_to(4), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_damaged_segment_is_not_compacted_and_stays) {
    memory_file_system disk;
    auto store = create_run(disk);
    append_each(*store, 1, 4);
    require(store->close());
    flip(disk, segment(1), 2 * page_size + frame_header_size);
    const auto before = disk.contents(segment(1));
    const auto names = disk.list(run).value();
    const auto built = store->compact();
    BOOST_TEST_REQUIRE(fails_as(built, failure_code::damaged));
    BOOST_TEST(built.error().detail == "record 2 cannot be read any more");
    BOOST_TEST((disk.contents(segment(1)) == before));
    BOOST_TEST(disk.list(run).value() == names, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_body_that_is_not_its_records_is_not_compacted) {
    memory_file_system disk;
    auto store = create_run(disk);
    require(store->append(make_raw_record(1, make_body(2, "of another")), 1));
    require(store->close());
    BOOST_TEST(!store->compact().has_value());
    BOOST_TEST(!disk.contents(segment(1)).empty());
}

BOOST_AUTO_TEST_CASE(a_compaction_at_whose_every_call_the_disk_fails_once_can_be_done_again) {
    memory_file_system whole;
    std::size_t begin = 0;
    const auto prepare = [&](memory_file_system& disk) {
        auto store = create_run(disk);
        append_each(*store, 1, 3);
        require(store->close());
        begin = disk.calls().size();
        return store;
    };
    auto store = prepare(whole);
    auto job = store->next_compaction();
    BOOST_TEST_REQUIRE(job.has_value());
    require(build_snapshot(whole, *job));
    const auto calls = whole.calls().size() - begin;
    BOOST_TEST(calls > 10u);
    for (std::size_t call = 1; call <= calls; ++call) {
        memory_file_system disk;
        store = prepare(disk);
        disk.plan({disk_fault::effect::fails_once, begin + call, failure_code::disk_full});
        BOOST_TEST(fails_as(store->compact(), failure_code::disk_full), "call " << call);
        BOOST_TEST(!disk.contents(segment(1)).empty());
        BOOST_TEST(disk.misuse().empty());
        compact_all(*store);
        BOOST_TEST(log_files(disk) == (std::vector{snapshot(1, 3), segment(4)}),
                   boost::test_tools::per_element());
        BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
    }
}

// The order of completion is not that of the questions: near, far, and back again.
BOOST_AUTO_TEST_CASE(records_far_apart_are_all_found) {
    memory_file_system disk;
    std::vector<std::string> in_order;
    {
        auto store = create_run(disk);
        std::string batch;
        for (question_id at = 0; at < 900; ++at) {
            const auto id = at < 600 ? at + 1 : 900 - (at * 7 % 300);
            batch += make_record(id, std::string(300, static_cast<char>('a' + id % 26)));
        }
        require(store->append(batch, 900));
        for (question_id id = 1; id <= 900; ++id)
            in_order.push_back(make_record(id, std::string(300, static_cast<char>('a' + id % 26))));
        require(store->close());
        compact_all(*store);
    }
    auto reader = snapshot_reader::open(disk, run, {1, 900, 1});
    require(reader);
    snapshot_cursor cursor(std::move(*reader));
    for (const auto& wanted : in_order) {
        const auto entry = cursor.next();
        require(entry);
        BOOST_TEST_REQUIRE(entry->has_value());
        BOOST_TEST(((*entry)->record.bytes == wanted));
    }
}

BOOST_AUTO_TEST_CASE(a_record_that_is_no_longer_where_it_was_is_damage) {
    memory_file_system disk;
    const auto bytes = make_record(1, "there");
    auto store = create_run(disk, full_at(1));
    append_each(*store, 1, 2);
    const auto job = store->next_compaction();
    BOOST_TEST_REQUIRE(job.has_value());
    std::string_view left = bytes;
    const auto record = take_record(left).value();
    const auto size = static_cast<std::uint32_t>(bytes.size());
    for (const auto place : {record_place{page_size + 1, 0, size}, {1 << 20, 0, size}}) {
        const auto built = build_snapshot(
            disk, *job, [&](const record_visitor& visit) { return visit(record, place, 1); });
        BOOST_TEST(fails_as(built, failure_code::damaged), "offset " << place.offset);
        store->abandon(*job);
    }
}

BOOST_AUTO_TEST_SUITE_END()
