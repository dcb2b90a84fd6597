// What is told of runs in every state, and of who holds them.
#include "proctor/app/run_holder.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/app/run_status.hpp"

#include "support/result_records.hpp"
#include "support/scratch_dir.hpp"
#include "support/source_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <unistd.h>

namespace {

using namespace proctor;
using namespace proctor::test;

struct place {
    run_status look() { return look_at_run(disk, run); }
    void damage_log() const {
        for (const auto& entry : std::filesystem::directory_iterator(run))
            if (entry.path().extension() == ".log")
                std::filesystem::resize_file(entry.path(), 100); // within its header
    }

    scratch_dir directory;
    posix_file_system disk;
    std::string run = directory.file("checkpoint_a");
};

bool says(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

BOOST_AUTO_TEST_SUITE(run_states)

BOOST_AUTO_TEST_CASE(a_lock_is_known_by_its_file_or_by_its_inode_and_the_process_that_is_expected) {
    constexpr std::string_view table = "1: POSIX  ADVISORY  WRITE 7 fd:01:55 0 EOF\n"
                                       "2: FLOCK  ADVISORY  READ  8 fd:01:66 0 EOF\n"
                                       "3: FLOCK  ADVISORY  WRITE 9 fd:01:77 0 EOF\n"
                                       "3: -> FLOCK  ADVISORY  WRITE 10 fd:01:88 0 EOF\n";
    BOOST_TEST(is_locked(table, {0xfd, 1, 77}, 0));
    BOOST_TEST(is_locked(table, {0, 0x2f, 77}, 9));   // an overlay tells another device
    BOOST_TEST(!is_locked(table, {0, 0x2f, 77}, 10)); // but not of any process
    BOOST_TEST(!is_locked(table, {0xfd, 1, 55}, 7));  // no flock
    BOOST_TEST(!is_locked(table, {0xfd, 1, 66}, 8));  // one for reading
    BOOST_TEST(!is_locked(table, {0xfd, 1, 88}, 10)); // one that is waited for
    BOOST_TEST(!is_locked("", {0xfd, 1, 77}, 9));
}

BOOST_FIXTURE_TEST_CASE(the_cost_is_by_the_prices_of_the_last_session_or_those_at_the_start,
                        place) {
    const auto priced = [](double prompt) -> boost::json::object {
        return {{"prices", {{"prompt", prompt}, {"completion", 2}, {"currency", "EUR"}}}};
    };
    auto identity = identity_of(1);
    identity.about["config"] = priced(1);
    make_run(disk, run, identity, {result_record(1, 1)}); // 10 prompt and 3 completion tokens
    BOOST_TEST(status_json(look()).at("cost").at("amount").to_number<double>() == 16e-6);
    const boost::json::object last_word{{"config", priced(1e6)}};
    BOOST_REQUIRE(
        write_new_file(disk, join_path(run, status_file), json_text(last_word)).has_value());
    BOOST_TEST(says(status_text(look()), "10.00 EUR"));
}

BOOST_FIXTURE_TEST_CASE(of_answers_is_told_what_footers_and_log_do, place) {
    make_run(disk, run, identity_of(2), {result_record(1, 1, "four"), result_record(2, 0, "so")});
    const auto told = status_json(look());
    BOOST_TEST(told.at("answer_characters").at("count") == 2);
    BOOST_TEST(told.at("answer_characters").at("mean") == 3.0);
    BOOST_TEST(told.at("reasoning_characters").is_null());
    BOOST_TEST(told.at("choices").is_null()); // there is no multiple choice
    BOOST_TEST(told.at("no_choice") == 0);
    const auto golden = source_dir() / "tests" / "golden";
    const auto newer = status_json(look_at_run(disk, (golden / "v2" / "compacted").string()));
    BOOST_TEST(newer.at("choices").at("positions").as_array().size() == 2u);
    const auto old = status_json(look_at_run(disk, (golden / "v1" / "compacted").string()));
    BOOST_TEST(old.at("completed_count") == newer.at("completed_count"));
    BOOST_TEST(old.at("choices").is_null());
    BOOST_TEST(old.at("answer_characters").is_null());
}

BOOST_FIXTURE_TEST_CASE(a_run_that_is_held_is_running_and_looking_takes_no_lock, place) {
    const auto store = begin_run(disk, run, identity_of(6),
                                 {result_record(1, 1), result_record(2, 0), failed_record(3),
                                  refused_record(4), answered_record(5)},
                                 lock_text(wall_now()));
    const auto status = look();
    BOOST_TEST((status.state == run_state::running));
    BOOST_TEST(status.holder.pid == ::getpid());
    BOOST_TEST(status.completed == 2u);
    BOOST_TEST(status.total.value() == 6u);
    BOOST_TEST(status.failed == 2u);
    BOOST_TEST(status.refused == 1u);
    BOOST_TEST(status.answered == 1u);
    BOOST_TEST(status.to_ask() == 2u); // 3 again, and 6
    BOOST_TEST(says(status_text(status), "running: process"));
    BOOST_TEST(!says(status_text(status), "proctor resume"));
}

BOOST_FIXTURE_TEST_CASE(a_run_whose_process_is_gone_without_a_word_has_died, place) {
    begin_run(disk, run, identity_of(3), {result_record(1, 1)}, lock_text(wall_now()));
    const auto status = look();
    BOOST_TEST((status.state == run_state::died));
    BOOST_TEST(says(status_text(status), "`proctor resume " + run + "` asks 2"));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_has_tried_every_question_is_finished, place) {
    make_run(disk, run, identity_of(2), {result_record(1, 1), refused_record(2)});
    const auto status = look();
    BOOST_TEST((status.state == run_state::finished));
    BOOST_TEST(says(status_text(status), "nothing is left to do"));
    BOOST_TEST(says(status_text(status), "1 refused for good (http_status 1)"));
}

BOOST_FIXTURE_TEST_CASE(one_that_ended_before_that_is_stopped, place) {
    make_run(disk, run, identity_of(3), {result_record(1, 1), answered_record(2)});
    const auto status = look();
    BOOST_TEST((status.state == run_state::stopped));
    BOOST_TEST(says(status_text(status), "asks 1; marks 1"));
}

BOOST_FIXTURE_TEST_CASE(of_a_run_held_elsewhere_only_its_last_word_is_known, place) {
    begin_run(disk, run, identity_of(3), {result_record(1, 1)},
              R"({"host":"no-such-host","pid":1,"started":"2026-01-01T00:00:00.000000"})");
    directory.write("checkpoint_a/status.json", R"({"rate": 3.5})");
    const auto status = look();
    BOOST_TEST((status.state == run_state::unknown));
    BOOST_TEST(says(status_text(status), "held by process 1 on no-such-host as of its last word"));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_cannot_be_read_is_told_as_damaged_with_a_way_to_look, place) {
    make_run(disk, run, identity_of(3), {result_record(1, 1)});
    damage_log();
    const auto status = look();
    BOOST_TEST((status.state == run_state::damaged));
    BOOST_TEST(says(status.problem, "proctor-dump"));
    const auto json = status_json(status);
    BOOST_TEST(json.at("verdict").as_string() == "damaged");
    BOOST_TEST(json.at("completed_count").is_null());
    BOOST_TEST(json.at("total").to_number<int>() == 3);
}

BOOST_FIXTURE_TEST_CASE(json_has_the_members_that_are_promised, place) {
    make_run(disk, run, identity_of(3), {result_record(1, 1), failed_record(2)});
    const auto json = status_json(look());
    for (const auto* name : {"run", "run_id", "created", "state", "completed_count", "total",
                             "failed", "answered", "accuracy", "tokens", "bytes", "last_written",
                             "pid", "host", "rate", "remaining_seconds", "verdict"})
        BOOST_TEST(json.contains(name), name << " is missing");
    const boost::json::value value(json);
    BOOST_TEST(value.at_pointer("/failed/retryable").to_number<int>() == 1);
    BOOST_TEST(value.at_pointer("/failed/refused").to_number<int>() == 0);
    BOOST_TEST(value.at_pointer("/failed/by_kind/timed_out").to_number<int>() == 1);
    BOOST_TEST(value.at_pointer("/tokens/prompt").to_number<int>() == 10);
    BOOST_TEST(value.at_pointer("/bytes/snapshots").to_number<int>() > 0);
    BOOST_TEST(value.at("state").as_string() == "stopped");
    BOOST_TEST(value.at("accuracy").to_number<double>() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_limit_makes_the_selection_smaller, place) {
    auto identity = identity_of(100);
    BOOST_TEST(tasks_of(identity).value() == 100u);
    identity.settings["selection"] = {{"limit", 7}};
    BOOST_TEST(tasks_of(identity).value() == 7u);
    identity.settings.erase("questions");
    BOOST_TEST(!tasks_of(identity).has_value());
}

BOOST_FIXTURE_TEST_CASE(of_a_checkpoint_directory_the_latest_run_is_meant, place) {
    auto identity = identity_of(1);
    make_run(disk, run, identity, {});
    identity.created = "2027-01-01T00:00:00.000000";
    const auto newer = directory.file("checkpoint_0");
    make_run(disk, newer, identity, {});
    const auto checkpoints = directory.path().string();
    BOOST_TEST(open_named_run(disk, checkpoints).directory() == newer);
    BOOST_TEST(open_named_run(disk, run + "/").directory() == run);
    link_latest(checkpoints, newer);
    BOOST_TEST(open_named_run(disk, directory.file("latest")).directory() == newer);
    BOOST_CHECK_THROW(open_named_run(disk, directory.file("none")), cannot_start);
    BOOST_CHECK_THROW(open_named_run(disk, newer + "/run.json"), cannot_start);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
