// Mending what recovery refuses.
#include "proctor/storage/salvage.hpp"
#include "support/damaged_runs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;
using namespace proctor::test;

namespace {

store_options options(std::uint64_t seed = 7) {
    return make_options(1 << 20, seed);
}

salvage_report mend(memory_file_system& disk) {
    BOOST_TEST_REQUIRE(!run_store::open(disk, run_path, options(5), {}).has_value());
    auto report = value_of(salvage(disk, run_path, options()));
    BOOST_TEST((report.found == condition::damaged));
    return report;
}

// The run opens, has the results of all questions up to `last` but those, and can be completed.
void expect(memory_file_system& disk, question_id last, const std::vector<question_id>& lost,
            std::size_t padding = 0) {
    const auto found = value_of(inspect_run(disk, run_path, {}));
    BOOST_TEST((found.verdict == condition::clean));
    auto results = results_of(disk);
    for (question_id id = 1; id <= last; ++id) {
        const bool is_lost = std::find(lost.begin(), lost.end(), id) != lost.end();
        BOOST_TEST(results.contains(id) == !is_lost, "question " << id);
        if (!is_lost) BOOST_TEST(results[id] == body_of(id, padding));
    }
    BOOST_TEST(results.size() == last - lost.size());
    auto opened = run_store::open(disk, run_path, options(11), {});
    auto& store = *value_of(opened);
    const auto counted = store.found().counted;
    for (question_id id = 1; id <= last; ++id)
        BOOST_TEST(counted.completed(id) == results.contains(id));
    for (const auto id : lost) must_do(store.append(result_record(id), 1));
    must_do(store.close());
    while (value_of(store.compact())) {
    }
    BOOST_TEST(results_of(disk).size() == last);
    BOOST_TEST((value_of(inspect_run(disk, run_path, {})).verdict == condition::clean));
}

std::string quarantined(const std::string& path) {
    return run_path + "/quarantine" + path.substr(path.find_last_of('/'));
}

} // namespace

BOOST_AUTO_TEST_SUITE(salvaging)

