// Which task of a scheduler's array job this process is.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/eval/selection.hpp"

namespace proctor {

// By the variables of Slurm or Grid Engine: the third of tasks 10 to 80 by 10 is shard 3/8.
// bad_value: this is no such task, or the only one, or the array has gaps. LSF tells neither where
// an array begins nor how many tasks it has.
result<shard> shard_of_job(const environment&);

} // namespace proctor
