// Where a command puts what it makes.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/storage/file_system.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace proctor {

// Takes the text in large pieces, one behind the other.
using text_sink = std::function<result<>(std::string_view)>;
using text_writer = std::function<result<>(const text_sink&)>;

// Lets `write` make a file: beside its name first, which it then replaces, so that it is whole or
// not there.
result<> write_whole(file_system&, const std::string& path, const text_writer& write);

// The same, as -o of a command has it: to standard output if `path` is empty or "-"; through a pipe
// or a device, in whose place no file is to stand. What goes wrong is thrown as cannot_start:
// exit_usage if nothing can be written there, else what storage_trouble() says of `run_directory`.
void write_output(file_system&, const std::string& path, const std::string& run_directory,
                  const text_writer& write);

} // namespace proctor
