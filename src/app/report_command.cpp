// The page goes where results go: to standard output, or into a file that is whole or not there.
#include "proctor/app/report_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/output_file.hpp"
#include "proctor/app/report_page.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <unistd.h>

namespace proctor {

int report_command(const report_options& options) {
    if (options.output.empty() && ::isatty(STDOUT_FILENO) == 1)
        throw cannot_start{exit_usage,
                           {"the report is a page of HTML, which is nothing for a terminal; say "
                            "where it is to go: -o report.html"}};
    posix_file_system disk;
    const auto directory = named_run_directory(disk, options.run);
    const auto page = report_page(report_of(disk, directory));
    write_output(disk, options.output, directory, [&](const text_sink& put) { return put(page); });
    return exit_complete;
}

} // namespace proctor
