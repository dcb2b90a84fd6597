// Runs frozen in tests/golden/v1 and v2, which are the versions of their snapshots: every later
// proctor reads them, and goes on with them. Beside each run stands NAME.records: the records that
// count, as they were when it was made.
//
// `unit_storage --run_test=golden_runs/make_them` made them; it replaces nothing.
#include "store_bench.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/posix_file_system.hpp"
#include "support/source_dir.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

// (A log is the same in both.)
const std::vector<std::string> names{"v1/compacted", "v1/torn", "v1/log_only", "v2/compacted",
                                     "v2/torn"};

std::filesystem::path golden_path(const std::string& name) {
    return source_dir() / "tests" / "golden" / name;
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// One line a record: kind, question, repeats and body.
std::string listing(const run_view& view) {
    std::string lines;
    auto cursor = view.records();
    for (;;) {
        const auto entry = cursor.next();
        require(entry);
        if (!*entry) return lines;
        const auto& record = (*entry)->record;
        lines += fmt::format("{} {} {} {}\n", to_string(record.kind), record.question,
                             record.repeats, record.body);
    }
}

// A copy at /run, to go on with.
memory_file_system copy_of(const std::string& name) {
    memory_file_system disk;
    require(disk.make_directory(run));
    for (const auto& entry : std::filesystem::directory_iterator(golden_path(name)))
        disk.set_contents(join_path(run, entry.path().filename().string()), text_of(entry.path()));
    return disk;
}

// --- how they were made -------------------------------------------------------------------------

question question_of(question_id number) {
    question asked;
    asked.number = number;
    asked.text = fmt::format("What is {}?\n1) 7\n2) {}", number, number);
    asked.category = number % 2 ? "odd \xe2\x80\x93 \"quoted\"" : "even";
    asked.reference_answer = "2";
    asked.format = number % 3 ? question_format::multiple_choice : question_format::free_text;
    return asked;
}

answer answer_of(question_id number) {
    answer said;
    said.text = fmt::format("It is {}\n\xf0\x9f\x98\x80", number);
    said.finish_reason = number == 8 ? "length" : "stop";
    said.usage = {100 + number, number};
    said.model_seconds = 0.25 * double(number);
    said.attempts = number == 3 ? 2 : 1;
    return said;
}

std::string result_record(question_id number) {
    grade mark;
    if (number % 5 != 0) mark.score = number % 2 ? 1.0 : 0.25;
    mark.reasoning = "compared";
    mark.reference_choice = "2";
    mark.model_choice = number == 4 ? "" : "2";
    return make_raw_record(number, result_body(question_of(number), answer_of(number), mark));
}

std::string answered_record(question_id number) {
    return make_raw_record(number, answered_body(question_of(number), answer_of(number)),
                           record_kind::answered);
}

std::string failed_record(question_id number) {
    question_failure why;
    why.kind = number % 2 ? "timed_out" : "http_status";
    why.message = "not now";
    why.status = number % 2 ? 0 : 400;
    why.refused = number % 2 == 0;
    why.attempts = 9;
    return make_raw_record(number, failed_body(question_of(number), why), record_kind::failed);
}

std::string session_record(std::string_view event) {
    return make_raw_record(0, fmt::format(R"({{"event":"{}","version":"golden"}})", event),
                           record_kind::session);
}

// What all three hold, a frame each.
std::vector<std::string> golden_records() {
    return {session_record("begin"), result_record(1), failed_record(2), answered_record(3),
            result_record(4),        failed_record(5), result_record(3), result_record(5),
            answered_record(6),      failed_record(6), failed_record(7), result_record(100'000),
            session_record("end"),   failed_record(10)};
}

void append_and_sync(run_store& store, const std::string& record) {
    require(store.append(record, 1));
    require(store.sync());
}

// Two sessions. The first was closed and compacted; of the second a snapshot was made, and the
// rest is in the log, as a killed process leaves it.
memory_file_system make_compacted() {
    memory_file_system disk;
    auto store = create_run(disk, full_at(5));
    for (const auto& record : golden_records()) append_and_sync(*store, record);
    require(store->close());
    compact_all(*store);
    store.reset();
    seen_records ignored;
    store = open_run(disk, ignored, full_at(5));
    for (const auto& record : {result_record(8), result_record(9), failed_record(11),
                               result_record(7), result_record(12), answered_record(13)})
        append_and_sync(*store, record);
    compact_all(*store);
    return disk;
}

// The same, and the machine died while the last record was written.
memory_file_system make_torn() {
    auto disk = make_compacted();
    const auto last = log_files(disk).back();
    auto text = disk.contents(last);
    text.resize(text.size() - page_size + frame_header_size + 100);
    disk.set_contents(last, text);
    return disk;
}

// A plain log of two segments, as proctor wrote before there were snapshots: its last segment ends
// with the closing frame.
memory_file_system make_log_only() {
    memory_file_system disk;
    auto store = create_run(disk, full_at(11));
    for (const auto& record : golden_records()) append_and_sync(*store, record);
    store.reset();
    const auto report = replay_run(disk);
    require(report);
    const auto key = report->files.segments.back();
    const auto reader = segment_reader::open(disk, run, key);
    require(reader);
    frame_header closing;
    closing.type = frame_type::closing;
    closing.first_lsn = report->next_lsn;
    closing.durable_lsn = report->next_lsn - 1;
    closing.written = make_options(1, 1).now();
    const auto path = join_path(run, segment_name(key));
    disk.set_contents(path, disk.contents(path) + encode(closing, {}, reader->header().salt));
    return disk;
}

void freeze(const std::string& name, memory_file_system disk) {
    const auto directory = golden_path(name);
    BOOST_TEST_REQUIRE(!exists(directory), directory);
    create_directories(directory);
    const auto view = run_view::open(disk, run);
    require(view);
    std::ofstream(directory.string() + ".records", std::ios::binary) << listing(*view);
    for (const auto& file : disk.list(run).value())
        std::ofstream(directory / file, std::ios::binary) << disk.contents(join_path(run, file));
}

} // namespace

BOOST_AUTO_TEST_SUITE(golden_runs)

BOOST_AUTO_TEST_CASE(make_them, *boost::unit_test::disabled()) {
    const auto version = fmt::format("v{}/", snapshot_version);
    freeze(version + "compacted", make_compacted());
    freeze(version + "torn", make_torn());
    if (snapshot_version == 1) freeze(version + "log_only", make_log_only());
}

BOOST_AUTO_TEST_CASE(their_records_are_those_that_were_written) {
    posix_file_system disk;
    for (const auto& name : names) {
        const auto view = run_view::open(disk, golden_path(name).string());
        require(view);
        BOOST_TEST((listing(*view) == text_of(golden_path(name + ".records"))), name);
        std::istringstream lines(text_of(golden_path(name + ".records")));
        for (std::string kind, repeat, body, line; std::getline(lines, line);) {
            std::istringstream words(line);
            question_id number = 0;
            words >> kind >> number >> repeat >> std::ws;
            std::getline(words, body);
            if (number == 0) continue;
            const auto found = view->find(number);
            require(found);
            BOOST_TEST_REQUIRE(found->has_value());
            BOOST_TEST((**found == body), name << ", question " << number);
        }
    }
}

BOOST_AUTO_TEST_CASE(their_figures_are_those_that_were_counted) {
    posix_file_system disk;
    for (const auto& name : names) {
        BOOST_TEST_CONTEXT(name) {
            const bool short_one = name.ends_with("log_only"); // the first session alone
            const bool torn = name.ends_with("torn");          // without the answer to question 13
            const auto view = run_view::open(disk, golden_path(name).string());
            require(view);
            const auto& counted = view->counted();
            BOOST_TEST((view->identity().settings == make_identity().settings));
            BOOST_TEST(view->found().closed == short_one);
            BOOST_TEST(view->found().torn.has_value() == torn);
            BOOST_TEST(view->found().next_lsn == (short_one ? 15u : torn ? 20u : 21u));
            BOOST_TEST(counted.completed_count() == (short_one ? 5u : 9u));
            BOOST_TEST(counted.answered_count() == (short_one || torn ? 1u : 2u));
            BOOST_TEST(counted.answered(6));
            BOOST_TEST(counted.failed_count() == 3u);
            BOOST_TEST(counted.refused_count() == 2u);
            BOOST_TEST(counted.refused(2));
            BOOST_TEST(counted.failed(short_one ? 7 : 11));
            BOOST_TEST(counted.failures_by_kind().at("http_status") == 2u);
            BOOST_TEST(counted.failures_by_kind().at("timed_out") == 1u);
            BOOST_TEST(counted.overall().marked == (short_one ? 3u : 7u));
            BOOST_TEST(counted.overall().unmarked == 2u);
            BOOST_TEST(counted.overall().score() == (short_one ? 2.25 : 4.75));
            BOOST_TEST(counted.of(question_format::multiple_choice).marked ==
                       (short_one ? 2u : 4u));
            BOOST_TEST(counted.of(question_format::free_text).marked == (short_one ? 1u : 3u));
            BOOST_TEST(counted.by_category().size() == 2u);
            BOOST_TEST(counted.by_category().at("even").marked == (short_one ? 1u : 3u));
            BOOST_TEST(counted.usage().prompt == (short_one ? 100'619u
                                                  : torn    ? 101'055u
                                                            : 101'168u));
            BOOST_TEST(counted.usage().completion == (short_one ? 100'019u
                                                      : torn    ? 100'055u
                                                                : 100'068u));
            BOOST_TEST(counted.attempts() == (short_one ? 52u : torn ? 65u : 66u));
            BOOST_TEST(counted.truncated_count() == (short_one ? 0u : 1u));
            BOOST_TEST(counted.no_choice_count() == 1u);
            BOOST_TEST(counted.latencies().count() == counted.completed_count());
        }
    }
}

// Footers of version 1 do not tell of answers; the records of all of them do.
BOOST_AUTO_TEST_CASE(of_answers_the_footers_tell_what_the_records_do) {
    posix_file_system disk;
    for (const auto& name : names) {
        BOOST_TEST_CONTEXT(name) {
            const auto view = run_view::open(disk, golden_path(name).string());
            require(view);
            const auto& counted = view->counted();
            const bool told = name.starts_with("v2") || name.ends_with("log_only");
            BOOST_TEST(counted.knows_all_answers() == told);
            answer_figures figures;
            require(view->each_record([&](const record_view& record) -> result<> {
                if (record.kind == record_kind::result) figures.add(read_outcome(record).value());
                return {};
            }));
            BOOST_TEST(figures.lengths.count() == counted.completed_count());
            if (told) BOOST_TEST((counted.answers_said() == figures));
            const bool short_one = name.ends_with("log_only");
            // "It is 8" and a smiley on a line of its own, but for 12 and 100000.
            BOOST_TEST(figures.lengths.quantile(0.5) == 9u);
            BOOST_TEST(figures.lengths.characters() == (short_one ? 50u : 87u));
            BOOST_TEST(figures.reasoning.count() == 0u);
            // Questions whose number is divided by three are free text; 4 names no choice.
            BOOST_TEST(figures.keyed() == (short_one ? 4u : 6u));
            BOOST_TEST(figures.positions[1].chosen == (short_one ? 3u : 5u));
            BOOST_TEST(figures.chosen() == figures.positions[1].chosen);
            BOOST_TEST(figures.positions[1].keyed.marked == (short_one ? 2u : 4u));
        }
    }
}

BOOST_AUTO_TEST_CASE(nothing_is_wrong_with_them) {
    posix_file_system disk;
    for (const auto& name : names) {
        std::vector<complaint> complaints;
        inspection_observer observer;
        observer.complain = [&](const complaint& one) { complaints.push_back(one); };
        const auto summary = inspect_run(disk, golden_path(name).string(), observer);
        require(summary);
        const bool torn = name.ends_with("torn");
        BOOST_TEST((summary->verdict == (torn ? condition::torn : condition::clean)), name);
        BOOST_TEST(complaints.size() == (torn ? 1u : 0u));
        BOOST_TEST(summary->unknown_files.empty());
        BOOST_TEST(summary->lock_text == "tester, pid 1");
        BOOST_TEST(summary->snapshots.empty() == (name.ends_with("log_only")));
    }
}

BOOST_AUTO_TEST_CASE(they_can_be_gone_on_with) {
    for (const auto& name : names) {
        auto disk = copy_of(name);
        const auto before = records_of(disk);
        auto store = open_run(disk);
        BOOST_TEST(records_of(disk) == before, boost::test_tools::per_element());
        append_and_sync(*store, result_record(200'000));
        require(store->close());
        compact_all(*store);
        store.reset();
        auto expected = before;
        expected.push_back(result_record(200'000));
        BOOST_TEST(records_of(disk) == expected, boost::test_tools::per_element());
        BOOST_TEST((inspected(disk) == condition::clean));
    }
}

BOOST_AUTO_TEST_SUITE_END()
