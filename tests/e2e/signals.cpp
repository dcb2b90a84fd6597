// An interrupted run ends in good order, says how to go on, and goes on.
#include "support/programs.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

constexpr std::size_t total = 40;

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(total)); }

    command ask_some(const simulator& whom, const words& more = {}) const {
        return ask(whom, "q.jsonl",
                   words{"--parallel", "4", "--save-incremental", "--ack-fd", "3"} + more);
    }

    std::size_t completed() const {
        const auto status = json_of(dir.path() / "checkpoints" / "latest.json");
        return status.at("completed_count").to_number<std::size_t>();
    }

    // The command behind "To go on: ", given to a shell as the user would.
    command command_in(const std::string& errors) const {
        constexpr std::string_view message = "To go on: ";
        const auto at = errors.find(message);
        BOOST_REQUIRE_MESSAGE(at != errors.npos, errors);
        const auto line = errors.substr(at + message.size());
        return {{"/bin/sh", "-c", line.substr(0, line.find('\n'))}, {}, dir.path().string()};
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(signals)

BOOST_AUTO_TEST_CASE(one_signal_lets_answers_in_flight_come_and_the_named_command_goes_on) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
        const class_room here;
        const simulator endpoint({"--latency", "50ms"});
        child_process run(here.ask_some(endpoint));
        run.acknowledged.wait_for("\n");
        run.send(signal);
        BOOST_TEST(run.wait().code == 128 + signal);
        const auto said = run.errors.all();
        BOOST_TEST(contains(said, "Interrupted: no new questions"));
        // Whatever was asked has been answered, kept and counted.
        const auto asked = endpoint.requests();
        BOOST_TEST(asked < total);
        BOOST_TEST(here.completed() == asked);
        BOOST_TEST(count_lines(run.acknowledged.all()) == asked);

        const auto rest = run_to_end(here.command_in(said));
        BOOST_TEST(rest.code == 0, rest.errors);
        BOOST_TEST(
            contains(rest.errors, "Skipping " + std::to_string(asked) + " already completed"));
        BOOST_TEST(endpoint.requests() == total);
        BOOST_TEST(results_in(results_path(here, rest.errors)).size() == total);
    }
}

BOOST_FIXTURE_TEST_CASE(a_second_signal_leaves_at_once_and_loses_nothing_that_is_complete,
                        class_room) {
    const simulator quick({"--latency", "50ms"});
    child_process beginning(ask_some(quick));
    beginning.acknowledged.wait_for("\n");
    beginning.send(SIGTERM);
    BOOST_TEST(beginning.wait().code == 143);
    const auto complete = completed();
    BOOST_TEST(complete > 0u);

    // Neither latency nor grace would end while this test has patience.
    const simulator slow({"--latency", "1h"});
    child_process stuck(ask_some(slow, {"--set", "processing.grace_seconds=1h"}));
    while (slow.requests() < 4) BOOST_REQUIRE(!stuck.ends_within(std::chrono::milliseconds{20}));
    stuck.send(SIGTERM);
    stuck.errors.wait_for("Interrupted: no new questions; 4 in flight");
    stuck.send(SIGTERM);
    BOOST_TEST(stuck.wait().code == 143);
    BOOST_TEST(completed() == complete);

    const auto rest = run_to_end(ask_some(quick, {"--must-resume"}));
    BOOST_TEST(rest.code == 0, rest.errors);
    BOOST_TEST(results_in(results_path(*this, rest.errors)).size() == total);
    BOOST_TEST(quick.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(a_signal_before_the_endpoint_has_said_anything_ends_in_good_order,
                        class_room) {
    // Takes the connection, and never says a word.
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor mute(io, {boost::asio::ip::address_v4::loopback(), 0});
    const auto url = "http://127.0.0.1:" + std::to_string(mute.local_endpoint().port()) + "/v1";
    auto how = proctor({"run", "q.jsonl", "--model", "m", "--base-url", url});
    child_process run(how);
    const auto connection = mute.accept();
    run.send(SIGINT);
    BOOST_TEST(run.wait().code == 130);
    const auto said = run.errors.all();
    BOOST_TEST(contains(said, "Interrupted: no new questions; 0 in flight"), said);
    BOOST_TEST(contains(said, "To go on: "), said);
}

BOOST_AUTO_TEST_SUITE_END()
