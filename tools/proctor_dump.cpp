// proctor-dump: shows what is in a run's log, damage included. Reads, never writes.
//
// The looking is inspect's; here are options, filters and printing. Results go to standard output,
// complaints and other talk to standard error.
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/inspect.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace proctor;
using std::string_view;

enum class exit_status { clean = 0, torn = 1, usage = 2, cannot_read = 3, damaged = 4 };
enum class view { by_path, info, records, frames, stats, verify };
enum class format { text, jsonl };

struct options {
    std::vector<std::string> paths;
    view show = view::by_path;
    format as = format::text;
    bool hex = false;
    lsn from_lsn = 1;
    lsn to_lsn = no_limit;
    std::optional<question_id> question;
    std::optional<record_kind> kind;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

// Standard output. When nobody reads it any more, there is nothing left to do.
class output {
public:
    template <class... Args>
    void line(fmt::format_string<Args...> form, Args&&... args) {
        buffer_.clear();
        fmt::format_to(std::back_inserter(buffer_), form, std::forward<Args>(args)...);
        buffer_ += '\n';
        if (std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size()) give_up();
    }
    void finish() {
        if (std::fflush(stdout) != 0) give_up();
    }

private:
    [[noreturn]] static void give_up() {
        if (errno == EPIPE) std::_Exit(static_cast<int>(exit_status::clean));
        fmt::print(stderr, "proctor-dump: cannot write: {}\n", std::strerror(errno));
        std::_Exit(static_cast<int>(exit_status::cannot_read));
    }

