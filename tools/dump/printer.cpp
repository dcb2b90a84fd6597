// Text for people, JSON Lines for programs.
#include "dump/printer.hpp"

#include "proctor/codec/json_fields.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace proctor::dump {
namespace {

using std::string_view;

[[noreturn]] void give_up() {
    if (errno == EPIPE) std::_Exit(static_cast<int>(exit_status::clean));
    fmt::print(stderr, "proctor-dump: cannot write: {}\n", std::strerror(errno));
    std::_Exit(static_cast<int>(exit_status::cannot_read));
}

// A body is JSON; should it be anything else, it is shown as a string.
std::string as_json(string_view body) {
    boost::system::error_code ec;
    boost::json::parse({body.data(), body.size()}, ec);
    return ec ? quoted(body) : std::string(body);
}

std::string name_of(frame_type type) {
    switch (type) {
    case frame_type::records: return "records";
    case frame_type::note: return "note";
    case frame_type::closing: return "closing";
    }
    return fmt::format("type {:#x}", static_cast<unsigned>(type));
}

// From `first` to the one before `next`.
std::string range(std::uint64_t first, std::uint64_t next) {
    if (first == next) return "none";
    return next == first + 1 ? fmt::format("{}", first) : fmt::format("{}-{}", first, next - 1);
}

std::string questions(question_id first, question_id last) {
    if (last == 0) return "no question";
    return (first == last ? "question " : "questions ") +
           range(std::max<question_id>(first, 1), last + 1);
}

double percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double ratio(std::uint64_t raw, std::uint64_t stored) {
    return stored == 0 ? 1 : static_cast<double>(raw) / static_cast<double>(stored);
}

// Lines that repeat the one before them are left out, as hexdump does.
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

// What a path comes to.
struct totals {
    std::uint64_t segments = 0, log_bytes = 0, frames = 0, log_records = 0;
    std::uint64_t frame_bytes = 0, padding_bytes = 0;
    std::uint64_t snapshots = 0, snapshot_bytes = 0, blocks = 0, snapshot_records = 0;
    std::uint64_t raw_bytes = 0, stored_bytes = 0;
    kind_counts kinds;

    void add(const kind_counts& more) {
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            kinds[i].records += more[i].records;
            kinds[i].body_bytes += more[i].body_bytes;
        }
    }
    void add(const segment_summary& one) {
        ++segments;
        log_bytes += one.file_bytes;
        frames += one.frames;
        log_records += one.records;
        frame_bytes += one.frame_bytes;
        padding_bytes += one.padding_bytes;
        add(one.by_kind);
    }
    void add(const snapshot_findings& one) {
        ++snapshots;
        snapshot_bytes += one.file_bytes;
        blocks += one.blocks;
        snapshot_records += one.records;
        raw_bytes += one.raw_bytes;
        stored_bytes += one.stored_bytes;
        add(one.by_kind);
    }

    template <class Visit>
    void each_kind(Visit visit) const {
        for (std::size_t i = 1; i < kinds.size(); ++i)
            if (kinds[i].records > 0) visit(to_string(static_cast<record_kind>(i)), kinds[i]);
    }
};

void print_text(output& out, const std::string& path, const totals& sum) {
    out.line("{}", path);
    if (sum.snapshots > 0)
        out.line("  snapshots  {}, {} bytes, {} blocks, {} records, {} bytes uncompressed "
                 "({:.2f} to 1)",
                 sum.snapshots, sum.snapshot_bytes, sum.blocks, sum.snapshot_records, sum.raw_bytes,
                 ratio(sum.raw_bytes, sum.stored_bytes));
    if (sum.segments > 0)
        out.line("  segments   {}, {} bytes, {} frames, {} records, {:.1f} records a frame, "
                 "{:.1f} % padding",
                 sum.segments, sum.log_bytes, sum.frames, sum.log_records,
                 sum.frames == 0
                     ? 0.0
                     : static_cast<double>(sum.log_records) / static_cast<double>(sum.frames),
                 percent(sum.padding_bytes, sum.frame_bytes));
    out.line("  bytes      {}", sum.snapshot_bytes + sum.log_bytes);
    out.line("  records    {}", sum.snapshot_records + sum.log_records);
    sum.each_kind([&](string_view kind, const kind_count& count) {
        out.line("    {:<8}  {}, {} bytes, {} each", kind, count.records, count.body_bytes,
                 count.body_bytes / count.records);
    });
}

