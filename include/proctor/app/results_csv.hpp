// A result as a line of CSV.
#pragma once

#include "proctor/core/error.hpp"

#include <string>
#include <string_view>

namespace proctor {

// The names of the columns, and "\n". RFC 4180 but for its line ends. `repeated`: with a column
// for the repeat.
std::string csv_header(bool repeated);
// Appends the line of a record's body. What the body has not, or null, is empty. bad_syntax: it is
// no JSON.
result<> append_csv_line(std::string& out, std::string_view body, bool repeated);

} // namespace proctor
