// The command line, taken apart.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/app/results_file.hpp"
#include "proctor/core/types.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace proctor {

// Of a command that puts questions, or marks their answers again.
struct command_line {
    std::string command;                   // "run", "resume" or "regrade"
    std::string run;                       // of the latter two: whose record they begin with
    std::vector<std::string> config_files; // in order
    std::vector<assignment> assignments;   // of flags and --set, in order
    int acknowledge_fd = -1;               // --ack-fd
    bool dry_run = false;                  // check, ask one question, and leave nothing behind
    std::string env_file;
    std::string again; // the same command as one would type it
};

struct config_options {
    command_line line;   // as of `run`; what it gives is shown as it would be used
    std::string explain; // only this key, or this section
};

// Of commands that look at runs, or tidy up. A `run` is a run directory, or a checkpoint directory
// whose latest run is meant.
struct status_options {
    std::string run;
    bool as_json = false;
    bool watch = false;
};

struct get_options {
    std::string run;
    std::vector<question_id> questions; // in the order asked; at least one
};

struct export_options {
    std::string run;
    results_format format = results_format::json;
    results_choice choice = results_choice::all;
    std::string output; // empty: standard output
};

struct report_options {
    std::string run;
    std::string output; // empty: standard output
};

struct view_options {
    std::string directory; // a checkpoint directory, or a run
    std::string listen = "127.0.0.1:8765";
};

struct merge_options {
    std::string output; // the new run's directory
    std::vector<std::string> runs;
};

struct compare_options {
    std::vector<std::string> runs; // two
    bool as_json = false;
};

// At least one of `keep` (1 or more) and `older_than` is there.
struct prune_options {
    std::string directory;
    std::optional<std::uint64_t> keep;
    std::optional<duration> older_than;
    bool dry_run = false;
};

using any_command =
    std::variant<command_line, config_options, status_options, get_options, export_options,
                 report_options, view_options, merge_options, compare_options, prune_options>;

// One word of a command line, as a shell would have it typed.
std::string quoted(const std::string& word);

// Either a command, or the status to leave with: --help and --version have been printed to
// standard output, or what is wrong with the command line to standard error.
struct parsed_line {
    std::optional<any_command> command;
    int status = 0;
};
parsed_line parse_command_line(int argc, char** argv);

} // namespace proctor