void print_jsonl(output& out, const std::string& path, const totals& sum) {
    std::string kinds;
    sum.each_kind([&](string_view kind, const kind_count& count) {
        fmt::format_to(std::back_inserter(kinds), R"({}"{}":{{"records":{},"body_bytes":{}}})",
                       kinds.empty() ? "" : ",", kind, count.records, count.body_bytes);
    });
    out.line(R"({{"path":{},"bytes":{},"records":{},"segments":{},"segment_bytes":{},)"
             R"("frames":{},"frame_bytes":{},"padding_bytes":{},"segment_records":{},)"
             R"("snapshots":{},"snapshot_bytes":{},"blocks":{},"snapshot_records":{},)"
             R"("raw_bytes":{},"stored_bytes":{},"kinds":{{{}}}}})",
             quoted(path), sum.snapshot_bytes + sum.log_bytes,
             sum.snapshot_records + sum.log_records, sum.segments, sum.log_bytes, sum.frames,
             sum.frame_bytes, sum.padding_bytes, sum.log_records, sum.snapshots, sum.snapshot_bytes,
             sum.blocks, sum.snapshot_records, sum.raw_bytes, sum.stored_bytes, kinds);
}

} // namespace

void output::put() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size()) give_up();
}

void output::finish() {
    if (std::fflush(stdout) != 0) give_up();
}

std::string quoted(string_view text) {
    std::string json;
    append_json_string(json, text);
    return json;
}

std::string name_in(string_view path) {
    return std::string(path.substr(path.find_last_of('/') + 1));
}

// --- records, frames, blocks --------------------------------------------------------------------

bool printer::is_wanted(const record_view& record, lsn number) const {
    return !done() && number >= asked_.from_lsn.value_or(1) && number <= asked_.to_lsn &&
           (!asked_.question || *asked_.question == record.question_number()) &&
           (!asked_.kind || *asked_.kind == record.kind);
}

void printer::show(const record_view& record, lsn number, const std::string& place,
                   std::uint64_t offset) {
    ++shown_;
    if (asked_.as == format::jsonl)
        out_.line(R"({{"lsn":{},"kind":"{}","question_id":{},"repeat":{},{},"body":{}}})", number,
                  to_string(record.kind), record.question_number(),
                  record.repeats == 0 ? 0 : record.repeat(), place, as_json(record.body));
    else
        out_.line("{:>8}  {:<8}  {:>8}{}  {}", number, to_string(record.kind),
                  record.question_number(),
                  record.repeats == 0 ? "" : fmt::format("#{}", record.repeat()), record.body);
    if (asked_.hex) hex_dump(out_, offset, record.bytes);
}

void printer::record(const std::string& path, const record_view& record, record_place place,
                     lsn number) {
    if (is_wanted(record, number))
        show(record, number, fmt::format(R"("file":{},"offset":{})", quoted(path), place.offset),
             place.offset);
}

// Its bytes have no offset in the file: they are compressed there.
void printer::entry(const std::string& path, std::uint64_t block, const snapshot_entry& entry) {
    if (is_wanted(entry.record, entry.number))
        show(entry.record, entry.number,
             fmt::format(R"("file":{},"block":{})", quoted(path), block), 0);
}

