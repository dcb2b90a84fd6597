// What shells and man are told of a command line, made from the same parser that reads it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace proctor {

enum class shell { bash, zsh, fish };

std::optional<shell> parse_shell(std::string_view name);

// The words to choose from, by a value's name, where that does not tell them.
using value_words = std::map<std::string, std::vector<std::string>>;

// A script that completes a program's subcommands, their flags, or its own where it has no
// subcommands, and files where a value is one. A value's name tells what it is: FILE, PATH, DIR, or
// the words to choose from, as json|csv.
std::string completion_script(const CLI::App&, shell, const value_words& = {});

// A page for man(7) macros: the program and what it is for, in a line; its subcommands, all flags,
// the examples.
std::string manual_page(const CLI::App&, std::string_view purpose);

// For a program without subcommands: --completion and --manual, which write these pages to standard
// output and end the parsing with CLI::Success, whatever else is missing. The app has its name and
// outlives its parsing.
void add_page_flags(CLI::App&, std::string purpose);

} // namespace proctor
