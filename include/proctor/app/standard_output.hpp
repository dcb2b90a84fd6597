// Standard output, where results go.
#pragma once

#include <string_view>

namespace proctor {

// Writes all of it, at once. Throws cannot_start if that cannot be done: with exit_disk, or, if
// nobody reads any more, with exit_complete and nothing to say.
void print(std::string_view);

} // namespace proctor
