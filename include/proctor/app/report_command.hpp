// proctor report: a run as a page to read and to pass on.
#pragma once

#include "proctor/app/options.hpp"

namespace proctor {

// The exit status. Throws cannot_start.
int report_command(const report_options&);

} // namespace proctor
