// Looking into snapshots, and what damage is said to cost.
#include "proctor/storage/inspect.hpp"
#include "support/damaged_runs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

struct watcher {
    std::vector<complaint> complaints;
    std::vector<question_id> entries;
    std::vector<std::uint64_t> blocks; // offsets

    inspection_observer observer() {
        inspection_observer observer;
        observer.complain = [this](const complaint& one) { complaints.push_back(one); };
        observer.entry = [this](const std::string&, std::uint64_t, const snapshot_entry& entry) {
            entries.push_back(entry.record.question);
        };
        observer.block = [this](const std::string&, const block_place& place) {
            blocks.push_back(place.offset);
        };
        return observer;
    }
};

// One snapshot of questions 1 to 12 in blocks of three, and a closed segment.
constexpr std::size_t padding = 100'000;
memory_file_system run_of_blocks() {
    memory_file_system disk;
    growing_run(disk).answer_to(12, padding).end();
    return disk;
}

question_set set_of(question_id first, std::uint64_t count) {
    question_set set;
    set.insert_run(first, count);
    return set;
}

} // namespace

BOOST_AUTO_TEST_SUITE(snapshot_inspection)

BOOST_AUTO_TEST_CASE(ranges_of_questions_are_compact_and_bounded) {
    question_set some = set_of(20, 4);
    some.insert(17);
    BOOST_TEST(compact_ranges(some) == "17, 20-23");
    BOOST_TEST(compact_ranges({}).empty());
    question_set many;
    for (question_id id = 1; id < 10'000; id += 2) many.insert(id);
    BOOST_TEST(compact_ranges(many, 3) == "1, 3, 5, … (5000 questions in all)");
}

BOOST_AUTO_TEST_CASE(a_sound_snapshot_is_summed_up) {
    auto disk = run_of_blocks();
    watcher seen;
    const auto run = value_of(inspect_run(disk, run_path, seen.observer()));
    BOOST_TEST((run.verdict == condition::clean));
    BOOST_TEST(seen.complaints.empty());
    BOOST_TEST_REQUIRE(run.snapshots.size() == 1u);
    const auto& one = run.snapshots[0];
    BOOST_TEST((one.key == snapshot_key{1, 12, 1}));
    BOOST_TEST(one.indexed);
    BOOST_TEST(one.blocks == 4u);
    BOOST_TEST(one.records == 12u);
    BOOST_TEST(one.completed == 12u);
    BOOST_TEST(one.first_question == 1u);
    BOOST_TEST(one.last_question == 12u);
    BOOST_TEST(one.raw_bytes > 12 * padding);
    BOOST_TEST(one.stored_bytes < one.file_bytes);
    BOOST_TEST(one.by_kind[std::size_t(record_kind::result)].records == 12u);
    BOOST_TEST(seen.entries.size() == 12u);
    BOOST_TEST(seen.blocks.size() == 4u);
    BOOST_TEST(run.at_risk.size() == 0u);
}

BOOST_AUTO_TEST_CASE(footers_alone_are_what_recovery_reads) {
    auto disk = run_of_blocks();
    flip(disk, names_with(disk, "snapshot-").at(0), 400); // in a block
    watcher seen;
    const auto run = value_of(inspect_run(disk, run_path, seen.observer(), depth::footers));
    BOOST_TEST((run.verdict == condition::clean));
    BOOST_TEST(seen.blocks.empty());
    BOOST_TEST(replay(disk, run_path, growing_run::identity().id, {}).has_value());
    BOOST_TEST((value_of(inspect_run(disk, run_path, {})).verdict == condition::damaged));
}

BOOST_AUTO_TEST_CASE(a_damaged_block_tells_of_its_questions) {
    auto disk = run_of_blocks();
    const auto path = names_with(disk, "snapshot-").at(0);
    const auto block = value_of(snapshot_reader::open(disk, path)).footer().blocks.at(1);
    flip(disk, path, block.offset + block_header_size + 5);
    watcher seen;
    const auto run = value_of(inspect_run(disk, run_path, seen.observer()));
    BOOST_TEST((run.verdict == condition::damaged));
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    const auto& complained = seen.complaints[0];
    BOOST_TEST(complained.offset == block.offset);
    BOOST_TEST(complained.message() ==
               fmt::format("{}, offset {}: the checksum of a block does not match; 3 of records 1 "
                           "to 12 cannot be read, of questions 4-6",
                           path, block.offset));
    BOOST_TEST((run.at_risk == set_of(4, 3)));
    BOOST_TEST(run.at_risk_exactly);
    BOOST_TEST(run.lost_records == 3u);
    const std::vector<question_id> others{1, 2, 3, 7, 8, 9, 10, 11, 12};
    BOOST_TEST(seen.entries == others, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_question_that_another_file_tells_of_is_not_at_risk) {
    auto disk = run_of_blocks();
    {
        auto opened = run_store::open(disk, run_path, make_options(1 << 20, 4), {});
        auto& store = *value_of(opened);
        must_do(store.append(result_record(5), 1));
        must_do(store.close());
    }
    const auto path = names_with(disk, "snapshot-").at(0);
    const auto block = value_of(snapshot_reader::open(disk, path)).footer().blocks.at(1);
    flip(disk, path, block.offset + block_header_size + 5);
    const auto run = value_of(inspect_run(disk, run_path, {}));
    BOOST_TEST(compact_ranges(run.at_risk) == "4, 6");
}

BOOST_AUTO_TEST_CASE(without_its_footer_a_snapshot_is_read_block_by_block) {
    auto disk = run_of_blocks();
    const auto path = names_with(disk, "snapshot-").at(0);
    flip(disk, path, disk.contents(path).size() - 5); // the trailer
    watcher seen;
    const auto run = value_of(inspect_run(disk, run_path, seen.observer()));
    BOOST_TEST((run.verdict == condition::damaged));
    BOOST_TEST(seen.entries.size() == 12u);
    BOOST_TEST(!run.snapshots.at(0).indexed);
    BOOST_TEST(run.lost_records == 0u); // the blocks reach to the footer
    BOOST_TEST(run.at_risk_exactly);
    BOOST_TEST(run.at_risk.size() == 0u);
    BOOST_TEST(!replay(disk, run_path, growing_run::identity().id, {}).has_value());

    flip(disk, path, 400);
    const auto worse = value_of(inspect_run(disk, run_path, {}));
    BOOST_TEST(worse.lost_records == 3u);
    BOOST_TEST(compact_ranges(worse.at_risk) == "4-6, 13-40");
    BOOST_TEST(!worse.at_risk_exactly);
}

BOOST_AUTO_TEST_CASE(a_snapshot_by_itself_can_be_looked_into_under_any_name) {
    auto disk = run_of_blocks();
    disk.set_contents("/copy", disk.contents(names_with(disk, "snapshot-").at(0)));
    const auto found = value_of(inspect_snapshot(disk, "/copy", {}));
    BOOST_TEST((found.verdict == condition::clean));
    BOOST_TEST((found.key == snapshot_key{1, 12, 1}));
    disk.set_contents("/noise", std::string(5000, 'x'));
    BOOST_TEST((value_of(inspect_snapshot(disk, "/noise", {})).verdict == condition::damaged));
    BOOST_TEST(!inspect_snapshot(disk, "/none", {}).has_value());
}

BOOST_AUTO_TEST_CASE(a_missing_or_foreign_snapshot_is_damage) {
    for (const bool missing : {true, false}) {
        memory_file_system disk;
        growing_run(disk, two_frames).answer_to(12).end();
        const auto path = names_with(disk, "snapshot-").at(1); // records 5 to 8
        if (missing) {
            must_do(disk.remove(path));
        } else {
            auto text = disk.contents(path);
            auto header = value_of(decode_snapshot_header(text.substr(0, snapshot_header_size)));
            header.run.fill('x');
            disk.set_contents(path, text.replace(0, snapshot_header_size, encode(header)));
        }
        watcher seen;
        const auto run = value_of(inspect_run(disk, run_path, seen.observer()));
        BOOST_TEST((run.verdict == condition::damaged));
        BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
        BOOST_TEST(seen.complaints[0].first_lsn == 5u);
        BOOST_TEST(seen.complaints[0].last_lsn == 8u);
        BOOST_TEST(compact_ranges(run.at_risk) == "5-8, 13-40");
        BOOST_TEST(!replay(disk, run_path, growing_run::identity().id, {}).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_body_that_recovery_cannot_read_is_damage_here_too) {
    memory_file_system disk;
    {
        auto made =
            run_store::create(disk, run_path, growing_run::identity(), make_options(1 << 20, 1));
        auto& store = *value_of(made);
        record_view record;
        record.question = 2;
        record.body = "no JSON";
        std::string bytes = result_record(1);
        append_record(bytes, record);
        must_do(store.append(bytes + result_record(3), 3));
        must_do(store.sync());
    }
    watcher seen;
    const auto run = value_of(inspect_run(disk, run_path, seen.observer()));
    BOOST_TEST((run.verdict == condition::damaged));
    BOOST_TEST_REQUIRE(seen.complaints.size() == 1u);
    BOOST_TEST(seen.complaints[0].first_lsn == 2u);
    BOOST_TEST(seen.complaints[0].last_lsn == 2u);
    BOOST_TEST(!replay(disk, run_path, growing_run::identity().id, {}).has_value());
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_judged_as_replay_judges_it) {
    memory_file_system disk;
    {
        growing_run run(disk, two_frames);
        run.answer_to(7).compact().answer_to(13).note();
    }
    unsigned judged = 0;
    for (const auto& name : value_of(disk.list(run_path))) {
        if (!parse_segment_name(name) && !parse_snapshot_name(name)) continue;
        const auto path = join_path(run_path, name);
        const auto size = disk.contents(path).size();
        for (std::size_t at = 0; at < size; at += parse_segment_name(name) ? 41 : 3) {
            auto changed = disk.after_kill();
            flip(changed, path, at);
            const auto found = value_of(inspect_run(changed, run_path, {}, depth::footers));
            const auto replayed = replay(changed, run_path, growing_run::identity().id, {});
            const auto verdict = !replayed        ? condition::damaged
                                 : replayed->torn ? condition::torn
                                                  : condition::clean;
            BOOST_TEST((found.verdict == verdict), name << ", offset " << at);
            ++judged;
        }
    }
    BOOST_TEST(judged > 800u);
}

BOOST_AUTO_TEST_CASE(what_is_at_risk_is_told_with_places_and_commands) {
    memory_file_system disk;
    {
        growing_run run(disk, two_frames);
        run.answer_to(7).compact().answer_to(13).note();
    }
    const auto path = names_with(disk, "wal-").at(0);
    flip(disk, path, page_size + 100); // records 5 and 6
    const auto text = describe_risk(disk, run_path);
    for (const auto& part : {path + ", offset 4096", std::string("records 5 to 6"),
                             std::string(": 5-6, 13-40"), "proctor-dump --salvage " + run_path})
        BOOST_TEST(text.find(part) != text.npos, part << " is not in\n" << text);
}

BOOST_AUTO_TEST_SUITE_END()
