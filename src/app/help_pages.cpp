// One walk over the parser, and a writer for each reader.
#include "proctor/app/help_pages.hpp"

#include "proctor/app/config.hpp"
#include "proctor/core/error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

namespace proctor {
namespace {

using words = std::vector<std::string>;

enum class value_kind { none, file, directory, one_of, other };

struct flag {
    words names; // with their dashes; none: a positional
    std::string value;
    std::string meaning;
    value_kind kind = value_kind::none;
    words choices; // of one_of
};

struct command {
    std::string name;
    std::string meaning;
    std::string footer;
    std::vector<flag> flags;
    std::vector<flag> positionals;
};

value_kind kind_of(const std::string& value) {
    if (value.empty()) return value_kind::none;
    if (value == "FILE" || value == "PATH") return value_kind::file;
    if (value == "DIR") return value_kind::directory;
    const bool is_list = value.find('|') != value.npos &&
                         value.find_first_not_of("abcdefghijklmnopqrstuvwxyz|-") == value.npos;
    return is_list ? value_kind::one_of : value_kind::other;
}

words split(const std::string& text, char separator) {
    std::istringstream in(text);
    words parts;
    for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
    return parts;
}

flag flag_of(const CLI::Option& option) {
    flag one;
    for (const auto& name : option.get_snames()) one.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) one.names.push_back("--" + name);
    one.meaning = option.get_description();
    if (option.get_expected_max() > 0) one.value = option.get_type_name();
    one.kind = kind_of(one.value);
    if (one.kind == value_kind::one_of) one.choices = split(one.value, '|');
    if (one.value == "KEY") {
        one.kind = value_kind::one_of;
        for (const auto& entry : all_settings()) one.choices.emplace_back(entry.path);
    }
    return one;
}

command command_of(const CLI::App& app) {
    command one{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
    for (const auto* option : app.get_options()) {
        auto each = flag_of(*option);
        if (each.names.empty()) {
            each.meaning = option->get_description();
            one.positionals.push_back(std::move(each));
        } else {
            one.flags.push_back(std::move(each));
        }
    }
    return one;
}

std::vector<command> commands_of(const CLI::App& app) {
    std::vector<command> all;
    for (const auto* each : app.get_subcommands({})) all.push_back(command_of(*each));
    return all;
}

std::string with_each(std::string text, char wanted, std::string_view instead) {
    for (auto at = text.find(wanted); at != text.npos; at = text.find(wanted, at + instead.size()))
        text.replace(at, 1, instead);
    return text;
}

std::string in_quotes(const std::string& text) {
    return "'" + with_each(text, '\'', "'\\''") + "'";
}

// --- bash ---------------------------------------------------------------------------------------

// Names of files may have spaces, so each line is one.
std::string bash_reply(value_kind kind, const words& choices) {
    const auto lines_of = [](std::string_view generated) {
        return fmt::format("mapfile -t COMPREPLY < <(compgen {} -- \"$word\")", generated);
    };
    switch (kind) {
    case value_kind::file: return "compopt -o filenames 2>/dev/null; " + lines_of("-f");
    case value_kind::directory: return "compopt -o filenames 2>/dev/null; " + lines_of("-d");
    case value_kind::one_of: return lines_of(fmt::format("-W \"{}\"", fmt::join(choices, " ")));
    case value_kind::other:
    case value_kind::none: break;
    }
    return ":";
}

// The same flag of another command takes the same value.
std::string bash_values(const std::vector<command>& commands) {
    std::string text;
    words seen;
    for (const auto& each : commands)
        for (const auto& one : each.flags) {
            const auto& name = one.names.back();
            if (one.kind == value_kind::none) continue;
            if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
            seen.push_back(name);
            text += fmt::format("    {}) {}; return ;;\n", fmt::join(one.names, "|"),
                                bash_reply(one.kind, one.choices));
        }
    return text;
}

std::string bash_script(const std::string& program, const std::vector<command>& commands) {
    words names{"--help", "--version"};
    std::string cases;
    for (const auto& each : commands) {
        names.push_back(each.name);
        words flags;
        for (const auto& one : each.flags)
            flags.insert(flags.end(), one.names.begin(), one.names.end());
        const auto operand =
            each.positionals.empty()
                ? std::string(":")
                : bash_reply(each.positionals.front().kind, each.positionals.front().choices);
        cases += fmt::format("    {}) if [[ $word == -* ]]; then {}; else {}; fi ;;\n", each.name,
                             bash_reply(value_kind::one_of, flags), operand);
    }
    return fmt::format(
        R"(# bash completion for {0}:  {0} completion bash > /etc/bash_completion.d/{0}
_{0}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
    if [[ $COMP_CWORD -eq 1 ]]; then
        {1}
        return
    fi
    case $before in
{2}    esac
    case ${{COMP_WORDS[1]}} in
{3}    esac
}}
complete -F _{0} {0}
)",
        program, bash_reply(value_kind::one_of, names), bash_values(commands), cases);
}

// --- zsh ----------------------------------------------------------------------------------------

std::string zsh_action(const flag& one) {
    switch (one.kind) {
    case value_kind::file: return "_files";
    case value_kind::directory: return "_files -/";
    case value_kind::one_of: return fmt::format("({})", fmt::join(one.choices, " "));
    case value_kind::other:
    case value_kind::none: break;
    }
    return " ";
}

// In [explanations] and before them, these mean something.
std::string zsh_text(std::string text) {
    for (const char c : {'\\', '[', ']', ':'})
        text = with_each(std::move(text), c, std::string("\\") + c);
    return text;
}

