// The rules of recovery (FORMAT.md, "Recovery"), read-only.
#include "proctor/storage/replay.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/core/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace proctor {
namespace {

bool is_known(std::string_view name) {
    return name == identity_file || name == lock_file || name == status_file ||
           name == run_log_file || name == quarantine_directory ||
           name.starts_with("questions."); // the index, and what came through a pipe
}

result<run_files> list_names(file_system& disk, const std::string& directory) {
    const auto names = disk.list(directory);
    if (!names) return names.error();
    run_files files;
    for (const auto& name : *names) {
        if (const auto segment = parse_segment_name(name)) {
            files.segments.push_back(*segment);
            files.highest_epoch = std::max(files.highest_epoch, segment->epoch);
        } else if (const auto snapshot = parse_snapshot_name(name)) {
            files.snapshots.push_back(*snapshot);
            files.highest_epoch = std::max(files.highest_epoch, snapshot->epoch);
        } else if (name.ends_with(temporary_suffix)) {
            files.temporary.push_back(name);
        } else if (!is_known(name)) {
            files.unknown.push_back(name);
        }
    }
    std::sort(files.segments.begin(), files.segments.end());
    // Of those that begin together the longest first, and of equals the latest.
    std::sort(files.snapshots.begin(), files.snapshots.end(),
              [](const snapshot_key& a, const snapshot_key& b) {
                  if (a.first_lsn != b.first_lsn) return a.first_lsn < b.first_lsn;
                  if (a.last_lsn != b.last_lsn) return a.last_lsn > b.last_lsn;
                  return a.epoch > b.epoch;
              });
    return files;
}

// Leaves the snapshots that count; false if one reaches into another.
bool choose_snapshots(run_files& files, std::vector<lsn_range>& gaps) {
    std::vector<snapshot_key> counting;
    bool tiled = true;
    for (const auto& key : files.snapshots) {
        if (key.last_lsn <= files.covered) { // within those before it
            files.superseded.push_back(snapshot_name(key));
            continue;
        }
        if (key.first_lsn <= files.covered) tiled = false;
        if (key.first_lsn > files.covered + 1)
            gaps.push_back({files.covered + 1, key.first_lsn - 1});
        counting.push_back(key);
        files.covered = key.last_lsn;
    }
    files.snapshots = std::move(counting);
    return tiled;
}

// Leaves the segments that count: the one that goes on behind the snapshots, and those after it.
void choose_segments(run_files& files) {
    const auto next = files.covered + 1;
    auto first = std::find_if(files.segments.begin(), files.segments.end(),
                              [&](const segment_key& key) { return key.first_lsn > next; });
    if (first != files.segments.begin()) --first; // the last one that begins at `next` or before
    for (auto key = files.segments.begin(); key != first; ++key)
        files.superseded.push_back(segment_name(*key));
    files.segments.erase(files.segments.begin(), first);
    // Of several that begin at one LSN (a sync had failed) the latest counts.
    std::vector<segment_key> counting;
    for (const auto& key : files.segments) {
        if (!counting.empty() && counting.back().first_lsn == key.first_lsn) {
            files.superseded.push_back(segment_name(counting.back()));
            counting.pop_back();
        }
        counting.push_back(key);
    }
    files.segments = std::move(counting);
}

class replayer {
public:
    replayer(file_system& disk, const std::string& directory, const run_id& run,
             const record_visitor& visit)
        : disk_(disk), directory_(directory), run_(run), visit_(visit) {}