void printer::frame(const segment_reader& segment, const segment_reader::frame& frame) {
    const auto& header = frame.header;
    // A frame without records stands before the record of its LSN.
    const auto last = std::max(header.first_lsn, header.next_lsn() - 1);
    if (done() || last < asked_.from_lsn.value_or(0) || header.first_lsn > asked_.to_lsn) return;
    ++shown_;
    if (asked_.as == format::jsonl)
        out_.line(R"({{"file":{},"offset":{},"type":"{}","first_lsn":{},"records":{},)"
                  R"("durable_lsn":{},"stored_bytes":{},"span_bytes":{},"written":"{}"}})",
                  quoted(segment.path()), frame.offset, name_of(header.type), header.first_lsn,
                  header.record_count, header.durable_lsn, header.stored_size, header.span(),
                  iso_time(header.written));
    else
        out_.line("{}:{:<10} {:<8} LSN {:<14} durable {:<10} {:>8} bytes  {}",
                  name_in(segment.path()), frame.offset, name_of(header.type),
                  range(header.first_lsn, header.next_lsn()), header.durable_lsn,
                  header.stored_size, iso_time(header.written));
    if (asked_.hex) hex(segment.path(), frame.offset, header.span());
}

void printer::block(const std::string& path, const block_place& place) {
    if (done()) return;
    if (asked_.question &&
        (*asked_.question < place.first_question || *asked_.question > place.last_question))
        return;
    ++shown_;
    if (asked_.as == format::jsonl)
        out_.line(R"({{"file":{},"offset":{},"type":"block","records":{},"first_question":{},)"
                  R"("last_question":{},"span_bytes":{}}})",
                  quoted(path), place.offset, place.records, place.first_question,
                  place.last_question, place.span);
    else
        out_.line("{}:{:<10} block    {} records, {}, {} bytes", name_in(path), place.offset,
                  place.records, questions(place.first_question, place.last_question), place.span);
    if (asked_.hex) hex(path, place.offset, place.span);
}