std::string zsh_script(const std::string& program, const std::vector<command>& commands) {
    std::string list, cases;
    for (const auto& each : commands) {
        list += "        " + in_quotes(each.name + ":" + zsh_text(each.meaning)) + "\n";
        cases += fmt::format("    {})\n        _arguments", each.name);
        for (const auto& one : each.flags)
            for (const auto& name : one.names) {
                auto spec = fmt::format("*{}[{}]", name, zsh_text(one.meaning));
                if (one.kind != value_kind::none)
                    spec += fmt::format(":{}:{}", zsh_text(one.value), zsh_action(one));
                cases += " \\\n            " + in_quotes(spec);
            }
        for (const auto& one : each.positionals)
            cases += " \\\n            " +
                     in_quotes(fmt::format("*:{}:{}", zsh_text(one.value), zsh_action(one)));
        cases += "\n        ;;\n";
    }
    return fmt::format(R"(#compdef {0}
# zsh completion for {0}:  {0} completion zsh > a directory of $fpath, as _{0}
_{0}() {{
    local -a commands=(
{1}    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{2}    esac
}}
if [[ $funcstack[1] == _{0} ]]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
                       program, list, cases);
}

// --- fish ---------------------------------------------------------------------------------------

std::string fish_value(const flag& one) {
    switch (one.kind) {
    case value_kind::none: return "";
    case value_kind::file: return " -r -F";
    case value_kind::directory: return " -x -a '(__fish_complete_directories)'";
    case value_kind::one_of: return fmt::format(" -x -a '{}'", fmt::join(one.choices, " "));
    case value_kind::other: break;
    }
    return " -x";
}

std::string fish_text(std::string text) {
    return "'" + with_each(with_each(std::move(text), '\\', "\\\\"), '\'', "\\'") + "'";
}

std::string fish_script(const std::string& program, const std::vector<command>& commands) {
    auto text = fmt::format("# fish completion for {0}:  {0} completion fish > "
                            "~/.config/fish/completions/{0}.fish\n",
                            program);
    for (const auto& each : commands)
        text += fmt::format("complete -c {} -n __fish_use_subcommand -x -a {} -d {}\n", program,
                            each.name, fish_text(each.meaning));
    for (const auto& each : commands) {
        const auto line =
            fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}'", program, each.name);
        for (const auto& one : each.positionals)
            if (one.kind == value_kind::one_of)
                text += fmt::format("{} -x -a '{}'\n", line, fmt::join(one.choices, " "));
        for (const auto& one : each.flags) {
            text += line;
            for (const auto& name : one.names)
                text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            text += fmt::format("{} -d {}\n", fish_value(one), fish_text(one.meaning));
        }
    }
    return text;
}

// --- man ----------------------------------------------------------------------------------------

// A line of text for troff: backslashes and hyphens mean something, a dot or quote that begins it
// too.
std::string troff(std::string text) {
    text = with_each(with_each(std::move(text), '\\', "\\e"), '-', "\\-");
    if (text.starts_with('.') || text.starts_with('\'')) text.insert(0, "\\&");
    return text;
}

std::string troff_lines(const std::string& text) {
    std::string out;
    for (const auto& line : split(text, '\n')) out += troff(line) + "\n";
    return out;
}

std::string man_flags(const std::vector<flag>& flags) {
    std::string text;
    for (const auto& one : flags) {
        text += ".TP\n";
        text += fmt::format("\\fB{}\\fR", troff(fmt::format("{}", fmt::join(one.names, ", "))));
        if (!one.value.empty()) text += " \\fI" + troff(one.value) + "\\fR";
        text += "\n" + troff_lines(one.meaning);
    }
    return text;
}

std::string man_command(const std::string& program, const command& each) {
    auto text = fmt::format(".SS {} {}\n{}", program, each.name, troff_lines(each.meaning));
    for (const auto& one : each.positionals)
        text += fmt::format(".TP\n\\fI{}\\fR\n{}", troff(one.value), troff_lines(one.meaning));
    return text + man_flags(each.flags) + ".PP\n.nf\n" + troff_lines(each.footer) + ".fi\n";
}

} // namespace

std::optional<shell> parse_shell(std::string_view name) {
    if (name == "bash") return shell::bash;
    if (name == "zsh") return shell::zsh;
    if (name == "fish") return shell::fish;
    return std::nullopt;
}

std::string completion_script(const CLI::App& app, shell wanted) {
    const auto& program = app.get_name();
    const auto commands = commands_of(app);
    switch (wanted) {
    case shell::bash: return bash_script(program, commands);
    case shell::zsh: return zsh_script(program, commands);
    case shell::fish: break;
    }
    return fish_script(program, commands);
}

std::string manual_page(const CLI::App& app) {
    const auto itself = command_of(app);
    auto text = fmt::format(".TH {0} 1 \"\" \"{0}\"\n.SH NAME\n{0} \\- put question sets to "
                            "language models and mark the answers\n.SH SYNOPSIS\n.B {0}\n.I "
                            "COMMAND\n[\\fIflags\\fR]\n.SH DESCRIPTION\n{1}",
                            itself.name, troff_lines(itself.meaning));
    text += man_flags(itself.flags) + ".SH COMMANDS\n";
    for (const auto& each : commands_of(app)) text += man_command(itself.name, each);
    return text + ".SH EXAMPLES\n.nf\n" + troff_lines(itself.footer) + ".fi\n";
}

} // namespace proctor
