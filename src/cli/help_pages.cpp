// One walk over the parser, and a writer for each reader.
#include "proctor/cli/help_pages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
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

flag flag_of(const CLI::Option& option, const value_words& known) {
    flag one;
    for (const auto& name : option.get_snames()) one.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) one.names.push_back("--" + name);
    one.meaning = option.get_description();
    if (const auto fallback = option.get_default_str(); !fallback.empty())
        one.meaning += fmt::format(" (default: {})", fallback);
    if (option.get_expected_max() > 0) one.value = option.get_type_name();
    one.kind = kind_of(one.value);
    if (one.kind == value_kind::one_of) one.choices = split(one.value, '|');
    if (const auto listed = known.find(one.value); listed != known.end()) {
        one.kind = value_kind::one_of;
        one.choices = listed->second;
    }
    return one;
}

// To CLI11 a group of options is a command without a name.
bool is_group(const CLI::App& app) {
    return app.get_name().empty();
}

void take_flags(command& into, const CLI::App& app, const value_words& known) {
    for (const auto* option : app.get_options()) {
        if (is_group(app) && option == app.get_help_ptr()) continue; // it has one of its own
        auto each = flag_of(*option, known);
        (each.names.empty() ? into.positionals : into.flags).push_back(std::move(each));
    }
    for (const auto* each : app.get_subcommands({}))
        if (is_group(*each)) take_flags(into, *each, known);
}

command command_of(const CLI::App& app, const value_words& known) {
    command one{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
    take_flags(one, app, known);
    return one;
}

std::vector<command> commands_of(const CLI::App& app, const value_words& known) {
    std::vector<command> all;
    for (const auto* each : app.get_subcommands({}))
        if (!is_group(*each)) all.push_back(command_of(*each, known));
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

// How a script is asked for.
std::string order(const std::string& program, const std::vector<command>& commands,
                  std::string_view shell_name) {
    return fmt::format("{} {}completion {}", program, commands.empty() ? "--" : "", shell_name);
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

// A flag of it, or what it works on.
std::string bash_word(const command& each) {
    words flags;
    for (const auto& one : each.flags)
        flags.insert(flags.end(), one.names.begin(), one.names.end());
    const auto operand = each.positionals.empty() ? std::string(":")
                                                  : bash_reply(each.positionals.front().kind,
                                                               each.positionals.front().choices);
    return fmt::format("if [[ $word == -* ]]; then {}; else {}; fi",
                       bash_reply(value_kind::one_of, flags), operand);
}

std::string bash_script(const std::string& program, const command& itself,
                        const std::vector<command>& commands) {
    words names{"--help", "--version"};
    std::string cases;
    for (const auto& each : commands) {
        names.push_back(each.name);
        cases += fmt::format("    {}) {} ;;\n", each.name, bash_word(each));
    }
    const auto first = fmt::format(R"(    if [[ $COMP_CWORD -eq 1 ]]; then
        {}
        return
    fi
)",
                                   bash_reply(value_kind::one_of, names));
    const auto later = fmt::format("    case ${{COMP_WORDS[1]}} in\n{}    esac\n", cases);
    const bool alone = commands.empty();
    return fmt::format(
        R"(# bash completion for {0}:  {4} > /etc/bash_completion.d/{0}
_{0}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
{1}    case $before in
{2}    esac
{3}}}
complete -F _{0} {0}
)",
        program, alone ? "" : first, bash_values(alone ? std::vector<command>{itself} : commands),
        alone ? "    " + bash_word(itself) + "\n" : later, order(program, commands, "bash"));
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

std::string zsh_arguments(const command& each) {
    std::string text = "_arguments";
    const auto append = [&](const std::string& spec) {
        text += " \\\n            " + in_quotes(spec);
    };
    for (const auto& one : each.flags)
        for (const auto& name : one.names) {
            auto spec = fmt::format("*{}[{}]", name, zsh_text(one.meaning));
            if (one.kind != value_kind::none)
                spec += fmt::format(":{}:{}", zsh_text(one.value), zsh_action(one));
            append(spec);
        }
    for (const auto& one : each.positionals)
        append(fmt::format("*:{}:{}", zsh_text(one.value), zsh_action(one)));
    return text;
}

std::string zsh_commands(const std::vector<command>& commands) {
    std::string list, cases;
    for (const auto& each : commands) {
        list += "        " + in_quotes(each.name + ":" + zsh_text(each.meaning)) + "\n";
        cases += fmt::format("    {})\n        {}\n        ;;\n", each.name, zsh_arguments(each));
    }
    return fmt::format(R"(    local -a commands=(
{}    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{}    esac
)",
                       list, cases);
}