    std::string buffer_;
};

std::string json_text(string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

// A body is JSON; should it be anything else, it is shown as a string.
std::string as_json(string_view body) {
    boost::system::error_code ec;
    boost::json::parse({body.data(), body.size()}, ec);
    return ec ? json_text(body) : std::string(body);
}

std::string name_of(frame_type type) {
    switch (type) {
    case frame_type::records: return "records";
    case frame_type::note: return "note";
    case frame_type::closing: return "closing";
    }
    return fmt::format("type {:#x}", static_cast<unsigned>(type));
}

std::string lsn_range(lsn first, lsn next) {
    if (first == next) return "none";
    return next == first + 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, next - 1);
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

// Offsets as in the file; lines that repeat the one before them are left out, as hexdump does.
void hex_dump(output& out, std::uint64_t offset, string_view bytes) {
    constexpr std::size_t width = 16;
    bool starred = false;
    for (std::size_t at = 0; at < bytes.size(); at += width) {
        const auto row = bytes.substr(at, width);
        if (at >= width && row == bytes.substr(at - width, width)) {
            if (!starred) out.line("    *");
            starred = true;
            continue;
        }
        starred = false;
        std::string hex, text;
        for (const char c : row) {
            const auto byte = static_cast<unsigned char>(c);
            fmt::format_to(std::back_inserter(hex), "{:02x} ", byte);
            text += byte >= 0x20 && byte < 0x7f ? c : '.';
        }
        out.line("    {:08x}  {:<48} |{}|", offset + at, hex, text);
    }
}

class dump {
public:
    dump(file_system& disk, options asked) : disk_(disk), asked_(std::move(asked)) {}

    exit_status run() {
        for (const auto& path : asked_.paths) {
            if (done()) break;
            std::error_code unreadable; // is said when it is opened
            const bool is_run = std::filesystem::is_directory(path, unreadable);
            show_ = asked_.show != view::by_path ? asked_.show
                    : is_run                     ? view::info
                                                 : view::records;
            const auto shown = is_run ? show_run(path) : show_segment(path);
            if (!shown) {
                fmt::print(stderr, "proctor-dump: {}\n", shown.error().message());
                cannot_read_ = true;
            }
        }
        out_.finish();
        if (cannot_read_) return exit_status::cannot_read;
        if (worst_ == condition::damaged) return exit_status::damaged;
        // A live log may end in the middle of a frame: only who asks hears of it by the status.
        if (worst_ == condition::torn && asked_.show == view::verify) return exit_status::torn;
        return exit_status::clean;
    }

private:
    bool done() const { return shown_ >= asked_.limit; }

    result<> show_segment(const std::string& path) {
        const auto summary = inspect_segment(disk_, path, observer());
        if (!summary) return summary.error();
        judge(path, summary->verdict);
        if (show_ == view::info) print_segment(*summary);
        if (show_ == view::stats) print_stats(path, {*summary});
        return {};
    }

    result<> show_run(const std::string& path) {
        const auto summary = inspect_run(disk_, path, observer());
        if (!summary) return summary.error();
        judge(path, summary->verdict);
        if (show_ == view::info) print_run(path, *summary);
        if (show_ == view::stats) print_stats(path, summary->segments);
        return {};
    }

    void judge(const std::string& path, condition verdict) {
        worst_ = std::max(worst_, verdict);
        if (show_ != view::verify) return;
        if (asked_.as == format::jsonl)
            out_.line(R"({{"path":{},"verdict":"{}"}})", json_text(path), to_string(verdict));
        else
            out_.line("{}: {}", path, to_string(verdict));
    }

    inspection_observer observer() {
        inspection_observer observer;
        observer.enough = [this] { return done(); };
        observer.complain = [](const complaint& one) {
            fmt::print(stderr, "proctor-dump: {}\n", one.message());
        };
        if (show_ == view::frames)
            observer.frame = [this](const segment_reader& segment,
                                    const segment_reader::frame& frame) {
                print_frame(segment, frame);
            };
        if (show_ == view::records)
            observer.record = [this](const segment_reader& segment, const record_view& record,
                                     record_place place,
                                     lsn number) { print_record(segment, record, place, number); };
        return observer;
    }

    void print_record(const segment_reader& segment, const record_view& record, record_place place,
                      lsn number) {
        if (done() || number < asked_.from_lsn || number > asked_.to_lsn) return;
        if (asked_.question && *asked_.question != record.question) return;
        if (asked_.kind && *asked_.kind != record.kind) return;
        ++shown_;
        if (asked_.as == format::jsonl)
            out_.line(
                R"({{"lsn":{},"kind":"{}","question_id":{},"repeat":{},"file":{},"offset":{},)"
                R"("body":{}}})",
                number, to_string(record.kind), record.question, record.repeat,
                json_text(segment.path()), place.offset, as_json(record.body));
        else
            out_.line("{:>8}  {:<8}  {:>8}{}  {}", number, to_string(record.kind), record.question,
                      record.repeat == 0 ? "" : fmt::format("#{}", record.repeat), record.body);
        if (asked_.hex)
            print_hex(segment.path(), place.offset, record_header_size + record.body.size());
    }

    void print_frame(const segment_reader& segment, const segment_reader::frame& frame) {
        const auto& header = frame.header;
        // A frame without records stands before the record of its LSN.
        const auto last = std::max(header.first_lsn, header.next_lsn() - 1);
        if (done() || last < asked_.from_lsn || header.first_lsn > asked_.to_lsn) return;
        ++shown_;
        if (asked_.as == format::jsonl)
            out_.line(R"({{"file":{},"offset":{},"type":"{}","first_lsn":{},"records":{},)"
                      R"("durable_lsn":{},"stored_bytes":{},"span_bytes":{},"written":"{}"}})",
                      json_text(segment.path()), frame.offset, name_of(header.type),
                      header.first_lsn, header.record_count, header.durable_lsn, header.stored_size,
                      header.span(), iso_time(header.written));
        else
            out_.line("{}:{:<10} {:<8} LSN {:<14} durable {:<10} {:>8} bytes  {}",
                      std::filesystem::path(segment.path()).filename().string(), frame.offset,
                      name_of(header.type), lsn_range(header.first_lsn, header.next_lsn()),
                      header.durable_lsn, header.stored_size, iso_time(header.written));
        if (asked_.hex) print_hex(segment.path(), frame.offset, header.span());
    }

    void print_hex(const std::string& path, std::uint64_t offset, std::uint64_t size) {
        const auto opened = disk_.open(path);
        std::string bytes(size, '\0');
        const auto got = opened ? (*opened)->read_at(offset, bytes) : opened.error();
        if (!got) {
            fmt::print(stderr, "proctor-dump: {}\n", got.error().message());
            cannot_read_ = true;
            return;
        }
        hex_dump(out_, offset, string_view(bytes).substr(0, *got));
    }

    void print_run(const std::string& path, const run_summary& run) {
        if (asked_.as == format::jsonl) {
            for (const auto& segment : run.segments) print_segment(segment);
            out_.line(R"({{"path":{},"verdict":"{}","run_id":"{}","segments":{},"lock":{}}})",
                      json_text(path), to_string(run.verdict),
                      run.identity ? to_hex(run.identity->id) : "", run.segments.size(),
                      json_text(run.lock_text));
            return;
        }
        out_.line("{}: {}", path, to_string(run.verdict));
        if (const auto& identity = run.identity) {
            out_.line("  run          {}", to_hex(identity->id));
            out_.line("  created      {} by {}", identity->created, identity->made_by);
            out_.line("  fingerprint  {}", fingerprint(identity->settings));
            for (const auto& [key, value] : identity->settings)
                out_.line("    {}: {}", string_view(key), boost::json::serialize(value));
        }
        if (!run.lock_text.empty()) out_.line("  lock         {}", run.lock_text);
        for (const auto& name : run.unknown_files) out_.line("  not ours     {}", name);
        for (const auto& segment : run.segments) print_segment(segment);
    }

    void print_segment(const segment_summary& one) {
        const auto first = one.header ? one.header->first_lsn : 1;
        if (asked_.as == format::jsonl) {
            out_.line(R"({{"file":{},"verdict":"{}","first_lsn":{},"next_lsn":{},"epoch":{},)"
                      R"("frames":{},"records":{},"bytes":{},"torn_bytes":{},)"
                      R"("passed_over_bytes":{},"closed":{}}})",
                      json_text(one.path), to_string(one.verdict), first, one.next_lsn,
                      one.header ? one.header->epoch : 0, one.frames, one.records, one.file_bytes,
                      one.torn_bytes, one.passed_over_bytes, one.closed);
            return;
        }
        auto text = fmt::format("  {}  LSN {}, {} frames, {} records, {} bytes, {}",
                                std::filesystem::path(one.path).filename().string(),
                                lsn_range(first, one.next_lsn), one.frames, one.records,
                                one.file_bytes, to_string(one.verdict));
        if (one.torn_bytes > 0) text += fmt::format(" ({} bytes)", one.torn_bytes);
        if (one.passed_over_bytes > 0)
            text +=
                fmt::format(", {} bytes behind its successor's beginning", one.passed_over_bytes);
        if (one.closed) text += ", closed";
        out_.line("{}", text);
    }

    void print_stats(const std::string& path, const std::vector<segment_summary>& segments) {
        segment_summary sum;
        for (const auto& one : segments) {
            sum.file_bytes += one.file_bytes;
            sum.frames += one.frames;
            sum.records += one.records;
            sum.frame_bytes += one.frame_bytes;
            sum.padding_bytes += one.padding_bytes;
            for (std::size_t i = 0; i < sum.by_kind.size(); ++i) {
                sum.by_kind[i].records += one.by_kind[i].records;
                sum.by_kind[i].body_bytes += one.by_kind[i].body_bytes;
            }
        }
        asked_.as == format::jsonl ? print_stats_jsonl(path, segments.size(), sum)
                                   : print_stats_text(path, segments.size(), sum);
    }

    template <class Visit>
    static void each_kind(const segment_summary& sum, Visit visit) {
        for (std::size_t i = 1; i < sum.by_kind.size(); ++i)
            if (sum.by_kind[i].records > 0)
                visit(to_string(static_cast<record_kind>(i)), sum.by_kind[i]);
    }

    void print_stats_text(const std::string& path, std::size_t segments,
                          const segment_summary& sum) {
        out_.line("{}", path);
        out_.line("  segments  {}", segments);
        out_.line("  bytes     {}", sum.file_bytes);
        out_.line("  frames    {}, {:.1f} records each, {:.1f} % padding", sum.frames,
                  sum.frames == 0
                      ? 0.0
                      : static_cast<double>(sum.records) / static_cast<double>(sum.frames),
                  percent(sum.padding_bytes, sum.frame_bytes));
        out_.line("  records   {}", sum.records);
        each_kind(sum, [this](string_view kind, const kind_count& count) {
            out_.line("    {:<8}  {}, {} bytes, {} each", kind, count.records, count.body_bytes,
                      count.body_bytes / count.records);
        });
    }

    void print_stats_jsonl(const std::string& path, std::size_t segments,
                           const segment_summary& sum) {
        std::string kinds;
        each_kind(sum, [&](string_view kind, const kind_count& count) {
            fmt::format_to(std::back_inserter(kinds), R"({}"{}":{{"records":{},"body_bytes":{}}})",
                           kinds.empty() ? "" : ",", kind, count.records, count.body_bytes);
        });
        out_.line(R"({{"path":{},"segments":{},"bytes":{},"frames":{},"frame_bytes":{},)"
                  R"("padding_bytes":{},"records":{},"kinds":{{{}}}}})",
                  json_text(path), segments, sum.file_bytes, sum.frames, sum.frame_bytes,
                  sum.padding_bytes, sum.records, kinds);
    }

    file_system& disk_;
    options asked_;
    view show_ = view::info;
    output out_;
    std::uint64_t shown_ = 0;
    condition worst_ = condition::clean;
    bool cannot_read_ = false;
};

constexpr auto examples = R"(Examples:
  proctor-dump checkpoints/latest                      what the run is, its segments, a verdict
  proctor-dump --verify checkpoints/latest             is it whole?
  proctor-dump --records --question 17 RUN             all that happened to question 17
  proctor-dump --records --format jsonl RUN | jq .body  every record as JSON
  proctor-dump --frames --hex wal-00000000000000000001-00001.log | less

Exit status: 0 fine, 1 torn tail (with --verify alone), 2 usage, 3 cannot read, 4 damaged.)";

void add_views(CLI::App& app, options& asked) {
    const std::vector<std::pair<std::string, std::pair<view, std::string>>> views = {
        {"--info", {view::info, "identity, lock, segments, verdict (default for a directory)"}},
        {"--records", {view::records, "the records (default for a file)"}},
        {"--frames", {view::frames, "the frames"}},
        {"--stats", {view::stats, "bytes, counts for each kind of record, share of padding"}},
        {"--verify", {view::verify, "read everything and give the verdict only"}},
    };
    auto* group = app.add_option_group("What to show (one of them)");
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
    app.add_option("--from-lsn", asked.from_lsn, "no record or frame before this one");
    app.add_option("--to-lsn", asked.to_lsn, "no record or frame behind this one")
        ->default_str("the end");
    app.add_option("--question", asked.question, "records of this question_id only");
    app.add_option("--kind", asked.kind, "records of this kind only")
        ->transform(CLI::Transformer(kinds).description("answered|result|failed|session"));
    app.add_option("--limit", asked.limit, "at the most so many lines")->default_str("no limit");
}

exit_status run(int argc, char** argv) {
    options asked;
    CLI::App app{"Shows what is in the log of a proctor run, damage included. Changes nothing."};
    app.footer(examples);
    app.set_version_flag("--version", "proctor-dump " PROCTOR_VERSION);
    app.add_option("PATH", asked.paths, "segment files, run directories")->required();
    add_views(app, asked);
    const std::map<std::string, format> formats = {{"text", format::text},
                                                   {"jsonl", format::jsonl}};
    app.add_option("--format", asked.as, "how to show it")
        ->transform(CLI::Transformer(formats).description("text|jsonl"))
        ->default_str("text");
    app.add_flag("--hex", asked.hex, "the bytes of each record or frame as well");
    add_filters(app, asked);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_status::clean : exit_status::usage;
    }
    posix_file_system disk;
    return dump(disk, std::move(asked)).run();
}

} // namespace

int main(int argc, char** argv) {
    return static_cast<int>(run(argc, argv));
}
