// What a walk over a run holds at a time.
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace proctor;
using namespace proctor::test;

namespace {

std::ptrdiff_t opened_files(const memory_file_system& disk) {
    return std::count(disk.calls().begin(), disk.calls().end(), disk_call::open);
}

} // namespace

BOOST_AUTO_TEST_SUITE(run_cursor_)

// The log's tail has the highest questions: it once made all snapshots open at the first step.
BOOST_AUTO_TEST_CASE(a_tail_ahead_of_the_snapshots_does_not_wake_them_all) {
    memory_file_system disk;
    const auto store =
        run_store::create(disk, "/run", make_identity(), make_options(1 << 14, 1)).value();
    for (question_id id = 1; id <= 50; ++id) {
        store->append(make_record(id, "x"), 1).value();
        store->sync().value();
        while (store->compact().value()) {
        }
    }
    const auto view = run_view::open(disk, "/run").value();
    BOOST_TEST_REQUIRE(view.found().snapshots.size() > 5u);
    BOOST_TEST_REQUIRE(view.found().records > 0u); // in the tail

    const auto before = opened_files(disk);
    auto records = view.records();
    BOOST_TEST_REQUIRE(records.next().value().has_value());
    BOOST_TEST(opened_files(disk) - before == 1);
    question_id behind = 1;
    while (const auto entry = records.next().value()) {
        BOOST_TEST(entry->record.question == behind + 1);
        behind = entry->record.question;
    }
    BOOST_TEST(behind == 50u);
}

// In order, with gaps, over snapshots with session records and a tail.
BOOST_AUTO_TEST_CASE(it_can_begin_at_any_question) {
    memory_file_system disk;
    const auto store =
        run_store::create(disk, "/run", make_identity(), make_options(1 << 12, 1)).value();
    store->append(make_record(0, "began", record_kind::session), 1).value();
    for (question_id id = 2; id <= 60; id += 2) {
        store->append(make_record(id, "x"), 1).value();
        store->sync().value();
        while (store->compact().value()) {
        }
    }
    store->append(make_record(1, "late"), 1).value();
    store->append(make_record(0, "ended", record_kind::session), 1).value();
    store->sync().value();
    const auto view = run_view::open(disk, "/run").value();
    BOOST_TEST_REQUIRE(view.found().snapshots.size() > 2u);
    BOOST_TEST_REQUIRE(view.found().records > 2u);

    std::vector<question_id> all{0, 0, 1};
    for (question_id id = 2; id <= 60; id += 2) all.push_back(id);
    for (question_id first = 0; first <= 61; ++first) {
        std::vector<question_id> seen;
        auto records = view.records(first);
        while (const auto entry = records.next().value()) seen.push_back(entry->record.question);
        BOOST_TEST(seen == std::vector(std::lower_bound(all.begin(), all.end(), first), all.end()),
                   boost::test_tools::per_element());
    }
    // What lies before is not even opened.
    const auto before = opened_files(disk);
    auto last = view.records(60);
    BOOST_TEST(last.next().value()->record.question == 60u);
    BOOST_TEST(opened_files(disk) - before <= 1);
}

BOOST_AUTO_TEST_SUITE_END()
