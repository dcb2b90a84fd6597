// What schedulers tell the tasks of an array job.
#include "proctor/app/job_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace proctor {
namespace {

// Names of variables, as sbatch(1) and qsub(1) have them; empty: there is none. A job that is no
// array has none of Slurm's, and "undefined" for Grid Engine's.
struct array_variables {
    const char* scheduler;
    const char* task;
    const char* first;
    const char* last;
    const char* step;
    const char* count; // of tasks; Slurm's arrays may have gaps
};
constexpr array_variables known[] = {
    {"Slurm", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX",
     "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"},
    {"Grid Engine", "SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE", ""}};

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
        const auto first = number_in(look_up, array.first);
        const auto last = number_in(look_up, array.last);
        if (!task || !first || !last) continue;
        const auto step = std::max<std::uint64_t>(number_in(look_up, array.step).value_or(1), 1);
        const auto number = *task < *first ? 0 : (*task - *first) / step + 1;
        const auto of = *last < *first ? 0 : (*last - *first) / step + 1;
        const bool is_even = number >= 1 && number <= of && (*task - *first) % step == 0 &&
                             number_in(look_up, array.count).value_or(of) == of;
        // Most likely one that is started again by itself: it would put all questions.
        const bool is_alone = of == 1;
        if (is_even && !is_alone) return shard{number, of};
        return failure{failure_code::bad_value, "--shard auto",
                       fmt::format("task {} of {}'s array from {} to {}: {}; say --shard K/N",
                                   *task, array.scheduler, *first, *last,
                                   is_alone ? "it is the only one, and of how many shards it is "
                                              "the scheduler does not tell"
                                            : "its tasks do not stand at even distances")};
    }
    return failure{failure_code::bad_value, "--shard auto",
                   "this is no task of an array job of Slurm or Grid Engine; say --shard K/N"};
}

} // namespace proctor
