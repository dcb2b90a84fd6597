// What the crash programme (tests/fault) has found, each kept by itself.
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace proctor;
using namespace proctor::test;

namespace {

const std::string run = "/run";

template <class T>
void require(const result<T>& done) {
    BOOST_TEST_REQUIRE(done.has_value(), (done ? "" : done.error().message()));
}

// Two sealed segments, one of which has just become a snapshot when the process is killed: its name
// is in no sync yet.
memory_file_system killed_while_adopting() {
    memory_file_system disk;
    auto made = run_store::create(disk, run, make_identity(), make_options(2 * page_size, 1));
    require(made);
    auto& store = **made;
    for (question_id id = 1; id <= 3; ++id) {
        require(store.append(make_record(id, "text"), 1));
        require(store.sync());
    }
    const auto job = store.next_compaction();
    const auto built = build_snapshot(disk, *job);
    require(built);
    const auto name = run + "/" + snapshot_name(*built);
    require(disk.rename(name + ".tmp", name));
    return disk.after_kill();
}

} // namespace

BOOST_AUTO_TEST_SUITE(crash_findings)

BOOST_AUTO_TEST_CASE(recovery_makes_the_names_it_trusts_durable_before_it_makes_new_ones) {
    const auto killed = killed_while_adopting();
    for (disk_fault death{.at = 1};; ++death.at) {
        auto dying = killed.after_kill();
        dying.plan(death);
        try {
            require(run_store::open(dying, run, make_options(2 * page_size, 2), {}));
            break; // it did not get that far
        } catch (const machine_died&) {
        }
        for (std::uint64_t seed = 0; seed < 16; ++seed) {
            random_engine random(seed);
            auto found = dying.after_power_cut(random);
            const auto view = run_view::open(found, run);
            require(view);
            BOOST_TEST(view->counted().completed_count() == 3u);
        }
    }
}

BOOST_AUTO_TEST_CASE(superseded_records_cost_what_they_did_beside_a_result_of_two_snapshots) {
    memory_file_system disk;
    ledger expected;
    const auto session = [&](run_store& store, std::string records, std::uint32_t count) {
        require(store.append(records, count));
        require(store.sync());
        for (std::string_view left = records; !left.empty();)
            expected.apply(*read_outcome(*take_record(left)));
    };
    {
        auto made = run_store::create(disk, run, make_identity(), make_options(1 << 20, 1));
        require(made);
        session(**made, make_record(1, "first"), 1);
    }
    for (std::uint64_t seed = 2; seed < 4; ++seed) {
        auto opened = run_store::open(disk, run, make_options(1 << 20, seed), {});
        require(opened);
        if (seed == 2)
            session(**opened,
                    make_record(2, "no", record_kind::failed) + make_record(2, "yes") +
                        make_record(1, "second"),
                    3);
    }
    const auto view = run_view::open(disk, run);
    require(view);
    BOOST_TEST(view->found().snapshots.size() == 2u);
    BOOST_TEST(view->counted().attempts() == expected.attempts());
    BOOST_TEST(view->counted().usage().prompt == expected.usage().prompt);
    BOOST_TEST(view->counted().completed_count() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
