// The results of a run as users get them, in order of question_id, from the records byte for byte.
#pragma once

#include "proctor/app/output_file.hpp"
#include "proctor/core/error.hpp"
#include "proctor/storage/file_system.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace proctor {

enum class results_format {
    json,       // {"metadata": …, "results": […]}
    jsonl,      // a result a line
    csv,        // a line a result, behind a line of names
    checkpoint, // the JSON checkpoint of the original system, version "2.0"
};

std::optional<results_format> parse_results_format(std::string_view name);

// Which questions are shown. Of a checkpoint only completed ones are, whatever is asked.
enum class results_choice { all, incorrect };

// What stands around the results.
struct results_frame {
    boost::json::object metadata; // of json and checkpoint
    boost::json::object config;   // of checkpoint; of csv, which fields of questions were kept
};

// Streams: memory holds one piece, and what a run_cursor holds.
result<> write_results(const run_view&, const text_sink&, results_format, results_choice,
                       const results_frame&);

// Into a file that is whole or not there.
result<> write_results(file_system&, const run_view&, const std::string& path, results_format,
                       results_choice, const results_frame&);
result<> write_results(file_system&, const std::string& run_directory, const std::string& path,
                       results_format, results_choice, const boost::json::object& metadata);

} // namespace proctor
