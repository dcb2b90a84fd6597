// Names of files and directories.
#include "proctor/storage/run_layout.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace proctor;

BOOST_AUTO_TEST_SUITE(run_layout)

BOOST_AUTO_TEST_CASE(segment_names_round_trip) {
    for (const auto key :
         {segment_key{1, 1}, segment_key{12345, 7}, segment_key{1, 99'999}, segment_key{1, 100'000},
          segment_key{std::numeric_limits<lsn>::max(),
                      std::numeric_limits<std::uint32_t>::max()}}) {
        const auto parsed = parse_segment_name(segment_name(key));
        BOOST_TEST_REQUIRE(parsed.has_value());
        BOOST_TEST((*parsed == key));
    }
    BOOST_TEST(segment_name({1, 1}) == "wal-00000000000000000001-00001.log");
}

BOOST_AUTO_TEST_CASE(what_is_no_segment_name_is_not_parsed) {
    for (const auto* name :
         {"", "LOCK", "run.json", "wal-1-1.log", "wal-00000000000000000001-00001.log.tmp",
          "wal-00000000000000000001-00001", "wal-00000000000000000001-000010.log",
          "wal-00000000000000000000-00001.log", "wal-99999999999999999999-00001.log",
          "wal-00000000000000000001-.log", "wal--0000000000000000001-00001.log",
          "xwal-00000000000000000001-00001.log"})
        BOOST_TEST(!parse_segment_name(name), name);
}

BOOST_AUTO_TEST_CASE(segments_sort_by_lsn_and_then_by_epoch) {
    BOOST_TEST((segment_key{1, 9} < segment_key{2, 1}));
    BOOST_TEST((segment_key{2, 1} < segment_key{2, 2}));
}

BOOST_AUTO_TEST_CASE(awkward_characters_become_underscores) {
    BOOST_TEST(file_name_part("Llama-3.1_8B") == "Llama-3.1_8B");
    BOOST_TEST(file_name_part("meta/llama: 3") == "meta_llama__3");
    BOOST_TEST(file_name_part("../etc") == "_._etc");
    BOOST_TEST(file_name_part(".hidden") == "_hidden");
    BOOST_TEST(file_name_part("\xc3\xa9") == "__");
    BOOST_TEST(file_name_part(std::string(300, 'x')).size() == 100u);
}

BOOST_AUTO_TEST_CASE(a_run_directory_is_named_after_questions_model_and_time) {
    const wall_time started{std::chrono::seconds{1'735'689'600}};
    const auto name = run_directory_name("data/my questions.v2.jsonl", "org/model", started);
    BOOST_TEST(name == "checkpoint_my_questions.v2_org_model_" + compact_time(started));
    BOOST_TEST(run_directory_name("plain", "m", started) ==
               "checkpoint_plain_m_" + compact_time(started));
}

BOOST_AUTO_TEST_CASE(times_are_written_for_people_and_for_machines) {
    const wall_time time{std::chrono::microseconds{1'735'689'600'123'456}};
    BOOST_TEST(compact_time(time).size() == 15u);
    BOOST_TEST(compact_time(time)[8] == '_');
    BOOST_TEST(iso_time(time).size() == 26u);
    BOOST_TEST(iso_time(time).substr(19) == ".123456");
}

BOOST_AUTO_TEST_CASE(paths_are_joined_with_one_slash) {
    BOOST_TEST(join_path("a", "b") == "a/b");
    BOOST_TEST(join_path("a/", "b") == "a/b");
    BOOST_TEST(join_path("/", "b") == "/b");
    BOOST_TEST(join_path("", "b") == "b");
}

BOOST_AUTO_TEST_SUITE_END()