void printer::hex(const std::string& path, std::uint64_t offset, std::uint64_t size) {
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

// --- summaries ----------------------------------------------------------------------------------

void printer::verdict(const std::string& path, condition found) {
    if (asked_.as == format::jsonl)
        out_.line(R"({{"path":{},"verdict":"{}"}})", quoted(path), to_string(found));
    else
        out_.line("{}: {}", path, to_string(found));
}

void printer::verdict(const std::string& path, const run_summary& run) {
    if (run.verdict != condition::damaged) return verdict(path, run.verdict);
    if (asked_.as == format::jsonl) {
        out_.line(R"({{"path":{},"verdict":"{}","lost_records":{},"at_risk":"{}",)"
                  R"("at_risk_exactly":{}}})",
                  quoted(path), to_string(run.verdict), run.lost_records,
                  compact_ranges(run.at_risk), run.at_risk_exactly);
        return;
    }
    verdict(path, run.verdict);
    out_.line("  records that cannot be read: up to {}", run.lost_records);
    if (run.at_risk.size() > 0)
        out_.line("  questions at risk, which nothing else here tells of{}: {}",
                  run.at_risk_exactly ? "" : " (with those not put yet)",
                  compact_ranges(run.at_risk));
}

void printer::info(const std::string& path, const run_summary& run) {
    if (asked_.as == format::jsonl) {
        for (const auto& snapshot : run.snapshots) info(snapshot);
        for (const auto& segment : run.segments) info(segment);
        out_.line(R"({{"path":{},"verdict":"{}","run_id":"{}","snapshots":{},"segments":{},)"
                  R"("lost_records":{},"at_risk":"{}","at_risk_exactly":{},"lock":{}}})",
                  quoted(path), to_string(run.verdict),
                  run.identity ? to_hex(run.identity->id) : "", run.snapshots.size(),
                  run.segments.size(), run.lost_records, compact_ranges(run.at_risk),
                  run.at_risk_exactly, quoted(run.lock_text));
        return;
    }
    verdict(path, run);
    if (const auto& identity = run.identity) {
        out_.line("  run          {}", to_hex(identity->id));
        out_.line("  created      {} by {}", identity->created, identity->made_by);
        out_.line("  fingerprint  {}", fingerprint(identity->settings));
        for (const auto& [key, value] : identity->settings)
            out_.line("    {}: {}", string_view(key), json_text(value));
    }
    if (const auto end = run.lock_text.find_last_not_of(" \n"); end != std::string::npos)
        out_.line("  lock         {}", string_view(run.lock_text).substr(0, end + 1));
    for (const auto& name : run.unknown_files) out_.line("  not ours     {}", name);
    for (const auto& snapshot : run.snapshots) info(snapshot);
    for (const auto& segment : run.segments) info(segment);
}

void printer::info(const segment_summary& one) {
    const auto first = one.key.first_lsn;
    if (asked_.as == format::jsonl) {
        out_.line(R"({{"file":{},"verdict":"{}","first_lsn":{},"next_lsn":{},"epoch":{},)"
                  R"("frames":{},"records":{},"bytes":{},"torn_bytes":{},)"
                  R"("room_bytes":{},"passed_over_bytes":{},"closed":{}}})",
                  quoted(one.path), to_string(one.verdict), first, one.next_lsn, one.key.epoch,
                  one.frames, one.records, one.file_bytes, one.torn_bytes, one.room_bytes,
                  one.passed_over_bytes, one.closed);
        return;
    }
    auto text = fmt::format("  {}  LSN {}, {} frames, {} records, {} bytes, {}", name_in(one.path),
                            range(std::min(first, one.next_lsn), one.next_lsn), one.frames,
                            one.records, one.file_bytes, to_string(one.verdict));
    if (one.torn_bytes > 0) text += fmt::format(" ({} bytes)", one.torn_bytes);
    if (one.room_bytes > 0) text += fmt::format(", {} of them still empty", one.room_bytes);
    if (one.passed_over_bytes > 0)
        text += fmt::format(", {} bytes behind its successor's beginning", one.passed_over_bytes);
    if (one.closed) text += ", closed";
    out_.line("{}", text);
}

void printer::info(const snapshot_findings& one) {
    if (asked_.as == format::jsonl) {
        out_.line(R"({{"file":{},"verdict":"{}","first_lsn":{},"last_lsn":{},"epoch":{},)"
                  R"("blocks":{},"records":{},"first_question":{},"last_question":{},)"
                  R"("completed":{},"answered":{},"failed":{},"bytes":{},"raw_bytes":{},)"
                  R"("stored_bytes":{},"indexed":{}}})",
                  quoted(one.path), to_string(one.verdict), one.key.first_lsn, one.key.last_lsn,
                  one.key.epoch, one.blocks, one.records, one.first_question, one.last_question,
                  one.completed, one.answered, one.failed, one.file_bytes, one.raw_bytes,
                  one.stored_bytes, one.indexed);
        return;
    }
    auto text = fmt::format(
        "  {}  LSN {}, epoch {}, {} blocks, {} records of {}, {} bytes for {} ({:.2f} to 1), {}",
        name_in(one.path), range(one.key.first_lsn, one.key.last_lsn + 1), one.key.epoch,
        one.blocks, one.records, questions(one.first_question, one.last_question), one.file_bytes,
        one.raw_bytes, ratio(one.raw_bytes, one.stored_bytes), to_string(one.verdict));
    if (one.indexed)
        text += fmt::format("; {} completed, {} answered, {} failed", one.completed, one.answered,
                            one.failed);
    out_.line("{}", text);
}

void printer::stats(const std::string& path, const std::vector<segment_summary>& segments,
                    const std::vector<snapshot_findings>& snapshots) {
    totals sum;
    for (const auto& one : segments) sum.add(one);
    for (const auto& one : snapshots) sum.add(one);
    asked_.as == format::jsonl ? print_jsonl(out_, path, sum) : print_text(out_, path, sum);
}

} // namespace proctor::dump
