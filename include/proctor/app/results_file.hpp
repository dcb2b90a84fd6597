// The results of a run as users get them: one file, in order of question_id.
#pragma once

#include "proctor/storage/file_system.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace proctor {

enum class results_format { json, jsonl };

// Which questions a results file shows.
enum class results_choice { all, incorrect };

// Writes the file beside its name and then replaces it, so that it is whole or not there. Streams:
// memory holds one result.
result<> write_results(file_system&, const std::string& run_directory, const std::string& path,
                       results_format, results_choice, const boost::json::object& metadata);

} // namespace proctor
