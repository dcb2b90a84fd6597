// proctor view: the runs of a directory in a browser, live, with each question to look up.
#pragma once

#include "proctor/app/options.hpp"
#include "proctor/net/page_listener.hpp"

#include <string>

namespace proctor {

// The pages of the runs below a checkpoint directory, or of one run. They are read anew each time
// somebody asks; nothing is locked or changed.
//
//   /                           all runs
//   /run/NAME                   what `proctor report` shows
//   /run/NAME/questions         its questions: ?show=wrong|failed|unmarked|all&from=N
//   /run/NAME/question?id=N     all that is recorded of one
page_listener::page_maker view_pages(std::string directory);

// Serves until it is ended by a signal. Throws cannot_start.
int view_command(const view_options&);

} // namespace proctor
