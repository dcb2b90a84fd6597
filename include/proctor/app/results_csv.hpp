// A result as a line of CSV.
#pragma once

#include "proctor/core/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// What depends on the run.
struct csv_layout {
    bool repeated = false;         // with a column for the repeat
    bool shuffled = false;         // with one for the order of the choices
    std::vector<std::string> kept; // further members, a column each, at the end
};

// The names of all columns that there may be but for those that are kept.
std::vector<std::string_view> csv_columns();

// The names of the columns, and "\n". RFC 4180 but for its line ends.
std::string csv_header(const csv_layout&);
// Appends the line of a record's body. What the body has not, or null, is empty. bad_syntax: it is
// no JSON.
result<> append_csv_line(std::string& out, std::string_view body, const csv_layout&);

} // namespace proctor
