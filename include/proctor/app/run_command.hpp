// proctor run: from a command line to marked questions.
#pragma once

#include "proctor/app/options.hpp"

namespace proctor {

// Returns an exit_status. Throws only what is a bug.
int run_command(const command_line&);

} // namespace proctor
