// A look at log files that goes on where recovery stops: what can be read is shown, and of the
// rest it is said what is wrong, where, and which records that may cost. proctor-dump is made of
// it.
//
// Takes no lock and changes nothing. Judges as replay does; the verdicts agree.
#pragma once

#include "proctor/storage/replay.hpp"
#include "proctor/storage/run_identity.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

enum class condition { clean, torn, damaged };

std::string_view to_string(condition);

struct complaint {
    condition severity = condition::clean; // clean: worth knowing, and harmless
    std::string path;
    std::uint64_t offset = 0;
    lsn first_lsn = 0, last_lsn = 0; // of the records that it costs; 0: none are known to be lost
    std::string what;

    std::string message() const; // one line
};

struct segment_summary {
    struct kind_count {
        std::uint64_t records = 0;
        std::uint64_t body_bytes = 0;
    };

    std::string path;
    std::optional<segment_header> header; // none: it could not be read
    std::uint64_t file_bytes = 0;
    std::uint64_t frames = 0;
    std::uint64_t records = 0;
    lsn next_lsn = 1;                    // of the record that would follow the last one
    std::array<kind_count, 5> by_kind;   // index: record_kind
    std::uint64_t frame_bytes = 0;       // of intact frames, padding included
    std::uint64_t padding_bytes = 0;     // within frame_bytes
    std::uint64_t passed_over_bytes = 0; // behind the place where the successor begins
    std::uint64_t torn_bytes = 0;
    bool closed = false; // ends with a closing frame
    condition verdict = condition::clean;
};

// What an inspection shows on its way; any may be empty.
struct inspection_observer {
    std::function<void(const segment_reader&, const segment_reader::frame&)> frame;
    std::function<void(const segment_reader&, const record_view&, record_place, lsn)> record;
    std::function<void(const complaint&)> complain;
    // Asked before each frame; true ends the inspection, with what was seen so far.
    std::function<bool()> enough;
};

// A file of any name. `from`: snapshots cover what is before it (0: nothing). `limit`: the first
// LSN of its successor, or no_limit. What is wrong with the file is in the summary; a failure says
// that the disk could not be read.
result<segment_summary> inspect_segment(file_system&, const std::string& path,
                                        const inspection_observer&, lsn limit = no_limit,
                                        std::uint32_t index = 0, lsn from = 0);

struct run_summary {
    std::optional<run_identity> identity;
    std::string lock_text; // of the process that holds the run, or held it last
    std::vector<snapshot_key> snapshots;
    std::vector<segment_summary> segments;
    std::vector<std::string> unknown_files;
    condition verdict = condition::clean;
};

result<run_summary> inspect_run(file_system&, const std::string& directory,
                                const inspection_observer&);

} // namespace proctor
