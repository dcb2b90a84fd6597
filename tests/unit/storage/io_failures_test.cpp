// The disk fails once, at every call in turn of everything that is done with a run: either that is
// told, as what it is, or the answer is the right one; and afterwards all is as before.
#include "store_bench.hpp"

#include "proctor/codec/ledger_codec.hpp"
#include "proctor/storage/salvage.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

constexpr question_id last_question = 9;

// All that can be seen of a run.
struct picture {
    std::vector<std::string> records;
    std::vector<std::optional<std::string>> bodies; // by question
    std::string figures;

    bool operator==(const picture&) const = default;
};

result<picture> look_at(const run_view& view) {
    picture seen;
    auto cursor = view.records();
    for (;;) {
        const auto entry = cursor.next();
        if (!entry) return entry.error();
        if (!*entry) break;
        seen.records.emplace_back();
        append_record(seen.records.back(), (*entry)->record);
    }
    for (question_id id = 0; id <= last_question; ++id) {
        auto body = view.find(id);
        if (!body) return body.error();
        seen.bodies.push_back(std::move(*body));
    }
    append_ledger(seen.figures, view.counted());
    return seen;
}

result<picture> look_at(file_system& disk) {
    const auto view = run_view::open(disk, run);
    if (!view) return view.error();
    return look_at(*view);
}

// What operations need that is no part of them.
struct nothing {};
nothing no_preparation(memory_file_system&) {
    return {};
}

// Carries out `operation` on copies of `before`, each a call further failing, until none does.
// It returns what was told of the failure, having tested its answer otherwise. `afterwards` tests
// what is left, when nobody holds the run any more.
template <class Prepare, class Operation, class Afterwards>
std::size_t fail_everywhere(const memory_file_system& before, Prepare prepare, Operation operation,
                            Afterwards afterwards) {
    for (std::size_t call = 1;; ++call) {
        auto disk = before.after_kill();
        bool failed = false;
        {
            auto with = prepare(disk);
            const auto last = disk.calls().size() + call;
            fail_call(disk, failure_code::io_error, call - 1);
            const result<> done = operation(disk, with);
            failed = disk.calls().size() >= last;
            disk.plan({});
            if (!failed) require(done);
            if (!done)
                BOOST_TEST((done.error().code == failure_code::io_error),
                           "call " << call << ": " << done.error().message());
        }
        BOOST_TEST(disk.misuse().empty());
        afterwards(disk);
        if (!failed) return call - 1;
    }
}

// The same for what changes nothing.
template <class Operation>
std::size_t fail_everywhere(const memory_file_system& before, Operation operation) {
    auto whole = before.after_kill();
    const auto expected = look_at(whole);
    require(expected);
    return fail_everywhere(
        before, no_preparation,
        [&](memory_file_system& disk, nothing) { return operation(disk, *expected); },
        [&](memory_file_system& disk) {
            const auto seen = look_at(disk);
            require(seen);
            BOOST_TEST((*seen == *expected));
        });
}

// A log of all that can stand in one: two segments that are in snapshots already, the second of
// several blocks and with a result of a question that has one in the first; and a third.
memory_file_system run_with_snapshots() {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 2);
    auto batch = make_record(1, "again");
    for (question_id id = 3; id <= 7; ++id) {
        const std::string payload(120'000, static_cast<char>('a' + id));
        batch += make_record(id, payload, id == 5 ? record_kind::answered : record_kind::result);
    }
    require(store->append(batch, 6));
    require(store->sync());
    require(store->append(numbered(8), 1));
    compact_all(*store);
    require(store->append(numbered(9) + make_record(4, "and again"), 2));
    return disk;
}

// Segments that hold what snapshots cover, of which a frame is damaged, a note that was lost, a
// torn tail which is in quarantine already, files that others supersede and what a crash left.
memory_file_system run_of_many_accidents() {
    auto disk = crashed_run(3);
    open_run(disk);
    memory_file_system longer;
    {
        auto store = create_run(longer);
        append_each(*store, 1, 4);
        require(store->note());
        append_each(*store, 5, 6);
    }
    require(disk.remove(segment(4, 2)));
    disk.set_contents(segment(1), longer.contents(segment(1)) + std::string(9000, 'x'));
    flip(disk, segment(1), 2 * page_size + 9);                 // the header of record 2's frame
    flip(disk, segment(1), 3 * page_size + frame_header_size); // record 3
    flip(disk, segment(1), 5 * page_size + 9);                 // the note
    const auto quarantine = join_path(run, quarantine_directory);
    require(disk.make_directory(quarantine));
    disk.set_contents(join_path(quarantine, segment_name({1, 1})), "a torn one of that name");
    disk.set_contents(snapshot(1, 3, 1), "superseded");
    disk.set_contents(snapshot(4, 9, 1) + ".tmp", "half a snapshot");
    return disk;
}

