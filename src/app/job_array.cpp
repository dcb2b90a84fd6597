// What schedulers tell the tasks of an array job.
#include "proctor/app/job_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace proctor {
namespace {

// Names of variables; empty: there is none. As sbatch(1), qsub(1) and bsub(1) have them. A job that
// is no array has none with Slurm, "undefined" with Grid Engine, and an end of 0 with LSF.
struct array_variables {
    const char* scheduler;
    const char* task;
    const char* first; // 1 without it
    const char* last;
    const char* step;  // 1 without it
    const char* count; // of tasks; only Slurm's arrays may have gaps
};
constexpr array_variables known[] = {
    {"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
     "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"},
    {"Grid Engine", "SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE", ""},
    {"LSF", "LSB_JOBINDEX", "", "LSB_JOBINDEX_END", "LSB_JOBINDEX_STEP", ""}};

std::optional<std::uint64_t> number_in(const environment& look_up, const char* name) {
    const auto text = look_up(name).value_or("");
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

} // namespace

result<shard> shard_of_job(const environment& look_up) {
    for (const auto& array : known) {
        const auto task = number_in(look_up, array.task);
        const auto last = number_in(look_up, array.last);
        if (!task || last.value_or(0) == 0) continue;
        const auto first = number_in(look_up, array.first).value_or(1);
        const auto step = std::max<std::uint64_t>(number_in(look_up, array.step).value_or(1), 1);
        const auto number = *task < first ? 0 : (*task - first) / step + 1;
        const auto of = *last < first ? 0 : (*last - first) / step + 1;
        const bool is_even = number >= 1 && number <= of && (*task - first) % step == 0 &&
                             number_in(look_up, array.count).value_or(of) == of;
        if (is_even) return shard{number, of};
        return failure{failure_code::bad_value, "--shard auto",
                       fmt::format("task {} of {}'s array from {} to {}: its tasks do not stand "
                                   "at even distances; say --shard K/N",
                                   *task, array.scheduler, first, *last)};
    }
    return failure{failure_code::bad_value, "--shard auto",
                   "this is no task of an array job of Slurm, Grid Engine or LSF; say --shard K/N"};
}

} // namespace proctor
