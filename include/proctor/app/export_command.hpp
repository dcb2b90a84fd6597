// proctor export: the results of a run for other tools.
#pragma once

#include "proctor/app/options.hpp"
#include "proctor/app/results_file.hpp"

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int export_command(const export_options&);

// Metadata and configuration as the run itself would write them, from what it left on the disk.
results_frame frame_of(file_system&, const run_view&);

} // namespace proctor
