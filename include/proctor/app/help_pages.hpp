// What shells and man are told of a command line, made from the same parser that reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace proctor {

enum class shell { bash, zsh, fish };

std::optional<shell> parse_shell(std::string_view name);

// A script that completes a program's subcommands, their flags, and files where a value is one.
// A value's name tells what it is: FILE, PATH, DIR, or the words to choose from, as json|csv.
std::string completion_script(const CLI::App&, shell);

// A page for man(7) macros: the program, its subcommands, all flags, the examples.
std::string manual_page(const CLI::App&);

} // namespace proctor
