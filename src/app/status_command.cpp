// Looks once, or every second until what is looked at has ended.
#include "proctor/app/status_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_status.hpp"
#include "proctor/app/standard_output.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;

// What was seen at one moment.
struct sight {
    std::vector<run_status> runs;
    bool is_one = false; // a run was named, and no directory of them

    bool any_lives() const {
        return std::any_of(runs.begin(), runs.end(),
                           [](const run_status& run) { return run.lives(); });
    }
};

sight look(file_system& disk, const named_directory& named) {
    sight seen;
    seen.is_one = named.is_run;
    for (const auto& run : runs_meant_by(disk, named)) seen.runs.push_back(look_at_run(disk, run));
    if (seen.runs.empty())
        throw cannot_start{exit_run_unusable,
                           {named.path + ": there is no run here (neither run.json nor a "
                                         "checkpoint_… directory that has one)"}};
    return seen;
}

std::string as_json(const sight& seen) {
    if (seen.is_one) return json_text(status_json(seen.runs.front())) + "\n";
    json::array all;
    for (const auto& run : seen.runs) all.push_back(status_json(run));
    return json_text(all) + "\n";
}

std::string as_text(const sight& seen) {
    return seen.is_one ? status_text(seen.runs.front()) : status_table(seen.runs);
}

std::string as_lines(const sight& seen) {
    std::string out;
    for (const auto& run : seen.runs)
        if (seen.is_one || run.lives() || !seen.any_lives()) out += status_line(run) + "\n";
    return out;
}

// Over what was drawn before, which had `lines` lines; each line's rest and those below go. A line
// that is too long is cut by the terminal: wrapped, it would be two.
void redraw(const std::string& text, std::ptrdiff_t lines) {
    constexpr std::string_view no_wrap = "\x1b[?7l", wrap = "\x1b[?7h";
    std::string out(no_wrap);
    if (lines) out += fmt::format("\x1b[{}A", lines);
    for (const char c : text) out += c == '\n' ? std::string("\x1b[K\n") : std::string(1, c);
    print(out.append("\x1b[J").append(wrap));
}

// Shows what it sees until nothing of it lives any more; the last sight. Ctrl-C ends it like any
// other program: nothing has to be put in order.
sight watch(file_system& disk, const named_directory& named, const status_options& options) {
    using namespace std::chrono_literals;
    const bool in_place = !options.as_json && ::isatty(STDOUT_FILENO) == 1;
    std::ptrdiff_t drawn = 0;
    for (;;) {
        const auto began = std::chrono::steady_clock::now();
        auto seen = look(disk, named);
        if (in_place) {
            const auto text = as_text(seen);
            redraw(text, drawn);
            drawn = std::count(text.begin(), text.end(), '\n');
        } else {
            print(options.as_json ? as_json(seen) : as_lines(seen));
        }
        if (!seen.any_lives()) return seen;
        // A large run takes a while to look at: at most half of the time goes into that.
        const auto took = std::chrono::steady_clock::now() - began;
        std::this_thread::sleep_for(std::max<std::chrono::nanoseconds>(1s, took));
    }
}

} // namespace

int status_command(const status_options& options) {
    posix_file_system disk;
    const auto named = find_directory(disk, options.run);
    const auto seen = options.watch ? watch(disk, named, options) : look(disk, named);
    if (seen.is_one && seen.runs.front().state == run_state::damaged && !options.as_json)
        throw cannot_start{exit_run_unusable, {seen.runs.front().problem}};
    if (!options.watch) print(options.as_json ? as_json(seen) : as_text(seen));
    const bool broken = std::any_of(seen.runs.begin(), seen.runs.end(), [](const run_status& run) {
        return run.state == run_state::damaged;
    });
    return broken ? exit_run_unusable : exit_complete;
}

} // namespace proctor