    result<replay_report> run() {
        auto files = list_run(disk_, directory_);
        if (!files) return files.error();
        report_.files = std::move(*files);
        for (const auto& key : report_.files.snapshots)
            if (auto done = take_snapshot(key); !done) return done.error();
        report_.next_lsn = report_.files.covered + 1;
        for (std::uint32_t i = 0; i < report_.files.segments.size(); ++i)
            if (auto done = replay_segment(i); !done) return done.error();
        return std::move(report_);
    }

private:
    result<> take_snapshot(snapshot_key key) {
        auto reader = snapshot_reader::open(disk_, directory_, key);
        if (!reader) {
            auto why = reader.error();
            if (why.code == failure_code::damaged)
                why.detail += fmt::format("; results of records {} to {} are at risk (see: "
                                          "proctor-dump --verify {})",
                                          key.first_lsn, key.last_lsn, directory_);
            return why;
        }
        if (reader->header().run != run_)
            return failure{failure_code::damaged, reader->path(), "this snapshot is another run's"};
        if (reader->header().read_only_compatible != 0) report_.read_only = reader->path();
        report_.last_written = reader->header().created;
        report_.snapshots.push_back(summary_of(*reader));
        if (report_.counted.merge(reader->footer().counted)) return {};
        return fold_records(snapshot_cursor(std::move(*reader)));
    }

    // A question has results in two snapshots: only the records tell what the first one was, and
    // only the footer what was spent on those that the snapshot does not keep.
    result<> fold_records(snapshot_cursor cursor) {
        ledger kept;
        for (;;) {
            const auto entry = cursor.next();
            if (!entry) return entry.error();
            if (!*entry) break;
            const auto what = outcome_in((*entry)->record);
            if (!what) return what.error();
            report_.counted.apply(*what);
            kept.apply(*what);
        }
        auto superseded = cursor.reader().footer().counted.total_spending();
        report_.counted.add_spending(superseded -= kept.total_spending());
        return {};
    }

    result<outcome> outcome_in(const record_view& record) const {
        auto what = read_outcome(record);
        if (!what) return failure{failure_code::damaged, directory_, what.error().message()};
        return what;
    }

    result<> replay_segment(std::uint32_t index) {
        const auto key = report_.files.segments[index];
        const auto limit = report_.files.limit_of(index);
        if (key.first_lsn > report_.next_lsn)
            return lost(join_path(directory_, segment_name(key)), page_size, key.first_lsn,
                        "the log has a gap before this segment");
        auto opened = segment_reader::open(disk_, directory_, key);
        if (!opened) return opened.error();
        auto& segment = *opened;
        if (segment.header().read_only_compatible != 0) report_.read_only = segment.path();
        if (segment.header().run != run_)
            return failure{failure_code::damaged, segment.path(), "this segment is another run's"};

        const auto begin = skip_covered(segment, report_.next_lsn);
        if (!begin) return begin.error();
        auto offset = *begin;
        while (report_.next_lsn < limit) {
            const auto frame = segment.read(offset);
            if (!frame && frame.error().code != failure_code::damaged) return frame.error();
            if (frame && !*frame) break;
            if (frame && (*frame)->header.first_lsn == report_.next_lsn &&
                (*frame)->header.next_lsn() <= limit) {
                if (auto done = take(**frame, index, segment.path()); !done) return done;
                offset += (*frame)->header.span();
                continue;
            }
            const auto reason =
                frame ? fmt::format("a frame of LSN {} stands where LSN {} is expected",
                                    (*frame)->header.first_lsn, report_.next_lsn)
                      : frame.error().detail;
            const auto found = judge_gap(segment, offset, report_.next_lsn, limit);
            if (!found) return found.error();
            if (found->what == gap::kind::damage)
                return lost(segment.path(), offset, found->next_lsn, reason);
            if (found->what == gap::kind::torn) {
                report_.torn = replay_report::tear{segment.path(), offset, segment.size() - offset};
                break;
            }
            if (found->what == gap::kind::lost_note)
                report_.notes.push_back(fmt::format(
                    "{}, offset {}: a frame without records was lost", segment.path(), offset));
            offset = found->go_on;
        }
        if (limit != no_limit && report_.next_lsn != limit)
            return lost(segment.path(), offset, limit, "the log ends before its successor begins");
        return {};
    }

