// proctor compare: the same questions, two runs.
#pragma once

#include "proctor/app/options.hpp"

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int compare_command(const compare_options&);

} // namespace proctor
