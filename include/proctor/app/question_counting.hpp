// What there is to do: the questions of a file are counted, and what pins their identity is made,
// or found where an earlier session kept it.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/app/console.hpp"
#include "proctor/eval/question_index.hpp"
#include "proctor/eval/selection.hpp"
#include "proctor/storage/file_system.hpp"

#include <cstdint>
#include <string>

namespace proctor {

// Reads the whole file once and tells what in it is no question; but if a run of this file left
// its count, and the file has not been touched since, nothing is read. Throws cannot_start.
question_index count_questions(const config&, file_system&, console&);

// What shuffling the choices does to the questions of a run.
struct shuffle_counts {
    std::uint64_t multiple_choice = 0;
    std::uint64_t in_text = 0, bound = 0; // of these, what keeps its order, as choice_freedom says
};
// Reads the file up to the last question that is selected. Throws cannot_start.
shuffle_counts count_shuffled(const config&, const selection&);

// Leaves the count in a run directory for the next session. Derived: a failure costs time, no more.
void keep_question_index(file_system&, const std::string& run_directory, const question_index&);

} // namespace proctor