BOOST_AUTO_TEST_CASE(a_sound_run_and_a_torn_one_are_left_alone) {
    memory_file_system disk;
    growing_run(disk).answer_to(6).note();
    const auto before = value_of(disk.list(run_path));
    BOOST_TEST((value_of(salvage(disk, run_path, options())).found == condition::clean));
    const auto path = names_with(disk, "wal-").back();
    disk.set_contents(path, disk.contents(path) + std::string(70, 'x'));
    const auto torn = value_of(salvage(disk, run_path, options()));
    BOOST_TEST((torn.found == condition::torn));
    BOOST_TEST(torn.repairs.empty());
    BOOST_TEST(value_of(disk.list(run_path)) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_frame_in_the_middle_of_the_last_segment_is_given_up) {
    memory_file_system disk;
    growing_run(disk).answer_to(10).note();
    const auto path = names_with(disk, "wal-").front();
    flip(disk, path, 2 * page_size + frame_header_size + 30); // records 3 and 4
    const auto damaged = disk.contents(path);
    const auto report = mend(disk);
    BOOST_TEST_REQUIRE(report.repairs.size() == 1u);
    const auto& repair = report.repairs[0];
    BOOST_TEST(repair.original == quarantined(path));
    BOOST_TEST(disk.contents(repair.original) == damaged);
    BOOST_TEST(repair.kept == 8u);
    BOOST_TEST(repair.first_lsn == 1u);
    BOOST_TEST(repair.last_lsn == 10u);
    BOOST_TEST(report.lost_records == 2u);
    BOOST_TEST(compact_ranges(report.at_risk) == "3-4, 11-40"); // no index tells which
    BOOST_TEST(!report.at_risk_exactly);
    expect(disk, 10, {3, 4});
}

BOOST_AUTO_TEST_CASE(segments_before_a_damaged_one_become_snapshots_and_those_behind_stay) {
    memory_file_system disk;
    growing_run(disk, two_frames).answer_to(14).note();
    const auto segments = names_with(disk, "wal-");
    BOOST_TEST_REQUIRE(segments.size() == 4u);
    flip(disk, segments[1], page_size + 20); // records 5 and 6
    const auto report = mend(disk);
    BOOST_TEST(report.repairs.size() == 2u);
    BOOST_TEST(report.repairs[0].original.empty());
    BOOST_TEST(names_with(disk, "snapshot-").size() == 2u);
    const auto left = names_with(disk, "wal-");
    BOOST_TEST(left == std::vector(segments.begin() + 2, segments.end()),
               boost::test_tools::per_element());
    expect(disk, 14, {5, 6});
}

BOOST_AUTO_TEST_CASE(a_header_of_a_segment_can_be_done_without) {
    for (const std::size_t index : {1u, 2u}) { // one that is sealed, and the last one
        memory_file_system disk;
        growing_run(disk, two_frames).answer_to(12).note();
        const auto path = names_with(disk, "wal-").at(index);
        disk.set_contents(path, disk.contents(path).replace(0, page_size, page_size, 'x'));
        const auto report = mend(disk);
        BOOST_TEST(report.lost_records == 0u);
        BOOST_TEST(report.at_risk_exactly);
        BOOST_TEST(report.at_risk.size() == 0u);
        expect(disk, 12, {});
    }
}

BOOST_AUTO_TEST_CASE(behind_a_lost_header_a_lost_frame_costs_what_is_in_it) {
    memory_file_system disk;
    growing_run(disk, two_frames).answer_to(12).note();
    const auto path = names_with(disk, "wal-").at(1); // records 5 to 8, two a frame
    flip(disk, path, 30);
    flip(disk, path, page_size + frame_header_size + 30);
    const auto report = mend(disk);
    BOOST_TEST(report.lost_records == 2u);
    expect(disk, 12, {5, 6});
}

// A write of another segment went astray: it is intact, and not ours.
BOOST_AUTO_TEST_CASE(frames_of_another_file_do_not_pass_for_those_of_one_without_a_header) {
    memory_file_system disk;
    growing_run(disk).answer_to(12).note(); // six frames, and a note
    const auto path = names_with(disk, "wal-").front();
    auto text = disk.contents(path);
    const auto own = decode_segment_header(text.substr(0, page_size)).value();
    frame_header header;
    header.record_count = 2;
    header.first_lsn = 1;
    const auto foreign = encode(header, result_record(31) + result_record(32), own.salt + 1);
    text.replace(0, page_size, page_size, 'x');
    text.replace(page_size, 2 * foreign.size(), foreign + foreign); // two frames of ours are gone
    disk.set_contents(path, text);
    const auto report = mend(disk);
    BOOST_TEST(report.lost_records == 4u);
    expect(disk, 12, {1, 2, 3, 4});
}

BOOST_AUTO_TEST_CASE(another_runs_file_is_not_read_without_its_header) {
    for (const auto* part : {"wal-", "snapshot-"}) {
        memory_file_system disk;
        if (std::string_view(part) == "wal-")
            growing_run(disk, two_frames).answer_to(12).note();
        else
            growing_run(disk, two_frames).answer_to(12).end();
        const auto path = names_with(disk, part).at(1); // records 5 to 8
        auto text = disk.contents(path);
        for (std::size_t i = 24; i < 40; ++i) text[i] = static_cast<char>(text[i] + 77);
        disk.set_contents(path, text);
        const auto report = mend(disk);
        BOOST_TEST(report.lost_records == 4u);
        expect(disk, 12, {5, 6, 7, 8});
    }
}

BOOST_AUTO_TEST_CASE(a_segment_with_neither_header_nor_frame_is_given_up_for_its_range) {
    memory_file_system disk;
    growing_run(disk, two_frames).answer_to(12).note();
    const auto path = names_with(disk, "wal-").at(1); // records 5 to 8, two a frame
    flip(disk, path, 30);
    flip(disk, path, page_size + frame_header_size + 30);
    flip(disk, path, 2 * page_size + 30);
    const auto report = mend(disk);
    BOOST_TEST(report.lost_records == 4u);
    expect(disk, 12, {5, 6, 7, 8});
}

BOOST_AUTO_TEST_CASE(a_closed_runs_last_segment_may_lose_its_header) {
    memory_file_system disk;
    growing_run run(disk);
    run.answer_to(8).end();
    const auto path = names_with(disk, "wal-").front();
    flip(disk, path, 30);
    const auto report = mend(disk);
    BOOST_TEST(report.repairs.at(0).snapshot.empty());
    BOOST_TEST(names_with(disk, "wal-").size() == 1u);
    BOOST_TEST(names_with(disk, "wal-").front() != path);
    expect(disk, 8, {});
}

BOOST_AUTO_TEST_CASE(a_missing_segment_is_given_up) {
    memory_file_system disk;
    growing_run(disk, two_frames).answer_to(12).note();
    const auto segments = names_with(disk, "wal-");
    must_do(disk.remove(segments.at(0)));
    mend(disk);
    expect(disk, 12, {1, 2, 3, 4});
}

BOOST_AUTO_TEST_CASE(a_run_without_a_segment_gets_one) {
    memory_file_system disk;
    growing_run run(disk);
    run.answer_to(8).end();
    must_do(disk.remove(names_with(disk, "wal-").front()));
    mend(disk);
    expect(disk, 8, {});
}

BOOST_AUTO_TEST_CASE(what_is_durable_by_a_header_alone_is_covered) {
    memory_file_system disk;
    growing_run(disk).answer_to(8).note();
    // The note tells that record 8 is durable; the frame of 7 and 8 is gone, header and all.
    const auto path = names_with(disk, "wal-").front();
    flip(disk, path, 4 * page_size);
    const auto report = mend(disk);
    BOOST_TEST(report.repairs.at(0).last_lsn == 8u);
    expect(disk, 8, {7, 8});
}

BOOST_AUTO_TEST_CASE(a_damaged_block_costs_what_is_in_it_and_no_more) {
    memory_file_system disk;
    growing_run run(disk);
    constexpr std::size_t padding = 100'000; // three records a block
    run.answer_to(20, padding).end();
    const auto path = names_with(disk, "snapshot-").front();
    const auto footer = value_of(snapshot_reader::open(disk, path)).footer();
    BOOST_TEST_REQUIRE(footer.blocks.size() > 3u);
    const auto& block = footer.blocks[1];
    flip(disk, path, block.offset + block.span / 2);
    std::vector<complaint> complaints;
    const auto report = value_of(salvage(disk, run_path, options(),
                                         [&](const complaint& one) { complaints.push_back(one); }));
    BOOST_TEST((report.found == condition::damaged));
    BOOST_TEST_REQUIRE(complaints.size() == 1u);
    BOOST_TEST(complaints[0].offset == block.offset);
    BOOST_TEST(report.at_risk_exactly);
    BOOST_TEST(report.lost_records == block.records);
    std::vector<question_id> lost;
    for (auto id = block.first_question; id <= block.last_question; ++id) lost.push_back(id);
    BOOST_TEST(report.at_risk.size() == lost.size());
    BOOST_TEST(disk.contents(report.repairs.at(0).original).size() > 0u);
    const auto found = results_of(disk);
    BOOST_TEST(found.size() == 20 - lost.size());
    for (const auto id : lost) BOOST_TEST(!found.contains(id));
    for (const auto& [id, body] : found) BOOST_TEST((body == body_of(id, padding)));
}

BOOST_AUTO_TEST_CASE(a_snapshot_without_its_footer_keeps_all_its_records) {
    memory_file_system disk;
    growing_run run(disk);
    run.answer_to(20).end();
    const auto path = names_with(disk, "snapshot-").front();
    flip(disk, path, disk.contents(path).size() - 70); // in the footer
    mend(disk);
    expect(disk, 20, {});
}

BOOST_AUTO_TEST_CASE(a_header_of_a_snapshot_can_be_done_without) {
    memory_file_system disk;
    growing_run(disk, two_frames).answer_to(12).end();
    const auto path = names_with(disk, "snapshot-").at(1); // records 5 to 8
    disk.set_contents(
        path, disk.contents(path).replace(0, snapshot_header_size, snapshot_header_size, 'x'));
    const auto report = mend(disk);
    BOOST_TEST(report.lost_records == 0u);
    BOOST_TEST(report.at_risk.size() == 0u);
    BOOST_TEST_REQUIRE(report.repairs.size() == 1u);
    BOOST_TEST(report.repairs[0].kept == 4u);
    expect(disk, 12, {});
}

BOOST_AUTO_TEST_CASE(a_snapshot_of_which_nothing_can_be_read_is_given_up_as_a_missing_one_is) {
    for (const bool missing : {false, true}) {
        memory_file_system disk;
        growing_run run(disk, two_frames);
        run.answer_to(12).end();
        const auto path = names_with(disk, "snapshot-").at(1); // records 5 to 8
        if (missing)
            must_do(disk.remove(path));
        else
            disk.set_contents(path, std::string(disk.contents(path).size(), 'x'));
        const auto report = mend(disk);
        BOOST_TEST(report.repairs.size() == 1u);
        BOOST_TEST(compact_ranges(report.at_risk) == "5-8, 13-40");
        expect(disk, 12, {5, 6, 7, 8});
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_identity_is_not_guessed) {
    memory_file_system disk;
    growing_run(disk).answer_to(8).note();
    flip(disk, run_path + "/run.json", 30);
    const auto before = value_of(disk.list(run_path));
    const auto done = salvage(disk, run_path, options());
    BOOST_TEST_REQUIRE(!done.has_value());
    BOOST_TEST((done.error().code == failure_code::damaged));
    BOOST_TEST(done.error().detail.find("cannot be guessed") != std::string::npos);
    BOOST_TEST(value_of(disk.list(run_path)) == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_held_run_is_left_alone) {
    memory_file_system disk;
    growing_run holder(disk);
    holder.answer_to(8).note();
    flip(disk, names_with(disk, "wal-").front(), page_size);
    const auto done = salvage(disk, run_path, options());
    BOOST_TEST_REQUIRE(!done.has_value());
    BOOST_TEST((done.error().code == failure_code::held));
}

BOOST_AUTO_TEST_CASE(what_a_newer_proctor_wrote_is_not_given_up) {
    memory_file_system disk;
    growing_run run(disk);
    run.answer_to(8).end();
    const auto path = names_with(disk, "snapshot-").front();
    auto text = disk.contents(path);
    auto header = value_of(decode_snapshot_header(text.substr(0, snapshot_header_size)));
    header.incompatible = 1;
    text.replace(0, snapshot_header_size, encode(header));
    disk.set_contents(path, text);
    const auto done = salvage(disk, run_path, options());
    BOOST_TEST_REQUIRE(!done.has_value());
    BOOST_TEST((done.error().code == failure_code::unsupported));
    BOOST_TEST(disk.contents(path) == text);
}

BOOST_AUTO_TEST_SUITE_END()
