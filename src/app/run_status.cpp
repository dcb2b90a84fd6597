// Looking, and telling.
#include "proctor/app/run_status.hpp"

#include "proctor/app/answer_report.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/statistics.hpp"
#include "proctor/pipeline/progress.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sys/stat.h>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

double number_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    boost::system::error_code ec;
    const auto number = value ? value->to_number<double>(ec) : 0;
    return ec ? 0 : number;
}

// status.json is derived, and may be missing, old or cut off: it only adds what the log has not.
void read_last_word(file_system& disk, run_status& status) {
    const auto path = join_path(status.directory, status_file);
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return;
    const auto written = std::chrono::sys_seconds{std::chrono::seconds{info.st_mtim.tv_sec}};
    status.last_word = std::max(std::chrono::floor<std::chrono::seconds>(wall_now() - written), {});
    const auto text = read_all(disk, path);
    boost::system::error_code ec;
    const auto value = json::parse(text ? *text : std::string(), ec);
    if (ec || !value.is_object()) return;
    status.rate = number_at(value.get_object(), "rate");
    status.remaining_seconds = number_at(value.get_object(), "remaining_seconds");
}

run_state state_of(const run_status& status, const replay_report& found) {
    if (status.holder.alive) return run_state::running;
    if (!found.closed)
        return status.holder.host.empty() || status.holder.on_this_host ? run_state::died
                                                                        : run_state::unknown;
    const auto tried = status.completed + status.failed;
    return status.total && tried >= *status.total ? run_state::finished : run_state::stopped;
}

void take_figures(run_status& status, const ledger& counted) {
    status.completed = counted.completed_count();
    status.answered = counted.answered_count();
    status.failed = counted.failed_count();
    status.refused = counted.refused_count();
    status.failed_by_kind = counted.failures_by_kind();
    status.marks = counted.overall();
    if (counted.knows_all_answers()) status.answers = counted.answers_said();
    status.no_choice = counted.no_choice_count();
    status.tokens = counted.usage();
}

void take_sizes(run_status& status, const replay_report& found) {
    for (const auto& snapshot : found.snapshots) status.snapshot_bytes += snapshot.bytes;
    for (const auto& key : found.files.segments) {
        std::error_code ec; // one that is compacted meanwhile
        const auto size = fs::file_size(join_path(status.directory, segment_name(key)), ec);
        if (!ec) status.log_bytes += size;
    }
}

std::string state_in_words(const run_status& status) {
    const auto& holder = status.holder;
    const auto since = holder.started.substr(0, 19);
    switch (status.state) {
    case run_state::running:
        return fmt::format("running: process {} on {} since {}", holder.pid, holder.host, since);
    case run_state::finished: return "finished";
    case run_state::stopped: return "stopped";
    case run_state::died:
        return holder.host.empty()
                   ? std::string("died: its process is gone")
                   : fmt::format("died: process {}, which held it since {}, is gone", holder.pid,
                                 since);
    case run_state::unknown:
        return fmt::format(
            "held by process {} on {} as of its last word{}", holder.pid, holder.host,
            status.last_word
                ? fmt::format(", {} ago", clock_time(double(status.last_word->count())))
                : "");
    case run_state::damaged: return "damaged: " + status.problem;
    }
    return {};
}

// What is left to do for a resume, or empty.
std::string resume_in_words(const run_status& status) {
    std::vector<std::string> parts;
    const auto retryable = status.failed - status.refused;
    if (status.to_ask() > 0)
        parts.push_back(fmt::format(
            "asks {}{}", thousands(status.to_ask()),
            retryable ? fmt::format(", of which {} failed before", thousands(retryable)) : ""));
    if (status.answered > 0) parts.push_back(fmt::format("marks {}", thousands(status.answered)));
    return fmt::format("{}", fmt::join(parts, "; "));
}

bool may_be_resumed(const run_status& status) {
    return status.state == run_state::finished || status.state == run_state::stopped ||
           status.state == run_state::died;
}

std::string share_text(const run_status& status) {
    if (!status.total) return thousands(status.completed);
    return fmt::format("{} of {}", thousands(status.completed), thousands(*status.total));
}

double percent(const run_status& status) {
    return status.total && *status.total ? 100.0 * double(status.completed) / double(*status.total)
                                         : 0;
}

std::string failures_in_words(const run_status& status) {
    std::vector<std::string> kinds;
    for (const auto& [kind, count] : status.failed_by_kind)
        kinds.push_back(fmt::format("{} {}", kind, thousands(count)));
    return fmt::format("{}: {} to be tried again, {} refused for good ({})",
                       thousands(status.failed), thousands(status.failed - status.refused),
                       thousands(status.refused), fmt::join(kinds, ", "));
}

