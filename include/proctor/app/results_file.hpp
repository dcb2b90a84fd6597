// The results of a run as users get them: one file, in order of question_id.
#pragma once

#include "proctor/storage/replay.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// Of each question's records, where the one that counts stands. Eight bytes a question.
class record_index {
public:
    void add(const record_view&, record_place);

    // Calls `visit` with each question's record that counts, in order of question_id.
    result<> visit(file_system&, const std::string& directory,
                   const std::vector<segment_key>& segments,
                   const std::function<result<>(const record_view&)>& visit) const;

private:
    std::vector<std::uint64_t> places_; // by question_id; 0: none
};

enum class results_format { json, jsonl };

// Which questions a results file shows.
enum class results_choice { all, incorrect };

// Writes the file beside its name and then replaces it, so that it is whole or not there. Streams:
// memory holds one result.
result<> write_results(file_system&, const std::string& run_directory, const std::string& path,
                       results_format, results_choice, const boost::json::object& metadata);

} // namespace proctor
