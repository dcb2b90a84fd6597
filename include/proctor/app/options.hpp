// The command line, taken apart.
#pragma once

#include "proctor/app/config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace proctor {

struct command_line {
    std::string command;                   // "run" or "resume"
    std::string run;                       // of resume: what to go on with
    std::vector<std::string> config_files; // in order
    std::vector<assignment> assignments;   // of flags and --set, in order
    int acknowledge_fd = -1;               // --ack-fd
    std::string env_file;
    std::string again; // the same command as one would type it
};

// Either a command, or the status to leave with: --help and --version have been printed to
// standard output, or what is wrong with the command line to standard error.
struct parsed_line {
    std::optional<command_line> command;
    int status = 0;
};
parsed_line parse_command_line(int argc, char** argv);

} // namespace proctor
