// What strace writes (-f -y, and -s so large that nothing is cut short): system calls of all
// threads, in the order in which they began and ended.
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace proctor::test {

struct system_call {
    std::string name;
    std::vector<std::string> arguments; // as strace shows them
    long result = 0;                    // -1 if it failed, or never ended
    std::string result_text;            // all of it: "5</path>", "-1 EIO (Input/output error)"

    bool failed() const { return result < 0; }
};

struct trace {
    // A call that another thread's line interrupts begins and ends at different steps; one that a
    // kill interrupts never ends.
    struct step {
        std::size_t call = 0;
        bool ends = false;
    };
    std::vector<system_call> calls;
    std::vector<step> steps;
    bool exited = false; // by itself
};

namespace strace_text {

// Behind the string literal, the comment or the brackets that begin at `at`.
inline std::size_t behind_quoted(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    return at + 1;
}

// Takes "a, b, c) = result" apart, from behind the opening parenthesis.
inline void read_arguments(std::string_view text, system_call& call) {
    std::size_t depth = 0, begin = 0, at = 0;
    for (;;) {
        if (at >= text.size())
            throw std::runtime_error("not a call of strace: " + std::string(text));
        const char c = text[at];
        if (c == '"') {
            at = behind_quoted(text, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == ')')) {
            if (at > begin) call.arguments.emplace_back(text.substr(begin, at - begin));
            begin = at + 2; // ", "
            if (c == ')') break;
        }
        if (c == '(' || c == '[' || c == '{' || c == '<') ++depth;
        if (c == ')' || c == ']' || c == '}' || c == '>') --depth;
        ++at;
    }
    const auto equals = text.find("= ", at);
    if (equals == text.npos)
        throw std::runtime_error("a call without a result: " + std::string(text));
    call.result_text = text.substr(equals + 2);
    call.result = call.result_text.front() == '?' ? -1 : std::stol(call.result_text);
}

} // namespace strace_text

// Throws on what it does not understand.
inline trace read_trace(std::string_view text) {
    constexpr std::string_view unfinished = " <unfinished ...>";
    constexpr std::string_view resumed = " resumed>";
    trace found;
    struct half {
        std::size_t call;
        std::string arguments;
    };
    std::map<std::string, half> begun; // by thread
    const auto end = [&](std::size_t call, std::string_view arguments) {
        strace_text::read_arguments(arguments, found.calls[call]);
        found.steps.push_back({call, true});
    };
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto behind_thread = line.find(' ');
        const std::string thread(line.substr(0, behind_thread));
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(' ', behind_thread)));
        if (line.starts_with("---")) continue; // a signal
        if (line.starts_with("+++")) {
            found.exited = line.find("exited with") != line.npos;
            continue;
        }
        if (line.starts_with("<... ")) {
            const auto open = begun.extract(thread);
            if (open.empty())
                throw std::runtime_error("an end without beginning: " + std::string(line));
            line.remove_prefix(line.find(resumed) + resumed.size());
            end(open.mapped().call, open.mapped().arguments + std::string(line));
            continue;
        }
        const auto parenthesis = line.find('(');
        if (parenthesis == line.npos)
            throw std::runtime_error("not a line of strace: " + std::string(line));
        const auto call = found.calls.size();
        found.calls.push_back({std::string(line.substr(0, parenthesis)), {}, -1, "?"});
        found.steps.push_back({call, false});
        line.remove_prefix(parenthesis + 1);
        if (line.ends_with(unfinished)) {
            line.remove_suffix(unfinished.size());
            begun[thread] = {call, std::string(line)};
        } else {
            end(call, line);
        }
    }
    // What a kill cut off has its arguments all the same: strace shows them when a call begins.
    for (const auto& [thread, half] : begun)
        strace_text::read_arguments(half.arguments + ") = ?", found.calls[half.call]);
    return found;
}

// The bytes of a string argument.
inline std::string string_in(std::string_view argument) {
    if (argument.size() < 2 || argument.front() != '"' || argument.back() != '"')
        throw std::runtime_error("not a whole string: " + std::string(argument.substr(0, 100)));
    static constexpr std::string_view names = "tnvfr", meanings = "\t\n\v\f\r";
    std::string bytes;
    for (std::size_t at = 1; at < argument.size() - 1; ++at) {
        if (argument[at] != '\\') {
            bytes += argument[at];
            continue;
        }
        const char next = argument[++at];
        if (const auto named = names.find(next); named != names.npos) {
            bytes += meanings[named];
        } else if (next >= '0' && next <= '7') {
            unsigned value = 0;
            const auto first = at;
            while (at < first + 3 && argument[at] >= '0' && argument[at] <= '7')
                value = value * 8 + static_cast<unsigned>(argument[at++] - '0');
            --at;
            bytes += static_cast<char>(value);
        } else {
            bytes += next;
        }
    }
    return bytes;
}

// Of "5</a/path>", or "AT_FDCWD</a/path>".
inline std::string path_in(std::string_view descriptor) {
    const auto begin = descriptor.find('<');
    const auto end = descriptor.rfind('>');
    if (begin == descriptor.npos || end == descriptor.npos) return {};
    return std::string(descriptor.substr(begin + 1, end - begin - 1));
}

} // namespace proctor::test
