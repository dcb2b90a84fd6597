// What goes, what stays, and why.
#include "proctor/app/prune_command.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/app/run_opening.hpp"

#include "support/result_records.hpp"
#include "support/scratch_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;
using names = std::vector<std::string>;

// Four runs, checkpoint_1 the oldest.
struct checkpoints {
    checkpoints() {
        for (int day = 1; day <= 4; ++day) {
            auto identity = identity_of(2);
            identity.id.fill(static_cast<char>(day));
            identity.created = fmt::format("2026-01-{:02}T00:00:00.000000", day);
            make_run(disk, run(day), identity, {result_record(1, 1)});
        }
        options.directory = directory.path().string();
    }

    std::string run(int day) const { return directory.file(fmt::format("checkpoint_{}", day)); }

    std::vector<pruned> prune_now(std::chrono::hours later = {}) {
        std::vector<pruned> done;
        const auto passed = prune(disk, options, wall_now() + later, done);
        BOOST_TEST_REQUIRE(passed.has_value());
        return done;
    }

    names left() const {
        names found;
        for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
            if (entry.path().filename() != ".lock") found.push_back(entry.path().filename());
        std::sort(found.begin(), found.end());
        return found;
    }

    scratch_dir directory;
    posix_file_system disk;
    prune_options options;
};

BOOST_AUTO_TEST_SUITE(pruning)

BOOST_FIXTURE_TEST_CASE(the_newest_stay_and_the_rest_goes_with_its_size, checkpoints) {
    options.keep = 2;
    const auto done = prune_now();
    BOOST_TEST((left() == names{"checkpoint_3", "checkpoint_4"}));
    BOOST_REQUIRE(done.size() == 2u);
    for (const auto& each : done) {
        BOOST_TEST((each.what == pruned::fate::removed));
        BOOST_TEST(each.bytes > 0u);
    }
}

BOOST_FIXTURE_TEST_CASE(age_counts_from_the_last_change_and_the_newest_run_stays, checkpoints) {
    options.older_than = std::chrono::hours{30 * 24};
    BOOST_TEST(prune_now(std::chrono::hours{29 * 24}).empty());
    BOOST_TEST(left().size() == 4u);
    prune_now(std::chrono::hours{31 * 24});
    BOOST_TEST((left() == names{"checkpoint_4"}));
}

BOOST_FIXTURE_TEST_CASE(of_both_conditions_both_must_hold, checkpoints) {
    options.keep = 3;
    options.older_than = std::chrono::hours{24};
    BOOST_TEST(prune_now().empty());
    prune_now(std::chrono::hours{48});
    BOOST_TEST((left() == names{"checkpoint_2", "checkpoint_3", "checkpoint_4"}));
}

BOOST_FIXTURE_TEST_CASE(a_dry_run_tells_the_same_and_changes_nothing, checkpoints) {
    options.keep = 1;
    options.dry_run = true;
    BOOST_TEST(prune_now().size() == 3u);
    BOOST_TEST(left().size() == 4u);
    BOOST_TEST(!std::filesystem::exists(directory.file(".lock")));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_is_held_stays_and_it_is_said_by_whom, checkpoints) {
    auto held = make_options(8192, 5);
    held.lock_text = lock_text(wall_now());
    const auto store = run_store::open(disk, run(1), held, {});
    BOOST_REQUIRE(store.has_value());
    options.keep = 1;
    for (const bool dry : {true, false}) {
        options.dry_run = dry;
        const auto done = prune_now();
        BOOST_REQUIRE(done.size() == 3u);
        BOOST_TEST((done.back().what == pruned::fate::held));
        BOOST_TEST(done.back().why.find("is held by process") != std::string::npos);
    }
    BOOST_TEST((left() == names{"checkpoint_1", "checkpoint_4"}));
    BOOST_TEST(run_view::open(disk, run(1)).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_run_of_another_host_that_was_just_written_stays, checkpoints) {
    directory.write("checkpoint_1/LOCK",
                    R"({"host":"no-such-host","pid":1,"started":"2026-01-01T00:00:00.000000"})");
    options.keep = 3;
    BOOST_TEST((prune_now().front().what == pruned::fate::held));
    BOOST_TEST((prune_now(std::chrono::hours{2}).front().what == pruned::fate::removed));
}

BOOST_FIXTURE_TEST_CASE(leftovers_go_once_they_are_a_day_old, checkpoints) {
    BOOST_REQUIRE(disk.make_directory(directory.file("checkpoint_never_made")).has_value());
    BOOST_REQUIRE(disk.make_directory(directory.file("checkpoint_x.making")).has_value());
    BOOST_REQUIRE(disk.make_directory(directory.file("something_else")).has_value());
    options.keep = 9;
    BOOST_TEST(prune_now(std::chrono::hours{23}).empty());
    BOOST_TEST(prune_now(std::chrono::hours{25}).size() == 2u);
    BOOST_TEST((left() == names{"checkpoint_1", "checkpoint_2", "checkpoint_3", "checkpoint_4",
                                "something_else"}));
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_judged_stays, checkpoints) {
    directory.write("checkpoint_1/run.json", "{}");
    options.keep = 3;
    const auto done = prune_now(std::chrono::hours{48});
    BOOST_REQUIRE(done.size() == 1u);
    BOOST_TEST((done.front().what == pruned::fate::unreadable));
    BOOST_TEST(left().size() == 4u);
}

BOOST_FIXTURE_TEST_CASE(a_link_to_what_went_is_mended, checkpoints) {
    link_latest(options.directory, run(2));
    options.keep = 1;
    prune_now();
    BOOST_TEST(std::filesystem::equivalent(directory.file("latest"), run(4)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
