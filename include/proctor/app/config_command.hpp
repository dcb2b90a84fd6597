// proctor config: the keys of the configuration, and what becomes of them.
#pragma once

#include "proctor/app/options.hpp"

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int config_command(const config_options&);

} // namespace proctor