    result<> take(const segment_reader::frame& frame, std::uint32_t index,
                  const std::string& path) {
        const auto visit = [this](const record_view& record, record_place place,
                                  lsn number) -> result<> {
            const auto what = outcome_in(record);
            if (!what) return what.error();
            report_.counted.apply(*what);
            return visit_ ? visit_(record, place, number) : result<>();
        };
        if (auto done = visit_records(frame, index, path, visit); !done) return done;
        ++report_.frames;
        report_.records += frame.header.record_count;
        report_.next_lsn = frame.header.next_lsn();
        report_.closed = frame.header.type == frame_type::closing;
        report_.last_written = frame.header.written;
        return {};
    }

    result<> lost(const std::string& path, std::uint64_t offset, lsn next,
                  std::string_view reason) {
        return failure{
            failure_code::damaged, fmt::format("{}, offset {}", path, offset),
            fmt::format("{}; records {} to {} were acknowledged and cannot be read (see: "
                        "proctor-dump --verify {})",
                        reason, report_.next_lsn, next - 1, directory_)};
    }

    file_system& disk_;
    const std::string& directory_;
    const run_id& run_;
    const record_visitor& visit_;
    replay_report report_;
};

} // namespace

snapshot_summary summary_of(const snapshot_reader& reader) {
    const auto& header = reader.header();
    const auto& footer = reader.footer();
    snapshot_summary summary;
    summary.key = {header.first_lsn, header.last_lsn, header.epoch};
    summary.bytes = reader.size();
    summary.records = footer.records;
    if (!footer.blocks.empty()) {
        summary.first_question = footer.blocks.front().first_question;
        summary.last_question = footer.blocks.back().last_question;
    }
    return summary;
}

lsn run_files::limit_of(std::size_t index) const {
    return index + 1 < segments.size() ? segments[index + 1].first_lsn : no_limit;
}

result<run_files> list_damaged_run(file_system& disk, const std::string& directory,
                                   std::vector<lsn_range>& gaps) {
    auto files = list_names(disk, directory);
    if (!files) return files;
    if (!choose_snapshots(*files, gaps))
        return failure{failure_code::damaged, directory,
                       "two snapshots hold the same records; no proctor writes such"};
    choose_segments(*files);
    return files;
}

result<run_files> list_run(file_system& disk, const std::string& directory) {
    std::vector<lsn_range> gaps;
    auto files = list_damaged_run(disk, directory, gaps);
    if (!files) return files;
    if (!gaps.empty())
        return failure{failure_code::damaged, directory,
                       fmt::format("no snapshot holds records {} to {} (see: proctor-dump "
                                   "--verify {})",
                                   gaps.front().first, gaps.front().last, directory)};
    if (files->segments.empty())
        return failure{failure_code::damaged, directory, "there is a run.json but no log segment"};
    return files;
}

result<std::uint64_t> skip_covered(segment_reader& segment, lsn wanted) {
    auto expected = segment.header().first_lsn;
    std::uint64_t offset = page_size;
    while (expected < wanted) {
        const auto frame = segment.read(offset);
        if (!frame && frame.error().code != failure_code::damaged) return frame.error();
        if (frame && !*frame) break;
        if (frame) { // whatever its place in their order
            if ((*frame)->header.first_lsn >= wanted) break;
            expected = (*frame)->header.next_lsn();
            offset += (*frame)->header.span();
            continue;
        }
        const auto next = segment.find_header(offset + page_size);
        if (!next) return next.error();
        if (!*next) break;
        offset = (*next)->offset;
        expected = (*next)->header.first_lsn;
    }
    return offset;
}

