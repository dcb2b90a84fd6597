// Which share of the questions a task of an array job takes.
#include "proctor/app/job_array.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

namespace {

using namespace proctor;
using variables = std::map<std::string, std::string>;

result<shard> shard_by(variables values) {
    return shard_of_job([&](const std::string& name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    });
}

variables slurm(const char* task, const char* first, const char* last, const char* count,
                const char* step = "1") {
    return {{"SLURM_ARRAY_TASK_ID", task},
            {"SLURM_ARRAY_TASK_MIN", first},
            {"SLURM_ARRAY_TASK_MAX", last},
            {"SLURM_ARRAY_TASK_COUNT", count},
            {"SLURM_ARRAY_TASK_STEP", step}};
}

variables grid_engine(const char* task, const char* last, const char* step = "1") {
    return {{"SGE_TASK_ID", task},
            {"SGE_TASK_FIRST", task == std::string("undefined") ? task : "1"},
            {"SGE_TASK_LAST", last},
            {"SGE_TASK_STEPSIZE", step}};
}

BOOST_AUTO_TEST_SUITE(job_arrays)

BOOST_AUTO_TEST_CASE(a_task_is_the_shard_of_its_place) {
    BOOST_TEST((shard_by(slurm("0", "0", "7", "8")).value() == shard{1, 8}));
    BOOST_TEST((shard_by(slurm("7", "0", "7", "8")).value() == shard{8, 8}));
    BOOST_TEST((shard_by(slurm("30", "10", "80", "8", "10")).value() == shard{3, 8}));
    BOOST_TEST((shard_by(slurm("4", "1", "10", "4", "3")).value() == shard{2, 4}));
    BOOST_TEST((shard_by(grid_engine("2", "5")).value() == shard{2, 5}));
    BOOST_TEST((shard_by(grid_engine("5", "6", "2")).value() == shard{3, 3}));
}

BOOST_AUTO_TEST_CASE(what_is_no_array_job_is_told) {
    for (const auto& none : {variables(), grid_engine("undefined", "undefined", "undefined"),
                             variables{{"LSB_JOBINDEX", "5"}, {"LSB_JOBINDEX_END", "8"}}}) {
        const auto found = shard_by(none);
        BOOST_REQUIRE(!found.has_value());
        BOOST_TEST(found.error().message().find("this is no task of an array job") !=
                   std::string::npos);
    }
}

// `sbatch --array=3`, because that task had failed.
BOOST_AUTO_TEST_CASE(a_task_that_is_started_again_by_itself_must_say_its_share) {
    for (const auto& alone : {slurm("3", "3", "3", "1"), grid_engine("1", "1")}) {
        const auto found = shard_by(alone);
        BOOST_REQUIRE(!found.has_value());
        BOOST_TEST(found.error().message().find("it is the only one") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(of_an_array_with_gaps_nobody_knows_the_shares) {
    for (const auto& gaps : {slurm("17", "1", "17", "3"), slurm("3", "1", "17", "3"),
                             slurm("4", "1", "9", "5", "2"), slurm("10", "1", "9", "9")}) {
        const auto found = shard_by(gaps);
        BOOST_REQUIRE(!found.has_value());
        BOOST_TEST(found.error().message().find("say --shard K/N") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
