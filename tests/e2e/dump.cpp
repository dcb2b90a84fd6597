// proctor-dump on what real runs leave behind.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(30)); }

    command dump_command(const words& arguments) const {
        return {words{program("proctor-dump")} + arguments, {}, dir.path().string()};
    }
    finished dump(const words& arguments) const { return run_to_end(dump_command(arguments)); }

    std::string file_with(std::string_view part) const {
        for (const auto& file : files())
            if (contains(file, part)) return file;
        throw std::runtime_error("no file with " + std::string(part));
    }

    void flip(const std::string& file, std::size_t at) const {
        auto bytes = text_of(dir.file(file));
        bytes.at(at) ^= 1;
        dir.write(file, bytes);
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

BOOST_FIXTURE_TEST_CASE(a_damaged_footer_is_refused_and_salvaged_without_loss, class_room) {
    const simulator endpoint;
    const auto run = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    const auto snapshot = file_with("/snapshot-");
    const auto offset = std::filesystem::file_size(dir.file(snapshot)) - 70; // before the trailer
    flip(snapshot, offset);

    const auto verdict = dump({"--verify", "checkpoints/latest"});
    BOOST_TEST(verdict.code == 4);
    BOOST_TEST(contains(verdict.errors, "snapshot-"));
    const auto refused = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(refused.code == 4);
    for (const auto* part :
         {"snapshot-", ", offset ", "records 1 to 32", "none is missing", "--salvage"})
        BOOST_TEST(contains(refused.errors, part), part << " is not in " << refused.errors);
    BOOST_TEST(endpoint.requests() == 30u);

    const auto mended = dump({"--salvage", "checkpoints/latest"});
    BOOST_TEST(mended.code == 0, mended.errors);
    BOOST_TEST(contains(mended.output, "32 records kept"), mended.output);
    BOOST_TEST(contains(mended.output, "proctor resume"), mended.output);
    BOOST_TEST(dump({"--verify", "checkpoints/latest"}).code == 0);
    const auto again = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(again.code == 0, again.errors);
    BOOST_TEST(endpoint.requests() == 30u); // the blocks had everything
    BOOST_TEST(dump({"--salvage", "checkpoints/latest"}).code == 0);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_frame_is_refused_and_only_what_it_held_is_asked_again,
                        class_room) {
    const simulator endpoint({"--latency", "20ms"});
    {
        child_process run(
            ask(endpoint, "q.jsonl", {"--parallel", "2", "--save-incremental", "--ack-fd", "3"}));
        run.acknowledged.wait_until([](const std::string& text) { return count_lines(text) >= 8; });
        run.send(SIGKILL);
        BOOST_REQUIRE(run.wait().signal == SIGKILL);
    }
    const auto before = dump({"--records", "--kind", "result", "checkpoints/latest"});
    const auto frames = dump({"--frames", "--format", "jsonl", "checkpoints/latest"});
    std::istringstream lines(frames.output);
    boost::json::value second;
    for (std::string line; second.is_null() && std::getline(lines, line);) {
        auto frame = boost::json::parse(line);
        if (frame.at("type") == "records" && frame.at("first_lsn").to_number<int>() > 1)
            second = std::move(frame);
    }
    const auto offset = second.at("offset").to_number<std::size_t>();
    const auto first_lsn = second.at("first_lsn").to_number<std::uint64_t>();
    flip(file_with("/wal-"), offset + 100);

    const auto refused = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(refused.code == 4);
    for (const auto& part :
         {std::string("wal-"), ", offset " + std::to_string(offset),
          "records " + std::to_string(first_lsn) + " to ", std::string("Questions at risk")})
        BOOST_TEST(contains(refused.errors, part), part << " is not in " << refused.errors);
    BOOST_TEST(dump({"--verify", "checkpoints/latest"}).code == 4);

    const auto mended = dump({"--salvage", "checkpoints/latest"});
    BOOST_TEST(mended.code == 0, mended.errors);
    BOOST_TEST(contains(mended.output, "/quarantine/wal-"), mended.output);
    const auto verdict = dump({"--verify", "checkpoints/latest"});
    BOOST_TEST(verdict.output == "checkpoints/latest: clean\n");
    const auto kept = dump({"--records", "--kind", "result", "checkpoints/latest"});
    BOOST_TEST(count_lines(kept.output) < count_lines(before.output));
    BOOST_TEST(count_lines(kept.output) >= 6u);

    const auto asked = endpoint.requests();
    const auto again = run_to_end(ask(endpoint, "q.jsonl"));
    BOOST_TEST(again.code == 0, again.errors);
    BOOST_TEST(endpoint.requests() - asked == 30 - count_lines(kept.output));
    BOOST_TEST(results_in(results_path(*this, again.errors)).size() == 30u);
    BOOST_TEST(dump({"--verify", "checkpoints/latest"}).code == 0);
}

BOOST_FIXTURE_TEST_CASE(a_live_run_is_followed_to_its_end, class_room) {
    const simulator endpoint({"--latency", "20ms"});
    child_process run(
        ask(endpoint, "q.jsonl", {"--parallel", "2", "--save-incremental", "--ack-fd", "3"}));
    run.acknowledged.wait_for("\n");
    child_process follower(
        dump_command({"--follow", "--from-lsn", "1", "--kind", "result", "checkpoints/latest"}));
    BOOST_TEST(run.wait().code == 0);
    BOOST_TEST(follower.wait().code == 0);
    BOOST_TEST(count_lines(follower.output.all()) == 30u);
}

BOOST_FIXTURE_TEST_CASE(whoever_follows_may_stop, class_room) {
    const simulator endpoint({"--latency", "20ms"});
    child_process run(
        ask(endpoint, "q.jsonl", {"--parallel", "2", "--save-incremental", "--ack-fd", "3"}));
    run.acknowledged.wait_for("\n");
    run.send(SIGKILL);
    BOOST_REQUIRE(run.wait().signal == SIGKILL); // nobody will close it
    for (const int signal : {SIGINT, SIGTERM}) {
        child_process follower(dump_command({"--follow", "--from-lsn", "1", "checkpoints/latest"}));
        follower.output.wait_for("\n");
        follower.send(signal);
        BOOST_TEST(follower.wait().code == 0);
    }
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_shown_has_a_status_of_its_own, class_room) {
    BOOST_TEST(dump({"--verify", "nowhere"}).code == 3);
    BOOST_TEST(dump({"--salvage", "nowhere"}).code == 3);
    BOOST_TEST(dump({"--follow", "nowhere"}).code == 3);
    BOOST_TEST(dump({}).code == 2);
    BOOST_TEST(dump({"--follow", "--verify", "."}).code == 2);
    BOOST_TEST(dump({"--verify", "--info", "."}).code == 2);
    BOOST_TEST(dump({"--help"}).code == 0);
    dir.write("noise", std::string(10'000, 'x'));
    BOOST_TEST(dump({"--verify", "noise"}).code == 4);
}

BOOST_AUTO_TEST_SUITE_END()
