// proctor status: how far a run is, or all runs of a directory.
#pragma once

#include "proctor/app/options.hpp"

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int status_command(const status_options&);

} // namespace proctor
