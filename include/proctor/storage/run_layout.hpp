// What the files of a run are called.
#pragma once

#include "proctor/codec/frame.hpp"
#include "proctor/core/types.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proctor {

inline constexpr std::string_view identity_file = "run.json";
inline constexpr std::string_view lock_file = "LOCK";
inline constexpr std::string_view status_file = "status.json";
inline constexpr std::string_view run_log_file = "run.log";
inline constexpr std::string_view temporary_suffix = ".tmp";

inline constexpr std::string_view quarantine_directory = "quarantine";
inline constexpr std::string_view question_index_file = "questions.idx";

// A log segment's place in the order of its run.
struct segment_key {
    lsn first_lsn = 1;
    std::uint32_t epoch = 1;

    auto operator<=>(const segment_key&) const = default;
};

// "wal-00000000000000000001-00001.log"
std::string segment_name(segment_key);
std::optional<segment_key> parse_segment_name(std::string_view name);

// What a snapshot covers. Of two that cover the same, the one of the higher epoch counts.
struct snapshot_key {
    lsn first_lsn = 1;
    lsn last_lsn = 0;
    std::uint32_t epoch = 1;

    auto operator<=>(const snapshot_key&) const = default;
};

// "snapshot-00000000000000000001-00000000000000032768-00001.snap"
std::string snapshot_name(snapshot_key);
std::optional<snapshot_key> parse_snapshot_name(std::string_view name);

// "checkpoint_<questions stem>_<model>_<YYYYMMDD_HHMMSS>"; characters that are awkward in file
// names become '_'. The time is local.
std::string run_directory_name(std::string_view questions_path, std::string_view model,
                               wall_time started);
// What the names of all runs of a question file begin with.
std::string run_directory_stem(std::string_view questions_path);
// The same for parts of other names.
std::string file_name_part(std::string_view text);
// "20241215_143022" and "2024-12-15T14:30:22.123456", local time.
std::string compact_time(wall_time);
std::string iso_time(wall_time);

std::string join_path(std::string_view directory, std::string_view name);
std::string parent_path(std::string_view path); // "." if it has none

} // namespace proctor
