// From a sealed segment to a snapshot: of each question the record that counts, sorted, compressed.
#pragma once

#include "proctor/storage/replay.hpp"
#include "proctor/storage/snapshot.hpp"

#include <functional>
#include <string>
#include <vector>

namespace proctor {

// A value, so that another thread may carry it out: it reads a file that nobody writes any more,
// and writes one that nobody else knows of.
struct compaction_job {
    std::string directory;
    segment_key segment;
    snapshot_header header;  // first_lsn and last_lsn: the records of the segment that it covers
    std::uint64_t bytes = 0; // of the segment
};

// Writes the snapshot under its temporary name, synced and read back; adopting it is run_store's.
// Memory: some bytes a record of the segment, and one block. damaged, io_error, disk_full: the
// segment is as it was, and it may be tried again.
result<snapshot_key> build_snapshot(file_system&, const compaction_job&);

// Shows records and their places in a segment to a visitor, in order of LSN.
using record_source = std::function<result<>(const record_visitor&)>;
// The same of those records of the job's segment that `read` shows; for salvage.
result<snapshot_key> build_snapshot(file_system&, const compaction_job&, const record_source& read);

// Where a record stands, and what decides whether it counts.
struct record_position {
    question_id question = 0;
    lsn number = 0;
    record_place place;
    record_kind kind = record_kind::result;
};

// Sorts by question and LSN, and leaves what counts. All session records do.
void keep_what_counts(std::vector<record_position>&);

// Which of a question's records counts: those of a higher rank over those of a lower, of results
// the first, of answers and failures the latest; as in the ledger. True if `later`, of a higher
// LSN, takes the place of `earlier`.
bool supersedes(record_kind later, record_kind earlier);

} // namespace proctor
