// A disk that really fills. Nothing is lost that was acknowledged, nothing that fitted is asked
// again, and with room made the run comes to its end.
#include "support/small_disk.hpp"

#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

// Their records alone are more than little_room, however few frames they come in.
constexpr std::size_t total = 400;
constexpr std::uint64_t disk = 2 << 20, little_room = 96 << 10; // bytes; a frame takes a page

boost::test_tools::assertion_result may_mount(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result may(!goes_without_mounts());
    may.message() << "PROCTOR_TEST_WITHOUT_MOUNTS is set";
    return may;
}

// Its checkpoints are on a small disk, the rest is not.
struct cramped_room : workplace {
    small_disk checkpoints{disk}; // first: a namespace is entered while there is one thread
    std::string questions = dir.write("q.jsonl", few_questions(total));
    simulator endpoint{{"--questions", questions, "--latency", "5ms"}};
    run_books books{witnesses_of(endpoint)};

    command start(const words& more = {}) const {
        return ask(endpoint, questions,
                   words{"--checkpoint-dir", checkpoints.path(), "--parallel", "2",
                         "--save-incremental", "--ack-fd", "3"} +
                       more);
    }

    finished end_of(child_process& run) {
        const auto code = run.wait().code;
        books.note_acknowledged(run.acknowledged.all());
        books.note_end();
        return {code, run.output.all(), run.errors.all()};
    }

    finished to_the_end(const words& more = {}) {
        child_process run(start(more));
        return end_of(run);
    }

    void check_complete(const finished& run) const {
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        const auto results = results_in(results_path(*this, run.errors));
        BOOST_TEST(results.size() == total);
        const auto found = books.settle(results);
        BOOST_TEST(found.none());
        std::cout << "acknowledged " << found.acknowledged << ", lost " << found.lost
                  << ", asked twice " << found.asked_twice << ", acknowledged twice "
                  << found.acknowledged_twice << std::endl;
    }
};

// What a run says that waits for room.
constexpr std::string_view room_message = "wait in memory for room";

// So that a run does not wait for room for ten minutes.
words impatient() {
    return {"--set", "processing.disk_full_timeout=1s"};
}

} // namespace

BOOST_AUTO_TEST_SUITE(disk_full, *boost::unit_test::precondition(may_mount))

BOOST_FIXTURE_TEST_CASE(a_run_that_meets_a_full_disk_ends_with_6_and_goes_on_when_there_is_room,
                        cramped_room) {
    checkpoints.fill(little_room);
    const auto stopped = to_the_end(impatient());
    BOOST_TEST(stopped.code == 6, stopped.errors);
    BOOST_TEST(contains(stopped.errors, "No space left on device"), stopped.errors);
    BOOST_TEST(contains(stopped.errors, "To go on: "), stopped.errors);
    BOOST_TEST(endpoint.requests() > 0u);
    BOOST_TEST(endpoint.requests() < total);

    checkpoints.make_room();
    check_complete(to_the_end({"--must-resume"}));
}

BOOST_FIXTURE_TEST_CASE(while_the_disk_stays_full_another_start_changes_nothing, cramped_room) {
    checkpoints.fill(little_room);
    BOOST_TEST(to_the_end(impatient()).code == 6);
    for (int again = 0; again < 2; ++again) {
        const auto stopped = to_the_end(impatient() + words{"--must-resume"});
        BOOST_TEST(stopped.code == 6, stopped.errors);
    }
    checkpoints.make_room();
    check_complete(to_the_end({"--must-resume"}));
}

BOOST_FIXTURE_TEST_CASE(a_disk_without_room_for_a_run_is_said_and_nothing_is_asked, cramped_room) {
    checkpoints.fill(0);
    const auto stopped = to_the_end(impatient());
    BOOST_TEST(stopped.code == 6, stopped.errors);
    BOOST_TEST(contains(stopped.errors, "No space left on device"), stopped.errors);
    BOOST_TEST(endpoint.requests() == 0u);
    checkpoints.make_room();
    check_complete(to_the_end());
}

BOOST_FIXTURE_TEST_CASE(results_that_find_no_room_are_written_by_the_same_command_later,
                        cramped_room) {
    const auto first = to_the_end();
    check_complete(first);
    // Enough to open the run again, and not for a second copy of all answers.
    constexpr std::uint64_t room = 32 << 10;
    BOOST_REQUIRE(std::filesystem::file_size(results_path(*this, first.errors)) > room);
    checkpoints.fill(room);
    const auto here = words{"--output-dir", checkpoints.path()};
    const auto stopped = to_the_end(impatient() + here);
    BOOST_TEST(stopped.code == 6, stopped.errors);
    BOOST_TEST(contains(stopped.errors, "cannot write the results"), stopped.errors);
    checkpoints.make_room();
    check_complete(to_the_end(here));
    BOOST_TEST(endpoint.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_waits_for_room_goes_on_by_itself_when_there_is_some,
                        cramped_room) {
    checkpoints.fill(little_room);
    child_process run(start());
    run.errors.wait_for(room_message);
    BOOST_TEST(!run.ends_within(std::chrono::milliseconds{0}));
    checkpoints.make_room();
    check_complete(end_of(run));
    BOOST_TEST(endpoint.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(a_run_that_waits_for_room_is_interrupted_as_any_other, cramped_room) {
    checkpoints.fill(little_room);
    child_process run(start());
    run.errors.wait_for(room_message);
    run.send(SIGTERM);
    run.errors.wait_for("Interrupted");
    run.send(SIGTERM);
    const auto stopped = end_of(run);
    BOOST_TEST((stopped.code == 143 || stopped.code == 6), stopped.errors);
    checkpoints.make_room();
    check_complete(to_the_end({"--must-resume"}));
}

BOOST_AUTO_TEST_SUITE_END()
