// From command line, files and environment to the configuration that is used.
#pragma once

#include "proctor/app/options.hpp"

#include <string>
#include <vector>

namespace proctor {

// Ends a command before anything has been put: what to say, and the status to leave with.
struct cannot_start {
    int status;
    std::vector<std::string> messages;
};

struct loaded_config {
    config used;
    std::vector<std::string> notes; // keys of the original system that change nothing
    environment variables;          // --env-file and the process's own
};

// Throws cannot_start with every problem that there is.
loaded_config load_config(const command_line&);

} // namespace proctor
