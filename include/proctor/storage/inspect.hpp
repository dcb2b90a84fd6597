// A look at a run's files that goes on where recovery stops: what can be read is shown, and of the
// rest it is said what is wrong, where, and what that costs. proctor-dump is made of it.
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

// How much of the snapshots is read; the log always is, as a whole.
enum class depth {
    footers, // what recovery reads
    blocks,  // everything
};

// "17, 20-23"; of more than `most` ranges the first ones, and how many questions there are.
std::string compact_ranges(const question_set&, std::size_t most = 16);

struct complaint {
    condition severity = condition::clean; // clean: worth knowing, and harmless
    std::string path;
    std::uint64_t offset = 0;
    // Of the records that it costs; 0: none are known to be lost. Of a snapshot: the range of
    // which they are.
    lsn first_lsn = 0, last_lsn = 0;
    std::string what;
    // Of a snapshot, which holds fewer than its range: the most it costs, which may be none.
    std::optional<std::uint64_t> records = {};
    question_set questions = {}; // of those records, where an index tells

    std::string message() const; // one line
};

struct kind_count {
    std::uint64_t records = 0;
    std::uint64_t body_bytes = 0;
};
using kind_counts = std::array<kind_count, 5>; // index: record_kind

struct segment_summary {
    std::string path;
    segment_key key;                      // as its name says; by its header, if it has another
    std::optional<segment_header> header; // none: it could not be read
    std::uint64_t file_bytes = 0;
    std::uint64_t frames = 0;
    std::uint64_t records = 0;
    lsn next_lsn = 1; // of the record that would follow the last one
    kind_counts by_kind;
    std::uint64_t frame_bytes = 0;       // of intact frames, padding included
    std::uint64_t padding_bytes = 0;     // within frame_bytes
    std::uint64_t passed_over_bytes = 0; // behind the place where the successor begins
    std::uint64_t room_bytes = 0;        // zeros behind the last frame, for the next ones
    std::uint64_t torn_bytes = 0;
    bool closed = false; // ends with a closing frame
    condition verdict = condition::clean;
};

// What was found in a snapshot.
struct snapshot_findings {
    std::string path;
    snapshot_key key;                      // as its name says; by its header, if it has another
    std::optional<snapshot_header> header; // none: it could not be read
    bool indexed = false;                  // the footer is intact
    std::uint64_t file_bytes = 0;
    // As the footer tells, or without one, of the blocks that can be read.
    std::uint64_t blocks = 0, records = 0;
    std::uint64_t raw_bytes = 0, stored_bytes = 0; // of blocks
    question_id first_question = 0, last_question = 0;
    std::uint64_t completed = 0, answered = 0, failed = 0;
    kind_counts by_kind; // of the records that were read
    condition verdict = condition::clean;
};

// What an inspection shows on its way; any may be empty.
struct inspection_observer {
    std::function<void(const segment_reader&, const segment_reader::frame&)> frame;
    std::function<void(const segment_reader&, const record_view&, record_place, lsn)> record;
    // Of snapshots. An entry comes with the file and the offset of its block.
    std::function<void(const std::string& path, const block_place&)> block;
    std::function<void(const std::string& path, std::uint64_t offset, const snapshot_entry&)> entry;
    std::function<void(const complaint&)> complain;
    // Asked before each frame and block; true ends the inspection, with what was seen so far.
    std::function<bool()> enough;
};

// A file of any name. `from`: snapshots cover what is before it (0: nothing). `limit`: the first
// LSN of its successor, or no_limit. `run`: whose file it is to be, where its header is lost; of
// one with a name of its own it is not read without. What is wrong with the file is in the summary;
// a failure says that the disk could not be read.
result<segment_summary> inspect_segment(file_system&, const std::string& path,
                                        const inspection_observer&, lsn limit = no_limit,
                                        std::uint32_t index = 0, lsn from = 0,
                                        const run_id& run = {});
result<snapshot_findings> inspect_snapshot(file_system&, const std::string& path,
                                           const inspection_observer&, depth = depth::blocks);

struct run_summary {
    std::optional<run_identity> identity;
    std::string lock_text; // of the process that holds the run, or held it last
    std::vector<snapshot_findings> snapshots;
    std::vector<segment_summary> segments;
    std::vector<std::string> unknown_files;
    condition verdict = condition::clean;
    // What damage costs: at the most so many records, and the questions that no readable record
    // tells of. Where no index tells which questions were lost, those that were not put yet are
    // among them.
    std::uint64_t lost_records = 0;
    question_set at_risk;
    bool at_risk_exactly = true;
};

// A live run may be looked at; what it compacts meanwhile is shown once.
result<run_summary> inspect_run(file_system&, const std::string& directory,
                                const inspection_observer&, depth = depth::blocks);

// For whoever must not go on with a damaged run: some lines on what is wrong where, which LSNs and
// questions are at risk, and the commands that show more and mend it. Reads what recovery reads.
std::string describe_risk(file_system&, const std::string& directory);

} // namespace proctor
