// Standard output, where results go.
#pragma once

#include "proctor/core/error.hpp"

#include <string_view>

namespace proctor {

// All of it, at once. disk_full or io_error.
result<> write_to_standard_output(std::string_view);

// The same for a command that has nothing else to do: throws cannot_start, with exit_disk, or, if
// nobody reads any more, with exit_complete and nothing to say.
void print(std::string_view);

} // namespace proctor