std::string zsh_script(const std::string& program, const command& itself,
                       const std::vector<command>& commands) {
    return fmt::format(
        R"(#compdef {0}
# zsh completion for {0}:  {2} > a directory of $fpath, as _{0}
_{0}() {{
{1}}}
if [[ $funcstack[1] == _{0} ]]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
        program, commands.empty() ? "    " + zsh_arguments(itself) + "\n" : zsh_commands(commands),
        order(program, commands, "zsh"));
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

// `line`: what each of its completions begins with.
std::string fish_words(const std::string& line, const command& each) {
    std::string text;
    for (const auto& one : each.positionals)
        if (one.kind == value_kind::one_of)
            text += fmt::format("{} -x -a '{}'\n", line, fmt::join(one.choices, " "));
    for (const auto& one : each.flags) {
        text += line;
        for (const auto& name : one.names)
            text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
        text += fmt::format("{} -d {}\n", fish_value(one), fish_text(one.meaning));
    }
    return text;
}

std::string fish_script(const std::string& program, const command& itself,
                        const std::vector<command>& commands) {
    auto text = fmt::format("# fish completion for {0}:  {1} > "
                            "~/.config/fish/completions/{0}.fish\n",
                            program, order(program, commands, "fish"));
    const auto line = "complete -c " + program;
    if (commands.empty()) text += fish_words(line, itself);
    for (const auto& each : commands)
        text += fmt::format("{} -n __fish_use_subcommand -x -a {} -d {}\n", line, each.name,
                            fish_text(each.meaning));
    for (const auto& each : commands)
        text += fish_words(fmt::format("{} -n '__fish_seen_subcommand_from {}'", line, each.name),
                           each);
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

std::string man_words(const command& each) {
    std::string text;
    for (const auto& one : each.positionals)
        text += fmt::format(".TP\n\\fI{}\\fR\n{}", troff(one.value), troff_lines(one.meaning));
    return text + man_flags(each.flags);
}

std::string man_command(const std::string& program, const command& each) {
    return fmt::format(".SS {} {}\n{}{}.PP\n.nf\n{}.fi\n", program, each.name,
                       troff_lines(each.meaning), man_words(each), troff_lines(each.footer));
}

} // namespace

std::optional<shell> parse_shell(std::string_view name) {
    if (name == "bash") return shell::bash;
    if (name == "zsh") return shell::zsh;
    if (name == "fish") return shell::fish;
    return std::nullopt;
}

std::string completion_script(const CLI::App& app, shell wanted, const value_words& known) {
    const auto& program = app.get_name();
    const auto itself = command_of(app, known);
    const auto commands = commands_of(app, known);
    switch (wanted) {
    case shell::bash: return bash_script(program, itself, commands);
    case shell::zsh: return zsh_script(program, itself, commands);
    case shell::fish: break;
    }
    return fish_script(program, itself, commands);
}

std::string manual_page(const CLI::App& app, std::string_view purpose) {
    const auto itself = command_of(app, {});
    const auto commands = commands_of(app, {});
    std::string operands;
    if (!commands.empty()) operands = "\n.I COMMAND";
    auto text = fmt::format(".TH {0} 1 \"\" \"{0}\"\n.SH NAME\n{0} \\- {1}\n.SH SYNOPSIS\n.B "
                            "{0}{2}\n[\\fIflags\\fR]\n",
                            troff(itself.name), troff(std::string(purpose)), operands);
    for (const auto& one : itself.positionals)
        text += fmt::format("\\fI{}\\fR...\n", troff(one.value));
    text += ".SH DESCRIPTION\n" + troff_lines(itself.meaning) + man_words(itself);
    if (!commands.empty()) text += ".SH COMMANDS\n";
    for (const auto& each : commands) text += man_command(itself.name, each);
    return text + ".SH EXAMPLES\n.nf\n" + troff_lines(itself.footer) + ".fi\n";
}

void add_page_flags(CLI::App& app, std::string purpose) {
    constexpr auto group = "For shells and man";
    const auto show = [](const std::string& page) {
        std::fputs(page.c_str(), stdout);
        throw CLI::Success();
    };
    app.add_option_function<std::string>(
           "--completion",
           [&app, show](const std::string& name) {
               const auto wanted = parse_shell(name);
               if (!wanted) throw CLI::ValidationError("--completion", "say bash, zsh or fish");
               show(completion_script(app, *wanted));
           },
           "write what that shell needs to complete these flags")
        ->type_name("bash|zsh|fish")
        ->group(group);
    app.add_flag_callback(
           "--manual", [&app, show, purpose] { show(manual_page(app, purpose)); },
           "write this page for man")
        ->group(group);
}

} // namespace proctor
