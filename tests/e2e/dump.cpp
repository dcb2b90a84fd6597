// proctor-dump on what real runs leave behind.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(30)); }

    finished dump(const words& arguments) const {
        return run_to_end({words{program("proctor-dump")} + arguments, {}, dir.path().string()});
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(dump)

BOOST_FIXTURE_TEST_CASE(a_complete_run_is_clean_and_every_result_can_be_read, class_room) {
    const simulator endpoint;
    const auto run = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    const auto verdict = dump({"--verify", "checkpoints/latest"});
    BOOST_TEST(verdict.code == 0, verdict.errors);
    BOOST_TEST(verdict.output == "checkpoints/latest: clean\n");

    const auto records =
        dump({"--records", "--kind", "result", "--format", "jsonl", "checkpoints/latest"});
    BOOST_TEST(records.code == 0, records.errors);
    BOOST_TEST(count_lines(records.output) == 30u);
    std::istringstream lines(records.output);
    for (std::string line; std::getline(lines, line);) {
        const auto record = boost::json::parse(line);
        BOOST_TEST(record.at("kind").as_string() == "result");
        BOOST_TEST(record.at("body").at("question_id") == record.at("question_id"));
    }
}

BOOST_FIXTURE_TEST_CASE(a_killed_run_shows_no_damage_and_all_that_was_acknowledged, class_room) {
    const simulator endpoint({"--latency", "20ms"});
    child_process run(
        ask(endpoint, "q.jsonl", {"--parallel", "2", "--save-incremental", "--ack-fd", "3"}));
    run.acknowledged.wait_for("\n");
    run.send(SIGKILL);
    BOOST_REQUIRE(run.wait().signal == SIGKILL);
    const auto verdict = dump({"--verify", "checkpoints/latest"});
    BOOST_TEST((verdict.code == 0 || verdict.code == 1), verdict.errors); // clean, or a torn tail
    const auto records =
        dump({"--records", "--kind", "result", "--format", "jsonl", "checkpoints/latest"});
    BOOST_TEST(count_lines(records.output) >= count_lines(run.acknowledged.all()));
}

BOOST_FIXTURE_TEST_CASE(a_changed_byte_is_damage_and_the_run_is_not_gone_on_with, class_room) {
    const simulator endpoint;
    const auto run = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    std::string segment;
    for (const auto& file : files())
        if (contains(file, "/wal-")) segment = file;
    auto bytes = text_of(dir.file(segment));
    const auto inside = bytes.find("plus one");
    BOOST_REQUIRE(inside != bytes.npos);
    bytes[inside] ^= 1;
    dir.write(segment, bytes);

    const auto verdict = dump({"--verify", "checkpoints/latest"});
    BOOST_TEST(verdict.code == 4);
    BOOST_TEST(contains(verdict.errors, "wal-"));
    const auto again = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(again.code == 4);
    BOOST_TEST(contains(again.errors, "wal-"));
    BOOST_TEST(endpoint.requests() == 30u);
}

BOOST_AUTO_TEST_SUITE_END()
