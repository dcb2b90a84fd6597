// Looking at a log without believing it. Judgements come from replay; only the going on is ours.
#include "proctor/storage/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

class segment_inspector {
public:
    segment_inspector(segment_reader& segment, const inspection_observer& observer,
                      segment_summary& summary, lsn limit, std::uint32_t index, lsn from)
        : segment_(segment), observer_(observer), summary_(summary), limit_(limit), index_(index),
          from_(from) {}

    result<> inspect() {
        auto& expected = summary_.next_lsn;
        expected = std::max(segment_.header().first_lsn, from_);
        const auto begin = skip_covered(segment_, expected);
        if (!begin) return begin.error();
        auto offset = *begin;
        while (expected < limit_) {
            if (observer_.enough && observer_.enough()) return {};
            const auto frame = segment_.read(offset);
            if (!frame && frame.error().code != failure_code::damaged) return frame.error();
            if (frame && !*frame) break;
            if (frame && (*frame)->header.first_lsn == expected &&
                (*frame)->header.next_lsn() <= limit_) {
                take(**frame);
                offset += (*frame)->header.span();
                continue;
            }
            const auto reason =
                frame ? fmt::format("a frame of LSN {} stands where LSN {} is expected",
                                    (*frame)->header.first_lsn, expected)
                      : frame.error().detail;
            const auto next = step_over(offset, reason);
            if (!next) return next.error();
            if (!*next) return {};
            offset = **next;
        }
        if (expected >= limit_)
            summary_.passed_over_bytes = segment_.size() - std::min(offset, segment_.size());
        else if (limit_ != no_limit)
            complain(condition::damaged, offset, expected, limit_ - 1,
                     "the log ends before its successor begins");
        return {};
    }

private:
    void take(const segment_reader::frame& frame) {
        ++summary_.frames;
        summary_.frame_bytes += frame.header.span();
        summary_.padding_bytes +=
            frame.header.span() - frame_header_size - frame.header.stored_size;
        summary_.next_lsn = frame.header.next_lsn();
        summary_.closed = frame.header.type == frame_type::closing;
        if (observer_.frame) observer_.frame(segment_, frame);
        const auto visited = visit_records(
            frame, index_, segment_.path(),
            [&](const record_view& record, record_place place, lsn number) -> result<> {
                ++summary_.records;
                auto& kind = summary_.by_kind.at(static_cast<std::size_t>(record.kind));
                ++kind.records;
                kind.body_bytes += record.body.size();
                if (observer_.record) observer_.record(segment_, record, place, number);
                return {};
            });
        if (!visited)
            complain(condition::damaged, frame.offset, frame.header.first_lsn,
                     frame.header.next_lsn() - 1, visited.error().detail);
    }

    // Where to go on behind a bad place; nothing if there is nothing more.
    result<std::optional<std::uint64_t>> step_over(std::uint64_t offset,
                                                   const std::string& reason) {
        const auto expected = summary_.next_lsn;
        const auto found = judge_gap(segment_, offset, expected, limit_);
        if (!found) return found.error();
        switch (found->what) {
        case gap::kind::lost_note:
            complain(condition::clean, offset, 0, 0, "a frame without records was lost");
            return std::optional(found->go_on);
        case gap::kind::torn:
            summary_.torn_bytes = segment_.size() - offset;
            complain(condition::torn, offset, 0, 0,
                     fmt::format("torn tail of {} bytes: {}", summary_.torn_bytes, reason));
            return std::optional<std::uint64_t>();
        case gap::kind::damage: break;
        }
        const auto next = next_frame(offset);
        if (!next) return next.error();
        const auto behind = *next ? (*next)->header.first_lsn : found->next_lsn;
        complain(condition::damaged, offset, expected, std::max(behind, expected + 1) - 1, reason);
        if (!*next) return std::optional<std::uint64_t>();
        summary_.next_lsn = behind;
        return std::optional((*next)->offset);
    }

    // The first intact frame at or behind `offset` with records that were not seen yet.
    result<std::optional<segment_reader::frame>> next_frame(std::uint64_t offset) {
        for (;; offset += page_size) {
            auto found = segment_.find_header(offset);
            if (!found || !*found) return found;
            offset = (*found)->offset;
            const auto& header = (*found)->header;
            if (header.first_lsn < summary_.next_lsn || header.next_lsn() > limit_) continue;
            auto whole = segment_.read(offset);
            if (whole || whole.error().code != failure_code::damaged) return whole;
        }
    }

    void complain(condition severity, std::uint64_t offset, lsn first, lsn last, std::string what) {
        summary_.verdict = std::max(summary_.verdict, severity);
        if (observer_.complain)
            observer_.complain({severity, segment_.path(), offset, first, last, std::move(what)});
    }

    segment_reader& segment_;
    const inspection_observer& observer_;
    segment_summary& summary_;
    lsn limit_;
    std::uint32_t index_;
    lsn from_;
};

class run_inspector {
public:
    run_inspector(file_system& disk, const std::string& directory,
                  const inspection_observer& observer)
        : disk_(disk), directory_(directory), observer_(observer) {}

