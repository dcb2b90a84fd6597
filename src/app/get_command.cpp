// Records as they stand, one by one.
#include "proctor/app/get_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/standard_output.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace proctor {

namespace {

// Of all repeats of a question; false: there is none.
bool print_records(const run_view& run, question_id id) {
    const auto repeats = repeats_of(run.identity().settings);
    bool found = false;
    if (id == 0 || id > highest_question / repeats) return found;
    for (std::uint64_t repeat = 1; repeat <= repeats; ++repeat) {
        const auto body = run.find(task_of(id, repeat, repeats));
        if (!body) throw storage_trouble(body.error(), run.directory());
        if (!*body) continue;
        found = true;
        print(**body + "\n");
    }
    return found;
}

} // namespace

int get_command(const get_options& options) {
    posix_file_system disk;
    const auto run = open_named_run(disk, options.run);
    int status = exit_complete;
    for (const auto id : options.questions) {
        if (!print_records(run, id)) {
            fmt::print(stderr, "proctor: question {} has no record in {}\n", id, run.directory());
            status = exit_some_failed;
        }
    }
    return status;
}

} // namespace proctor
