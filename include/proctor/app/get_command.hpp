// proctor get: single results.
#pragma once

#include "proctor/app/options.hpp"

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int get_command(const get_options&);

} // namespace proctor
