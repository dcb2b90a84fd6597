// The record that a process leaves in the log when it begins to work on a run and when it ends: who
// and where, and what it may do differently from others of the run. For people; decides nothing.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/codec/frame.hpp"
#include "proctor/eval/question_index.hpp"

#include <cstdint>
#include <string>

namespace proctor {

// Bodies of records of kind session: one line of JSON, from an allow-list of fields.
std::string session_begin_body(const config&, const question_index&, wall_time started);
std::string session_end_body(std::string_view why, std::uint64_t completed, wall_time ended);

} // namespace proctor
