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
    std::vector<std::string> notes;      // keys of the original system that change nothing
    environment variables;               // --env-file and the process's own
    std::vector<assignment> assignments; // all that were made, in order
    std::vector<std::string> lacking;    // what keeps it from being used
};

// What files, command line and environment say, whether it is enough for a run or not. No file that
// it names is opened. Throws cannot_start with every key and value that is wrong.
loaded_config read_config(const command_line&);

// The same, ready for use. Throws cannot_start with every problem that there is.
loaded_config load_config(const command_line&);

} // namespace proctor
