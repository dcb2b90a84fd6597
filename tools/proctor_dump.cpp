// proctor-dump: shows what a run has on disk, damage included, and mends it when asked to. Only
// --salvage writes.
//
// The looking is inspect's, the mending salvage's; here are options, and who is shown what.
#include "dump/follow.hpp"
#include "dump/printer.hpp"
#include "proctor/cli/help_pages.hpp"
#include "proctor/storage/posix_file_system.hpp"
#include "proctor/storage/salvage.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace proctor::dump {
namespace {

bool is_directory(const std::string& path) {
    std::error_code unreadable; // is said when it is opened
    return std::filesystem::is_directory(path, unreadable);
}

// A checkpoint directory stands for its latest run.
std::string run_meant_by(const std::string& path) {
    std::error_code ec;
    const std::filesystem::path directory = path;
    if (!std::filesystem::exists(directory / std::string(identity_file), ec) &&
        std::filesystem::is_directory(directory / "latest", ec))
        return (directory / "latest").string();
    return path;
}

// By its first bytes, or by its name if they are damaged.
bool is_snapshot(file_system& disk, const std::string& path) {
    const auto opened = disk.open(path);
    std::string front(4, '\0');
    if (opened && (*opened)->read_at(0, front) && front == "\x89PCS") return true;
    return front != "\x89PCW" && path.ends_with(".snap");
}

void complain(const complaint& one) {
    fmt::print(stderr, "proctor-dump: {}\n", one.message());
}

wall_time now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

// As proctor itself writes it into LOCK.
std::string lock_text() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    std::string boot_id;
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::getline(file, boot_id);
    const boost::json::object text{
        {"host", host}, {"pid", ::getpid()}, {"boot_id", boot_id}, {"started", iso_time(now())}};
    return boost::json::serialize(text) + "\n";
}

class tool {
public:
    tool(file_system& disk, options asked)
        : disk_(disk), asked_(std::move(asked)), printer_(disk, asked_) {}

    exit_status run() {
        for (const auto& path : asked_.paths) {
            if (printer_.done()) break;
            if (const auto shown = show(path); !shown) {
                fmt::print(stderr, "proctor-dump: {}\n", shown.error().message());
                refused_ = std::max(refused_, status_of(shown.error()));
            }
        }
        printer_.out().finish();
        if (printer_.could_not_read()) return exit_status::cannot_read;
        if (refused_ != exit_status::clean) return refused_;
        if (worst_ == condition::damaged) return exit_status::damaged;
        // A live log may end in the middle of a frame: only who asks hears of it by the status.
        if (worst_ == condition::torn && asked_.show == view::verify) return exit_status::torn;
        return exit_status::clean;
    }

private:
    static exit_status status_of(const failure& why) {
        switch (why.code) {
        case failure_code::held: return exit_status::held;
        case failure_code::damaged:
        case failure_code::unsupported: return exit_status::damaged;
        default: return exit_status::cannot_read;
        }
    }

    result<> show(const std::string& path) {
        if (asked_.show == view::salvage) return salvage_run(run_meant_by(path));
        if (asked_.follow) return follow(disk_, run_meant_by(path), asked_, printer_);
        const bool is_run = is_directory(path);
        show_ = asked_.show != view::by_path ? asked_.show : is_run ? view::info : view::records;
        if (is_run) return show_run(run_meant_by(path));
        return is_snapshot(disk_, path) ? show_snapshot(path) : show_segment(path);
    }

    result<> show_segment(const std::string& path) {
        const auto summary = inspect_segment(disk_, path, observer());
        if (!summary) return summary.error();
        judge(path, summary->verdict);
        if (show_ == view::info) printer_.info(*summary);
        if (show_ == view::stats) printer_.stats(path, {*summary}, {});
        return {};
    }

    result<> show_snapshot(const std::string& path) {
        const auto found = inspect_snapshot(disk_, path, observer());
        if (!found) return found.error();
        judge(path, found->verdict);
        if (show_ == view::info) printer_.info(*found);
        if (show_ == view::stats) printer_.stats(path, {}, {*found});
        return {};
    }

