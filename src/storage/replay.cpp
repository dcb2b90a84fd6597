// The rules of recovery (FORMAT.md, "Recovery"), read-only.
#include "proctor/storage/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace proctor {
namespace {

class replayer {
public:
    replayer(file_system& disk, const std::string& directory, const run_id& run,
             const record_visitor& visit)
        : disk_(disk), directory_(directory), run_(run), visit_(visit) {}

    result<replay_report> run() {
        auto keys = list_segments(disk_, directory_);
        if (!keys) return keys.error();
        report_.segments = std::move(*keys);
        for (std::uint32_t i = 0; i < report_.segments.size(); ++i)
            if (auto done = replay_segment(i); !done) return done.error();
        return std::move(report_);
    }

private:
    // Frames from here on belong to the successor, whatever this segment holds.
    lsn limit_of(std::uint32_t index) const {
        return index + 1 < report_.segments.size() ? report_.segments[index + 1].first_lsn
                                                   : no_limit;
    }

    result<> replay_segment(std::uint32_t index) {
        const auto key = report_.segments[index];
        const auto limit = limit_of(index);
        if (key.first_lsn != report_.next_lsn)
            return lost(join_path(directory_, segment_name(key)), page_size, key.first_lsn,
                        "the log has a gap before this segment");
        auto opened = segment_reader::open(disk_, directory_, key);
        if (!opened) return opened.error();
        auto& segment = *opened;
        if (segment.header().read_only_compatible != 0) report_.read_only = segment.path();
        if (segment.header().run != run_)
            return failure{failure_code::damaged, segment.path(), "this segment is another run's"};

        std::uint64_t offset = page_size;
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
            report_.notes.push_back(fmt::format("{}, offset {}: a frame without records was lost",
                                                segment.path(), offset));
            offset = found->go_on;
        }
        if (limit != no_limit && report_.next_lsn != limit)
            return lost(segment.path(), offset, limit, "the log ends before its successor begins");
        return {};
    }

    result<> take(const segment_reader::frame& frame, std::uint32_t index,
                  const std::string& path) {
        if (auto done = visit_records(frame, index, path, visit_); !done) return done;
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

result<std::vector<segment_key>> list_segments(file_system& disk, const std::string& directory) {
    const auto names = disk.list(directory);
    if (!names) return names.error();
    std::vector<segment_key> keys;
    for (const auto& name : *names)
        if (const auto key = parse_segment_name(name)) keys.push_back(*key);
    if (keys.empty())
        return failure{failure_code::damaged, directory, "there is a run.json but no log segment"};
    std::sort(keys.begin(), keys.end());
    return keys;
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
        const record_place place{segment, frame.offset + frame_header_size + begin};
        if (auto done = visit(*record, place, frame.header.first_lsn + i); !done) return done;
    }
    if (!left.empty())
        return failure{failure_code::damaged, where, "bytes are left behind the frame's records"};
    return {};
}

result<gap> judge_gap(segment_reader& segment, std::uint64_t offset, lsn expected, lsn limit) {
    for (auto at = offset + page_size;; at += page_size) {
        const auto found = segment.find_header(at);
        if (!found) return found.error();
        if (!*found) break;
        at = (*found)->offset;
        const auto& header = (*found)->header;
        if (header.first_lsn == expected) {
            const auto frame = segment.read(at);
            if (frame) return gap{gap::kind::lost_note, at, expected};
            // A disk that cannot be read proves nothing about what stands there.
            if (frame.error().code != failure_code::damaged) return frame.error();
        }
        // durable_lsn counts what lies before this frame: E itself was on stable storage.
        if (header.durable_lsn >= expected)
            return gap{gap::kind::damage, 0, header.durable_lsn + 1};
    }
    if (limit != no_limit) return gap{gap::kind::damage, 0, limit};
    return gap{};
}

result<replay_report> replay(file_system& disk, const std::string& directory, const run_id& run,
                             const record_visitor& visit) {
    return replayer(disk, directory, run, visit).run();
}

} // namespace proctor
