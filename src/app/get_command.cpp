// Records as they stand, one by one.
#include "proctor/app/get_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/standard_output.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace proctor {

int get_command(const get_options& options) {
    posix_file_system disk;
    const auto run = open_named_run(disk, options.run);
    int status = exit_complete;
    for (const auto id : options.questions) {
        const auto body = run.find(id);
        if (!body) throw storage_trouble(body.error(), run.directory());
        if (!*body) {
            fmt::print(stderr, "proctor: question {} has no record in {}\n", id, run.directory());
            status = exit_some_failed;
            continue;
        }
        print(**body + "\n");
    }
    return status;
}

} // namespace proctor