    result<> show_run(const std::string& path) {
        const auto summary = inspect_run(disk_, path, observer());
        if (!summary) return summary.error();
        worst_ = std::max(worst_, summary->verdict);
        if (show_ == view::verify) printer_.verdict(path, *summary);
        if (show_ == view::info) printer_.info(path, *summary);
        if (show_ == view::stats) printer_.stats(path, summary->segments, summary->snapshots);
        return {};
    }

    void judge(const std::string& path, condition verdict) {
        worst_ = std::max(worst_, verdict);
        if (show_ == view::verify) printer_.verdict(path, verdict);
    }

    inspection_observer observer() {
        inspection_observer observer;
        observer.enough = [this] { return printer_.done(); };
        observer.complain = complain;
        if (show_ == view::frames) {
            observer.frame = [this](const segment_reader& segment,
                                    const segment_reader::frame& frame) {
                printer_.frame(segment, frame);
            };
            observer.block = [this](const std::string& path, const block_place& place) {
                printer_.block(path, place);
            };
        }
        if (show_ == view::records) {
            observer.record = [this](const segment_reader& segment, const record_view& record,
                                     record_place place, lsn number) {
                printer_.record(segment.path(), record, place, number);
            };
            observer.entry = [this](const std::string& path, std::uint64_t block,
                                    const snapshot_entry& entry) {
                printer_.entry(path, block, entry);
            };
        }
        return observer;
    }

    result<> salvage_run(const std::string& path) {
        if (!is_directory(path) && disk_.open(path))
            return failure{failure_code::unsupported, path,
                           "--salvage mends a run: name its directory"};
        store_options options;
        options.now = now;
        options.random = [] {
            static std::random_device device;
            return std::uint64_t{device()} << 32 | device();
        };
        options.lock_text = lock_text();
        const auto done = salvage(disk_, path, std::move(options), complain);
        if (!done) return done.error();
        auto& out = printer_.out();
        if (done->found != condition::damaged) {
            out.line("{}: {}; there is nothing to salvage{}", path, to_string(done->found),
                     done->found == condition::torn ? " (proctor leaves a torn tail out by itself)"
                                                    : "");
            return {};
        }
        out.line("{}: salvaged", path);
        for (const auto& repair : done->repairs) print(repair);
        out.line("  given up: up to {} records", done->lost_records);
        if (done->at_risk.size() > 0)
            out.line("  questions that will be put again{}: {}",
                     done->at_risk_exactly ? "" : " (with those not put yet)",
                     compact_ranges(done->at_risk));
        out.line("  to go on: proctor resume {}", path);
        return {};
    }

    void print(const salvage_report::repair& repair) {
        auto& out = printer_.out();
        if (repair.snapshot.empty())
            out.line("  {}: no record is known to have been in it", repair.replaced);
        else
            out.line("  {}: {} records kept of LSN {} to {}{}", repair.snapshot, repair.kept,
                     repair.first_lsn, repair.last_lsn,
                     repair.replaced.empty() ? "; there was no file" : ", from " + repair.replaced);
        if (!repair.original.empty()) out.line("    the original: {}", repair.original);
    }

    file_system& disk_;
    const options asked_;
    printer printer_;
    view show_ = view::info;
    condition worst_ = condition::clean;
    exit_status refused_ = exit_status::clean;
};

constexpr auto examples = R"(Examples:
  proctor-dump checkpoints/latest                      what the run is, its files, a verdict
  proctor-dump --verify checkpoints/latest             is it whole? what is at risk?
  proctor-dump --records --question 17 RUN             what is kept of question 17
  proctor-dump --records --format jsonl RUN | jq .body  every record as JSON
  proctor-dump --frames --hex RUN/wal-*.log | less     the log, byte by byte
  proctor-dump --follow --kind result checkpoints/latest   results as they are written
  proctor-dump --salvage RUN                           keep what can be read, go on without the rest
  proctor-dump --completion bash > /etc/bash_completion.d/proctor-dump
  proctor-dump --manual | man -l -