json::value or_null(bool there, json::value value) {
    return there ? std::move(value) : json::value(nullptr);
}

} // namespace

std::string_view to_string(run_state state) {
    switch (state) {
    case run_state::running: return "running";
    case run_state::finished: return "finished";
    case run_state::stopped: return "stopped";
    case run_state::died: return "died";
    case run_state::unknown: return "unknown";
    case run_state::damaged: return "damaged";
    }
    return "unknown";
}

std::uint64_t run_status::to_ask() const {
    const auto settled = completed + answered + refused;
    return total && *total > settled ? *total - settled : 0;
}

run_sight see_run(file_system& disk, const std::string& directory) {
    run_status status;
    status.directory = directory;
    // A process that ends between the look at its log and that at its lock would seem to have
    // died: both looks at the lock must agree.
    constexpr int patience = 5;
    for (int attempt = 1;; ++attempt) {
        status.holder = look_at_holder(disk, directory);
        auto run = run_view::open(disk, directory);
        const auto after = look_at_holder(disk, directory);
        const bool agree = after.alive == status.holder.alive && after.pid == status.holder.pid;
        if (!agree && attempt < patience) continue;
        status.holder = after;
        if (!run) {
            status.state = run_state::damaged;
            status.problem = storage_trouble(run.error(), directory).messages.front();
            if (const auto identity = read_identity(disk, directory)) {
                status.run_id = to_hex(identity->id);
                status.created = identity->created;
                status.total = tasks_of(*identity);
                status.repeats = repeats_of(identity->settings);
            }
            return {std::move(status), run.error()};
        }
        const auto& found = run->found();
        status.run_id = to_hex(run->identity().id);
        status.created = run->identity().created;
        status.total = tasks_of(run->identity());
        status.repeats = repeats_of(run->identity().settings);
        take_figures(status, run->counted());
        status.prices = prices_in(used_config(disk, *run));
        take_sizes(status, found);
        if (found.last_written != wall_time{}) status.last_written = found.last_written;
        status.state = state_of(status, found);
        if (found.torn && !status.lives()) status.torn_bytes = found.torn->bytes;
        if (status.may_live()) read_last_word(disk, status);
        return {std::move(status), std::move(run)};
    }
}

run_status look_at_run(file_system& disk, const std::string& directory) {
    return see_run(disk, directory).status;
}

json::object status_json(const run_status& status) {
    const bool readable = status.state != run_state::damaged;
    json::object kinds;
    for (const auto& [kind, count] : status.failed_by_kind) kinds[kind] = count;
    json::object object;
    object["run"] = status.directory;
    object["run_id"] = or_null(!status.run_id.empty(), json::value(status.run_id));
    object["created"] = or_null(!status.created.empty(), json::value(status.created));
    object["state"] = to_string(status.state);
    object["completed_count"] = or_null(readable, status.completed);
    object["total"] = or_null(status.total.has_value(), status.total.value_or(0));
    object["repeats"] = status.repeats;
    object["failed"] = or_null(readable, {{"retryable", status.failed - status.refused},
                                          {"refused", status.refused},
                                          {"by_kind", std::move(kinds)}});
    object["answered"] = or_null(readable, status.answered);
    object["accuracy"] = or_null(status.marks.marked > 0, status.marks.accuracy());
    const auto& answers = status.answers;
    object["choices"] = answers ? choices_json(*answers) : json::value(nullptr);
    object["no_choice"] = or_null(readable, status.no_choice);
    object["answer_characters"] = answers ? lengths_json(answers->lengths) : json::value(nullptr);
    object["reasoning_characters"] =
        answers ? lengths_json(answers->reasoning) : json::value(nullptr);
    object["tokens"] = or_null(
        readable, {{"prompt", status.tokens.prompt}, {"completion", status.tokens.completion}});
    object["cost"] = cost_json(status.tokens, status.prices);
    object["bytes"] =
        or_null(readable, {{"snapshots", status.snapshot_bytes}, {"log", status.log_bytes}});
    object["last_written"] =
        or_null(status.last_written.has_value(),
                json::value(iso_time(status.last_written.value_or(wall_time{}))));
    object["pid"] = or_null(status.holder.pid != 0, status.holder.pid);
    object["host"] = or_null(!status.holder.host.empty(), json::value(status.holder.host));
    object["rate"] = or_null(status.lives(), status.rate);
    object["remaining_seconds"] = or_null(status.lives(), status.remaining_seconds);
    object["verdict"] = !readable ? "damaged" : status.torn_bytes ? "torn" : "clean";
    if (!readable) object["problem"] = status.problem;
    return object;
}