result<> visit_records(const segment_reader::frame& frame, std::uint32_t segment,
                       const std::string& path, const record_visitor& visit) {
    const auto where = fmt::format("{}, offset {}", path, frame.offset);
    const auto type = frame.header.type;
    if (static_cast<unsigned>(type) >= 0x80) return {}; // of a newer proctor, made to be skipped
    if (type != frame_type::records && type != frame_type::note && type != frame_type::closing)
        return failure{
            failure_code::unsupported, where,
            fmt::format("frame type {} is of a newer proctor", static_cast<unsigned>(type))};
    if (frame.header.flags != 0)
        return failure{failure_code::unsupported, where,
                       "this frame's encoding is of a newer proctor"};
    auto left = frame.payload;
    for (std::uint32_t i = 0; i < frame.header.record_count; ++i) {
        const auto begin = static_cast<std::uint64_t>(left.data() - frame.payload.data());
        const auto record = take_record(left);
        if (!record)
            return failure{failure_code::damaged, where,
                           fmt::format("record {} of {}: {}", i + 1, frame.header.record_count,
                                       record.error().detail)};
        const record_place place{frame.offset + frame_header_size + begin, segment,
                                 static_cast<std::uint32_t>(record->bytes.size())};
        if (auto done = visit(*record, place, frame.header.first_lsn + i); !done) return done;
    }
    if (!left.empty())
        return failure{failure_code::damaged, where, "bytes are left behind the frame's records"};
    return {};
}

result<gap> judge_gap(segment_reader& segment, std::uint64_t offset, lsn expected, lsn limit) {
    // Who proves that E was durable may have come after our look at E's place; E came before that.
    const auto damage_to = [&](lsn next) -> result<gap> {
        const auto again = segment.read(offset);
        if (!again && again.error().code != failure_code::damaged) return again.error();
        if (again && *again && (*again)->header.first_lsn == expected &&
            (*again)->header.next_lsn() <= limit)
            return gap{gap::kind::written_meanwhile, offset, expected};
        return gap{gap::kind::damage, 0, next};
    };
    for (auto at = offset;; at += page_size) {
        const auto found = segment.find_header(at);
        if (!found) return found.error();
        if (!*found) break;
        at = (*found)->offset;
        const auto& header = (*found)->header;
        if (header.first_lsn == expected && at > offset) {
            const auto frame = segment.read(at);
            if (frame) return gap{gap::kind::lost_note, at, expected};
            // A disk that cannot be read proves nothing about what stands there.
            if (frame.error().code != failure_code::damaged) return frame.error();
        }
        // durable_lsn counts what lies before this frame: E itself was on stable storage.
        if (header.durable_lsn >= expected && !mutated(mutation::no_durable_lsn_rule))
            return damage_to(header.durable_lsn + 1);
    }
    if (limit != no_limit) return damage_to(limit);
    return gap{};
}

result<> read_sealed(file_system& disk, const std::string& directory, segment_key key, lsn from,
                     lsn limit, const record_visitor& visit) {
    auto segment = segment_reader::open(disk, directory, key);
    if (!segment) return segment.error();
    const auto begin = skip_covered(*segment, from);
    if (!begin) return begin.error();
    auto offset = *begin;
    auto expected = std::max(key.first_lsn, from);
    while (expected < limit) {
        const auto frame = segment->read(offset);
        if (!frame && frame.error().code != failure_code::damaged) return frame.error();
        if (!frame || !*frame || (*frame)->header.first_lsn != expected) {
            // A lost note, as replay has found.
            const auto found = judge_gap(*segment, offset, expected, limit);
            if (!found) return found.error();
            if (found->what == gap::kind::damage)
                return failure{failure_code::damaged,
                               fmt::format("{}, offset {}", segment->path(), offset),
                               fmt::format("record {} cannot be read any more", expected)};
            offset = found->go_on;
            continue;
        }
        if (auto done = visit_records(**frame, 0, segment->path(), visit); !done) return done;
        expected = (*frame)->header.next_lsn();
        offset += (*frame)->header.span();
    }
    return {};
}

result<replay_report> replay(file_system& disk, const std::string& directory, const run_id& run,
                             const record_visitor& visit) {
    return replayer(disk, directory, run, visit).run();
}

} // namespace proctor