Exit status: 0 fine, 1 torn tail (with --verify alone), 2 usage, 3 cannot read, 4 damaged,
5 held by another process (with --salvage alone).)";

void add_views(CLI::App& app, options& asked) {
    const std::vector<std::pair<std::string, std::pair<view, std::string>>> views = {
        {"--info", {view::info, "identity, lock, files, verdict (default for a directory)"}},
        {"--records", {view::records, "the records (default for a file)"}},
        {"--frames", {view::frames, "the frames; of a snapshot the blocks"}},
        {"--stats", {view::stats, "bytes, ratios, counts for each kind of record"}},
        {"--verify", {view::verify, "read everything and give the verdict only"}},
        {"--salvage",
         {view::salvage, "mend a damaged run: keep what can be read, move the originals to "
                         "quarantine/; the only one that writes"}},
    };
    auto* group = app.add_option_group("What to do (one of them)");
    for (const auto& [name, what] : views)
        group->add_flag_callback(
            name, [&asked, show = what.first] { asked.show = show; }, what.second);
    group->require_option(0, 1);
}

void add_filters(CLI::App& app, options& asked) {
    const std::map<std::string, record_kind> kinds = {{"answered", record_kind::answered},
                                                      {"result", record_kind::result},
                                                      {"failed", record_kind::failed},
                                                      {"session", record_kind::session}};
    app.add_option("--from-lsn", asked.from_lsn, "no record or frame before this one")
        ->type_name("LSN");
    app.add_option("--to-lsn", asked.to_lsn, "no record or frame behind this one")
        ->type_name("LSN")
        ->default_str("the end");
    app.add_option("--question", asked.question, "records of this question_id only")
        ->type_name("N");
    app.add_option("--kind", asked.kind, "records of this kind only")
        ->type_name("answered|result|failed|session")
        ->transform(CLI::Transformer(kinds).description(""));
    app.add_option("--limit", asked.limit, "at the most so many lines")
        ->type_name("N")
        ->default_str("no limit");
}

// What cannot be asked for; empty: it can.
std::string contradiction(const options& asked) {
    if (!asked.follow) return {};
    if (asked.show != view::by_path && asked.show != view::records && asked.show != view::frames)
        return "--follow shows records, or frames with --frames";
    if (asked.paths.size() != 1) return "--follow follows one run";
    return {};
}

exit_status run(int argc, char** argv) {
    options asked;
    CLI::App app{"Shows what a proctor run has on disk, damage included: segments of the log, "
                 "snapshots, whole runs.",
                 "proctor-dump"};
    app.footer(examples);
    app.set_version_flag("--version", "proctor-dump " PROCTOR_VERSION);
    app.add_option("PATH", asked.paths, "segments, snapshots, run directories")
        ->type_name("PATH")
        ->required();
    add_views(app, asked);
    const std::map<std::string, format> formats = {{"text", format::text},
                                                   {"jsonl", format::jsonl}};
    app.add_option("--format", asked.as, "how to show it")
        ->type_name("text|jsonl")
        ->transform(CLI::Transformer(formats).description(""))
        ->default_str("text");
    app.add_flag("--hex", asked.hex, "the bytes of each record, frame or block as well");
    app.add_flag("--follow", asked.follow,
                 "a run's last segment, or what begins with --from-lsn, and then what is written; "
                 "ends with the run, or at SIGINT or SIGTERM");
    add_filters(app, asked);
    add_page_flags(app, "show what a proctor run has on disk");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_status::clean : exit_status::usage;
    }
    if (const auto wrong = contradiction(asked); !wrong.empty()) {
        fmt::print(stderr, "proctor-dump: {}\n", wrong);
        return exit_status::usage;
    }
    posix_file_system disk;
    return tool(disk, std::move(asked)).run();
}

} // namespace
} // namespace proctor::dump

int main(int argc, char** argv) {
    return static_cast<int>(proctor::dump::run(argc, argv));
}