std::vector<memory_file_system> all_runs() {
    std::vector<memory_file_system> runs;
    runs.push_back(run_with_snapshots());
    runs.push_back(run_of_many_accidents());
    runs.push_back(crashed_run(5, full_at(3)));
    runs.push_back(crashed_run(2));
    auto& torn = runs.back();
    torn.set_contents(segment(1), torn.contents(segment(1)) + "torn");
    return runs;
}

// The same, whoever opened the run meanwhile.
auto is_still(const picture& expected) {
    return [&expected](memory_file_system& disk) {
        for (int opened = 0; opened < 2; ++opened) {
            const auto seen = look_at(disk);
            require(seen);
            BOOST_TEST((*seen == expected));
            BOOST_TEST((inspected(disk) != condition::damaged));
            open_run(disk);
        }
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(io_failures)

BOOST_AUTO_TEST_CASE(a_view_tells_of_every_one_of_them) {
    for (const auto& before : all_runs()) {
        const auto calls = fail_everywhere(
            before, [](memory_file_system& disk, const picture& expected) -> result<> {
                const auto seen = look_at(disk);
                if (!seen) return seen.error();
                BOOST_TEST((*seen == expected));
                return {};
            });
        BOOST_TEST(calls > 10u);
    }
}

BOOST_AUTO_TEST_CASE(a_view_of_an_earlier_snapshot_tells_of_every_one_of_them) {
    const auto before = run_of_many_accidents();
    fail_everywhere(before, [](memory_file_system& disk, const picture&) -> result<> {
        const auto view = run_view::open_as_of(disk, run, {1, 3, 2});
        if (!view) return view.error();
        const auto seen = look_at(*view);
        if (!seen) return seen.error();
        BOOST_TEST(seen->records == numbered_to(3), boost::test_tools::per_element());
        return {};
    });
}

BOOST_AUTO_TEST_CASE(an_opening_tells_of_every_one_of_them_or_is_complete) {
    for (const auto& before : all_runs()) {
        auto whole = before.after_kill();
        const auto expected = look_at(whole);
        require(expected);
        const auto calls = fail_everywhere(
            before, no_preparation,
            [&](memory_file_system& disk, nothing) -> result<> {
                auto opened = run_store::open(disk, run, make_options(1 << 20, 2), {});
                if (!opened) return opened.error();
                std::string figures;
                append_ledger(figures, (*opened)->found().counted);
                BOOST_TEST((figures == expected->figures));
                return {};
            },
            is_still(*expected));
        BOOST_TEST(calls > 30u);
    }
}

BOOST_AUTO_TEST_CASE(a_run_from_its_making_to_its_end_loses_nothing_that_it_acknowledged) {
    lsn acknowledged = 0;
    const auto calls = fail_everywhere(
        memory_file_system(), no_preparation,
        [&](memory_file_system& disk, nothing) -> result<> {
            acknowledged = 0;
            auto created = run_store::create(disk, run, make_identity(), make_options(1 << 20, 1));
            if (!created) return created.error();
            auto& store = **created;
            auto done = store.append(numbered(1), 1);
            if (done) done = store.sync();
            if (done) done = store.note();
            if (done) done = store.append(numbered(2), 1);
            if (done) done = store.close();
            acknowledged = store.durable();
            return done;
        },
        [&](memory_file_system& disk) {
            for (std::uint64_t seed = 0; seed < 4; ++seed) {
                random_engine random(seed);
                auto found = seed == 0 ? disk.after_kill() : disk.after_power_cut(random);
                const auto view = run_view::open(found, run);
                if (!view) {
                    BOOST_TEST((view.error().code == failure_code::not_found));
                    BOOST_TEST(acknowledged == 0u);
                    continue;
                }
                const auto records = records_of(*view);
                const auto all = numbered_to(2);
                BOOST_TEST_REQUIRE(records.size() <= all.size());
                BOOST_TEST(records.size() >= acknowledged);
                BOOST_TEST(std::equal(records.begin(), records.end(), all.begin()));
            }
        });
    BOOST_TEST(calls > 20u);
}

BOOST_AUTO_TEST_CASE(a_body_that_is_looked_for_is_the_right_one_or_none) {
    const auto before = run_with_snapshots();
    auto whole = before.after_kill();
    const auto expected = look_at(whole);
    require(expected);
    fail_everywhere(
        before, [](memory_file_system& disk) { return open_run(disk); },
        [&](memory_file_system&, const std::unique_ptr<run_store>& store) -> result<> {
            result<> failed;
            for (question_id id = 1; id <= last_question; ++id) {
                const auto body = store->read_body(id);
                if (body)
                    BOOST_TEST((*body == expected->bodies.at(id)));
                else
                    failed = body.error();
            }
            return failed;
        },
        is_still(*expected));
}

// Of a segment with a note that was lost, of several blocks.
BOOST_AUTO_TEST_CASE(a_compaction_tells_of_every_one_of_them_and_may_be_done_again) {
    memory_file_system before;
    {
        auto store = create_run(before);
        append_each(*store, 1, 2);
        require(store->note());
        for (question_id id = 3; id <= 7; ++id)
            require(store->append(make_record(id, std::string(120'000, 'x')), 1));
        require(store->sync());
        require(store->note());
    }
    auto whole = before.after_kill();
    const auto expected = look_at(whole);
    require(expected);
    flip(before, segment(1), 3 * page_size + 9);
    compaction_job job;
    job.directory = run;
    job.header.run = make_identity().id;
    job.header.last_lsn = 7;
    job.header.salt = 4;
    job.header.epoch = 2;
    const auto calls = fail_everywhere(
        before, no_preparation,
        [&](memory_file_system& disk, nothing) -> result<> {
            const auto built = build_snapshot(disk, job);
            if (!built) return built.error();
            return disk.rename(snapshot(1, 7, 2) + ".tmp", snapshot(1, 7, 2));
        },
        is_still(*expected));
    BOOST_TEST(calls > 30u);
}

BOOST_AUTO_TEST_CASE(a_snapshot_is_adopted_or_the_store_ends) {
    const auto before = crashed_run(0);
    const auto prepare = [](memory_file_system& disk) {
        auto store = open_run(disk);
        append_each(*store, 1, 3);
        require(store->close());
        return store;
    };
    const auto calls = fail_everywhere(
        before, prepare,
        [&](memory_file_system&, const std::unique_ptr<run_store>& store) -> result<> {
            const auto compacted = store->compact();
            if (!compacted) return compacted.error();
            BOOST_TEST(*compacted);
            return {};
        },
        [](memory_file_system& disk) {
            BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
            open_run(disk);
            BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
        });
    BOOST_TEST(calls > 10u);
}

// After the failure of a sync all that follows may fail as well; with or without a record in the
// file that was durable before.
BOOST_AUTO_TEST_CASE(what_was_acknowledged_outlives_a_second_failure_while_a_sync_is_made_good) {
    for (const lsn durable : {0, 2})
        for (std::size_t call = 1;; ++call) {
            memory_file_system disk;
            auto store = create_run(disk);
            append_each(*store, 1, durable);
            require(store->append(numbered(durable + 1), 1));
            const auto sync = disk.calls().size() + 1;
            fail_call(disk, failure_code::io_error);
            disk.plan_also({disk_fault::effect::fails_once, sync + call, failure_code::io_error});
            const auto done = store->sync();
            const bool failed = disk.calls().size() >= sync + call;
            disk.plan({});
            BOOST_TEST(done.has_value() == !failed, "call " << call);
            BOOST_TEST(store->durable() == (done ? durable + 1 : durable));
            BOOST_TEST(fails_as(store->append(numbered(durable + 2), 1), failure_code::io_error) ==
                       failed);
            const auto acknowledged = store->durable();
            store.reset();
            BOOST_TEST(disk.misuse().empty());
            for (std::uint64_t seed = 0; seed < 4; ++seed) {
                random_engine random(seed);
                auto found = seed == 0 ? disk.after_kill() : disk.after_power_cut(random);
                const auto records = records_of(found);
                const auto all = numbered_to(durable + 2);
                BOOST_TEST(records.size() >= acknowledged);
                BOOST_TEST(std::equal(records.begin(), records.end(), all.begin()));
                open_run(found);
                BOOST_TEST(records_of(found) == records, boost::test_tools::per_element());
            }
            if (!failed) break;
        }
}

BOOST_AUTO_TEST_CASE(nothing_is_adopted_by_a_store_that_has_ended) {
    memory_file_system disk;
    auto store = create_run(disk, full_at(3));
    append_each(*store, 1, 3);
    const auto job = store->next_compaction();
    BOOST_TEST_REQUIRE(job.has_value());
    const auto built = build_snapshot(disk, *job);
    require(built);
    fail_call(disk, failure_code::io_error);
    BOOST_TEST(fails_as(store->append(numbered(4), 1), failure_code::io_error));
    const auto before = log_files(disk);
    BOOST_TEST(fails_as(store->adopt(*job, *built), failure_code::io_error));
    BOOST_TEST(log_files(disk) == before, boost::test_tools::per_element());
    store.reset();
    BOOST_TEST(records_of(disk) == numbered_to(3), boost::test_tools::per_element());
}

// What recovery alone finds, since the inspection does not read blocks here.
BOOST_AUTO_TEST_CASE(an_inspection_tells_of_every_one_of_them_or_of_the_damage) {
    auto before = run_with_snapshots();
    const auto damaged = log_files(before).at(1);
    flip(before, damaged, snapshot_header_size + block_header_size + 20);
    fail_everywhere(
        before, no_preparation,
        [](memory_file_system& disk, nothing) -> result<> {
            const auto found = inspect_run(disk, run, {}, depth::footers);
            if (!found) return found.error();
            BOOST_TEST((found->verdict == condition::damaged));
            return {};
        },
        [](memory_file_system&) {});
}

BOOST_AUTO_TEST_CASE(a_salvage_gives_nothing_up_for_a_disk_that_failed_once) {
    std::vector<memory_file_system> damaged;
    const auto add = [&](memory_file_system disk, const std::string& path, std::size_t at) {
        flip(disk, path, at);
        damaged.push_back(std::move(disk));
    };
    const auto snapshots = run_with_snapshots();
    auto disk = snapshots.after_kill();
    const auto with_blocks = log_files(disk).at(1);
    add(snapshots.after_kill(), with_blocks, snapshot_header_size + block_header_size + 20);
    add(snapshots.after_kill(), with_blocks, snapshots.contents(with_blocks).size() - 1);
    add(snapshots.after_kill(), with_blocks, 20);
    for (const std::size_t at : {std::size_t{20}, page_size + 9})
        add(crashed_run(7, full_at(3)), segment(3), at);
    for (const auto& before : damaged) {
        auto mended = before.after_kill();
        require(salvage(mended, run, make_options(1 << 20, 7)));
        const auto expected = look_at(mended);
        require(expected);
        fail_everywhere(
            before, no_preparation,
            [](memory_file_system& on, nothing) -> result<> {
                const auto done = salvage(on, run, make_options(1 << 20, 7));
                if (!done) return done.error();
                BOOST_TEST((done->found == condition::damaged));
                return {};
            },
            [&](memory_file_system& on) {
                require(salvage(on, run, make_options(1 << 20, 7)));
                const auto seen = look_at(on);
                require(seen);
                BOOST_TEST((*seen == *expected));
            });
    }
}

// Not even a second name to its original.
BOOST_AUTO_TEST_CASE(a_salvage_gives_nothing_newer_up_for_a_disk_that_failed_once) {
    auto before = crashed_run(3);
    open_run(before);
    auto text = before.contents(snapshot(1, 3, 2));
    auto header = decode_snapshot_header(text).value();
    header.incompatible = 1;
    text.replace(0, snapshot_header_size, encode(header));
    before.set_contents(snapshot(1, 3, 2), text);
    const auto names = before.list(run).value();
    fail_everywhere(
        before, no_preparation,
        [](memory_file_system& disk, nothing) -> result<> {
            const auto done = salvage(disk, run, make_options(1 << 20, 7));
            BOOST_TEST_REQUIRE(!done.has_value());
            if (done.error().code == failure_code::unsupported) return {};
            return done.error();
        },
        [&](memory_file_system& disk) {
            BOOST_TEST((disk.contents(snapshot(1, 3, 2)) == text));
            BOOST_TEST(disk.list(run).value() == names, boost::test_tools::per_element());
        });
}

BOOST_AUTO_TEST_SUITE_END()
