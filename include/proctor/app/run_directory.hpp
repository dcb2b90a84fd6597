// Which run a command goes on with, and what a new one is about.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/storage/run_store.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

// What decides a result, field by field: an allow-list. Workers, URLs, keys, intervals and
// timeouts are not in it; they may change from session to session.
boost::json::object identity_settings(const config&, const question_census&);

// Puts a seed where one is to be drawn: the same for whatever follows from it, so that --seed can
// say it again.
void give_seed(boost::json::object& identity_settings, std::uint64_t seed);

// Who marks: one of grader_names(), or the shortname of the model that does.
std::string grader_name(const config&);

// How many of the file's questions are put, by all shards together.
std::uint64_t selected_count(const config&, const question_census&);

// How many results the run is to have: its shard's share, with repeats.
std::uint64_t task_count(const config&, const question_census&);

// What differs between the settings of a run and those that are asked for, as differences(); a run
// that says nothing of repeats asks each question once, one that says nothing of a shuffle leaves
// the choices in their order, and one that says nothing of a shard puts all questions.
std::vector<std::string> run_differences(const boost::json::object& recorded,
                                         const boost::json::object& wanted);

struct found_run {
    std::string directory;
    run_identity identity;
};

struct run_search {
    std::optional<found_run> fitting;     // the latest one that fits
    std::vector<std::string> passed_over; // newer ones but sister shards, and why not
};

// Over all runs of a checkpoint directory, newest first. What is no run is passed over in silence;
// damaged: a run.json that cannot be read.
result<run_search> find_run(file_system&, const std::string& checkpoint_directory,
                            const boost::json::object& wanted);

// The run that the user named: a run directory, or a checkpoint directory, whose latest is meant.
// mismatch: it does not fit, with every difference; not_found.
result<found_run> named_run(file_system&, const std::string& path,
                            const boost::json::object& wanted);

// The latest run that was made from this source (run_import.hpp) and fits.
result<std::optional<found_run>> run_made_from(file_system&,
                                               const std::string& checkpoint_directory,
                                               std::string_view source,
                                               const boost::json::object& wanted);

// What LOCK says while we hold a run, and what to tell who meets it.
std::string lock_text(wall_time started);
std::string describe_holder(const std::string& lock_text);

// Points `<checkpoint_directory>/latest` at the run, and latest.json at its status.json. Derived:
// a failure is not worth a word.
void link_latest(const std::string& checkpoint_directory, const std::string& run_directory);

} // namespace proctor
