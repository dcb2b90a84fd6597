// Before anything is put: the run is found or made.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/app/console.hpp"
#include "proctor/app/load_config.hpp"
#include "proctor/eval/grading.hpp"
#include "proctor/eval/question_index.hpp"
#include "proctor/pipeline/scheduler.hpp"
#include "proctor/storage/posix_file_system.hpp"
#include "proctor/storage/run_store.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace proctor {

wall_time wall_now();
std::uint64_t random_number(); // from the system

cannot_start usage_error(const failure&);

struct opened_run {
    std::unique_ptr<run_store> store;
    ledger counted; // what earlier sessions have done
};

// What open_run would do, in a few words, without doing any of it: nothing is made, taken or
// locked. Throws cannot_start where no run fits or a directory cannot be written to.
std::string run_prospect(const config&, const question_index&, posix_file_system&, console&,
                         wall_time started);

// The latest run that fits, the one that the user named, or a new one; says which. With
// checkpointing disabled a scratch run below the output directory. Throws cannot_start.
opened_run open_run(const config&, const question_index&, posix_file_system&, console&,
                    wall_time started);

// The run that holds the answers of the one in `source`, to be marked by `marks`: made now, or by
// an earlier regrade. Throws cannot_start: exit_run_held while a process works on the source,
// exit_run_unusable where the configuration differs from it in more than the grader.
opened_run open_regraded(const config&, const question_index&, posix_file_system&, console&,
                         wall_time started, const std::string& source, const grader& marks);

} // namespace proctor
