// Which run a command on runs means, and looking at it.
#pragma once

#include "proctor/app/load_config.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/eval/selection.hpp"
#include "proctor/storage/run_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

// What a checkpoint directory holds.
struct run_listing {
    std::vector<found_run> runs;         // newest first
    std::vector<failure> unreadable;     // runs whose run.json is damaged, or of a newer proctor
    std::vector<std::string> unfinished; // directories that are no runs: never made, half removed
};
result<run_listing> list_runs(file_system&, const std::string& checkpoint_directory);

// The directory that a path means, links like `latest` followed, and whether it is a run; else it
// is a checkpoint directory, or of no use. Throws cannot_start: exit_usage for a file,
// exit_run_unusable if nothing is there.
struct named_directory {
    std::string path;
    bool is_run = false;
};
named_directory find_directory(file_system&, const std::string& path);

// The runs that it means, newest first, then those that cannot be read. Throws cannot_start.
std::vector<std::string> runs_meant_by(file_system&, const named_directory&);

// The directory of the run that RUN means, of a checkpoint directory the latest; and that opened.
// Both throw cannot_start.
std::string named_run_directory(file_system&, const std::string& path);
run_view open_named_run(file_system&, const std::string& path);
// Throws cannot_start.
run_view open_run_view(file_system&, const std::string& directory);

// What to say, and the status to leave with, when storage fails a command on `directory`.
cannot_start storage_trouble(const failure&, const std::string& directory);

// How many results a run is to have: the questions of the selection, as often as each is asked. By
// run.json; nothing if that does not tell.
std::optional<std::uint64_t> tasks_of(const run_identity&);
// Which share of the questions it put; nothing: all of them.
std::optional<shard> shard_of(const boost::json::object& identity_settings);

// What it examines, "unknown" if that is not told; the name of its question file without folders,
// or empty.
std::string model_of(const run_identity&);
std::string questions_name_of(const run_identity&);

// How often a run with these settings asks each question; at least 1.
std::uint64_t repeats_of(const boost::json::object& identity_settings);

// The configuration, without secrets, as the last session used it: by its status.json; where that
// is lost, as the run began.
boost::json::object used_config(file_system&, const run_view&);

// Which those are.
selection selection_of(const boost::json::object& identity_settings);

// What the order of the choices follows from; nothing: they stand as in the set.
std::optional<std::uint64_t> shuffle_seed_of(const boost::json::object& identity_settings);

// 12345678 as "12.3 MB".
std::string size_text(std::uint64_t bytes);

} // namespace proctor