    result<run_summary> inspect() {
        const auto names = disk_.list(directory_);
        if (!names) return names.error();
        if (auto done = read_small_files(*names); !done) return done.error();
        if (auto done = inspect_segments(); !done) return done.error();
        // run.json is named last, so its absence is the mark of a crash; but not once there are
        // records.
        if (unmade_)
            complain(next_lsn_ == 1 ? condition::clean : condition::damaged,
                     join_path(directory_, identity_file), 0, 0,
                     next_lsn_ == 1 ? "there is none: this run was never quite made"
                                    : "there is none, though the run has records");
        return std::move(summary_);
    }

private:
    result<> inspect_segments() {
        std::vector<lsn_range> gaps;
        const auto files = list_damaged_run(disk_, directory_, gaps);
        if (!files && files.error().code != failure_code::damaged) return files.error();
        if (!files) {
            complain(condition::damaged, directory_, 0, 0, files.error().detail);
            return {};
        }
        summary_.unknown_files = files->unknown;
        for (const auto& missing : gaps)
            complain(condition::damaged, directory_, missing.first, missing.last,
                     "a snapshot is missing");
        for (const auto& key : files->snapshots)
            if (auto done = inspect_snapshot(key); !done) return done;
        next_lsn_ = files->covered + 1;
        if (files->segments.empty() && !unmade_)
            complain(condition::damaged, directory_, 0, 0, "there is no log segment");
        for (std::uint32_t i = 0; i < files->segments.size(); ++i)
            if (auto done = inspect_one(files->segments[i], files->limit_of(i), i); !done)
                return done;
        return {};
    }

    result<> inspect_snapshot(snapshot_key key) {
        summary_.snapshots.push_back(key);
        const auto path = join_path(directory_, snapshot_name(key));
        const auto whole = verify_snapshot(disk_, path);
        if (whole) return {};
        const auto& why = whole.error();
        if (why.code != failure_code::damaged && why.code != failure_code::unsupported) return why;
        complain(condition::damaged, path, key.first_lsn, key.last_lsn,
                 why.where + ": " + why.detail);
        return {};
    }

    result<> read_small_files(const std::vector<std::string>& names) {
        for (const auto& name : names) {
            if (name != lock_file) continue;
            auto text = read_all(disk_, join_path(directory_, lock_file));
            if (!text) return text.error();
            summary_.lock_text = text->substr(0, text->find_last_not_of(' ') + 1);
        }
        auto identity = read_identity(disk_, directory_);
        if (identity) {
            summary_.identity = std::move(*identity);
            return {};
        }
        const auto& why = identity.error();
        const auto path = join_path(directory_, identity_file);
        if (why.code == failure_code::not_found)
            unmade_ = true;
        else if (why.code == failure_code::damaged || why.code == failure_code::unsupported)
            complain(condition::damaged, path, 0, 0, why.detail);
        else
            return why;
        return {};
    }

    result<> inspect_one(segment_key key, lsn limit, std::uint32_t index) {
        const auto path = join_path(directory_, segment_name(key));
        if (key.first_lsn > next_lsn_)
            complain(condition::damaged, path, next_lsn_, key.first_lsn - 1,
                     "the log has a gap before this segment");
        auto inspected = inspect_segment(disk_, path, observer_, limit, index, next_lsn_);
        if (!inspected) return inspected.error();
        // The gap behind a segment was complained of with it.
        next_lsn_ = limit != no_limit ? limit : inspected->next_lsn;
        summary_.verdict = std::max(summary_.verdict, inspected->verdict);
        if (const auto& header = inspected->header) {
            if (segment_key{header->first_lsn, header->epoch} != key)
                complain(condition::damaged, path, 0, 0,
                         "the segment's header does not fit its name");
            if (summary_.identity && header->run != summary_.identity->id)
                complain(condition::damaged, path, 0, 0, "this segment is another run's");
        }
        summary_.segments.push_back(std::move(*inspected));
        return {};
    }

    void complain(condition severity, const std::string& path, lsn first, lsn last,
                  std::string what) {
        summary_.verdict = std::max(summary_.verdict, severity);
        if (observer_.complain)
            observer_.complain({severity, path, 0, first, last, std::move(what)});
    }

    file_system& disk_;
    const std::string& directory_;
    const inspection_observer& observer_;
    run_summary summary_;
    lsn next_lsn_ = 1;
    bool unmade_ = false; // without run.json
};

} // namespace

std::string_view to_string(condition verdict) {
    switch (verdict) {
    case condition::clean: return "clean";
    case condition::torn: return "torn tail";
    case condition::damaged: return "damaged";
    }
    return "unknown";
}

std::string complaint::message() const {
    auto text = fmt::format("{}, offset {}: {}", path, offset, what);
    if (first_lsn != 0)
        text += fmt::format("; records {} to {} cannot be read", first_lsn, last_lsn);
    return text;
}

result<segment_summary> inspect_segment(file_system& disk, const std::string& path,
                                        const inspection_observer& observer, lsn limit,
                                        std::uint32_t index, lsn from) {
    segment_summary summary;
    summary.path = path;
    auto segment = segment_reader::open(disk, path);
    if (segment) {
        summary.header = segment->header();
        summary.file_bytes = segment->size();
        auto done = segment_inspector(*segment, observer, summary, limit, index, from).inspect();
        if (!done) return done.error();
        return summary;
    }
    const auto& why = segment.error();
    if (why.code != failure_code::damaged && why.code != failure_code::unsupported) return why;
    // The salt is in the header: without it no frame can be told from noise.
    summary.verdict = condition::damaged;
    if (observer.complain)
        observer.complain(
            {condition::damaged, path, 0, 0, 0, why.detail + "; nothing in it can be read"});
    return summary;
}

result<run_summary> inspect_run(file_system& disk, const std::string& directory,
                                const inspection_observer& observer) {
    return run_inspector(disk, directory, observer).inspect();
}

} // namespace proctor