std::string status_text(const run_status& status) {
    std::string out = status.directory + "\n";
    const auto line = [&](std::string_view name, const std::string& text) {
        fmt::format_to(std::back_inserter(out), "  {:<13}{}\n", std::string(name) + ":", text);
    };
    line("state", state_in_words(status));
    line("created", status.created.substr(0, 19));
    if (status.state == run_state::damaged) return out;
    line("questions", fmt::format("{} have a result{}", share_text(status),
                                  status.total ? fmt::format(" ({:.1f}%)", percent(status)) : ""));
    if (status.answered)
        line("answered",
             fmt::format("{} more, which wait for their marking", thousands(status.answered)));
    if (status.failed) line("failed", failures_in_words(status));
    if (status.repeats > 1)
        line("repeats", fmt::format("each question {} times, counted one by one", status.repeats));
    if (status.marks.marked && status.repeats > 1) { // an interval takes a look at each result
        line("accuracy", fmt::format("{:.1f}% of {} marked", 100 * status.marks.accuracy(),
                                     thousands(status.marks.marked)));
    } else if (status.marks.marked) {
        const auto range = wilson_interval(status.marks);
        line("accuracy", fmt::format("{:.1f}% (95 %: {:.1f}% to {:.1f}%) of {} marked",
                                     100 * status.marks.accuracy(), 100 * range.low,
                                     100 * range.high, thousands(status.marks.marked)));
    }
    line("tokens", fmt::format("{} prompt, {} completion", thousands(status.tokens.prompt),
                               thousands(status.tokens.completion)));
    if (const auto cost = cost_text(status.tokens, status.prices); !cost.empty())
        line("cost", cost);
    line("on disk", fmt::format("{} of snapshots, {} of log", size_text(status.snapshot_bytes),
                                size_text(status.log_bytes)));
    if (status.last_written) line("written", iso_time(*status.last_written).substr(0, 19));
    if (status.lives())
        line("speed", fmt::format("{:.1f} questions/s, {} left", status.rate,
                                  clock_time(status.remaining_seconds)));
    if (status.torn_bytes)
        line("torn", fmt::format("{} bytes of a write that a crash cut off; nothing in them was "
                                 "ever counted",
                                 status.torn_bytes));
    if (may_be_resumed(status)) {
        const auto rest = resume_in_words(status);
        line("resume", rest.empty()
                           ? "nothing is left to do"
                           : fmt::format("`proctor resume {}` {}", status.directory, rest));
    }
    return out;
}

std::string status_line(const run_status& status) {
    std::string out =
        fmt::format("{}: {}, {}", status.directory, to_string(status.state), share_text(status));
    if (status.total) fmt::format_to(std::back_inserter(out), " ({:.1f}%)", percent(status));
    if (status.marks.marked)
        fmt::format_to(std::back_inserter(out), ", accuracy {:.1f}%",
                       100 * status.marks.accuracy());
    if (status.failed)
        fmt::format_to(std::back_inserter(out), ", {} failed", thousands(status.failed));
    if (status.lives())
        fmt::format_to(std::back_inserter(out), ", {:.1f} questions/s, {} left", status.rate,
                       clock_time(status.remaining_seconds));
    return out;
}

std::string status_table(std::span<const run_status> runs) {
    std::string out =
        fmt::format("{:<9}{:<20}{:>23}{:>8}{:>8}{:>10}  {}\n", "state", "created", "results",
                    "acc.", "failed", "on disk", "run; what resuming does");
    for (const auto& status : runs) {
        const auto rest = may_be_resumed(status) ? resume_in_words(status) : std::string();
        fmt::format_to(std::back_inserter(out), "{:<9}{:<20}{:>23}{:>8}{:>8}{:>10}  {}{}\n",
                       to_string(status.state), status.created.substr(0, 19), share_text(status),
                       status.marks.marked ? fmt::format("{:.1f}%", 100 * status.marks.accuracy())
                                           : "",
                       thousands(status.failed),
                       size_text(status.snapshot_bytes + status.log_bytes), status.directory,
                       status.state == run_state::damaged ? ": " + status.problem
                       : rest.empty()                     ? ""
                                                          : ": " + rest);
    }
    return out;
}

} // namespace proctor
