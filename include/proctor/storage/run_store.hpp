// One run on disk, held by this process: records are appended, made durable, compacted behind the
// log's end, and found again.
//
// Synchronous; one thread at a time, but for compaction_job, which another may carry out. Failures
// are sticky: every later call returns the first one, so that nothing is acknowledged after the
// disk has failed. Two are not: a full disk in append() (nothing was taken, try again), and one
// failed sync (what it should have made durable is written anew, into a new segment; the second
// one is sticky).
#pragma once

#include "proctor/storage/compaction.hpp"
#include "proctor/storage/replay.hpp"
#include "proctor/storage/run_identity.hpp"
#include "proctor/storage/wal.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

struct store_options {
    // A fuller one is sealed; may grow, see below. An opening compacts what it finds, mostly two of
    // them, at 100 MB/s and more.
    std::uint64_t segment_size = std::uint64_t{16} << 20;
    // Zeros that a segment grows by before small batches need them; see segment_writer::append.
    std::size_t room_ahead = std::size_t{256} << 10;
    std::function<wall_time()> now;        // for headers and people
    std::function<std::uint64_t()> random; // salts
    std::string lock_text; // who holds the run, one line; for people who meet the lock, and a fence
    locking lock = locking::exclusive;
    // Where flock may not reach other machines: whoever opens a run writes LOCK, waits twice the
    // period and reads it again. A holder looks at it once in a period.
    std::chrono::microseconds fence_period = std::chrono::seconds{2};
    std::function<void(std::chrono::microseconds)> fence_wait; // empty: flock is enough
};

// A compaction's memory follows its segment. Up to 8 GB of records it is the same; then segments
// grow with the number of snapshots, so that there are 1,700 of these for 200 GB and not 12,000: 16
// MiB up to the 512th, 32 behind the 576th, 144 behind the 1024th.
std::uint64_t segment_limit(std::uint64_t segment_size, std::uint64_t snapshots);

class run_store {
public:
    // A new run in a directory that does not exist yet. already_exists: choose another name.
    static result<std::unique_ptr<run_store>> create(file_system&, const std::string& directory,
                                                     const run_identity&, store_options);

    // Goes on with a run: takes its lock (held: by whom), replays it, makes durable what it decided
    // to trust, as snapshots, and begins a new segment; an old file is never appended to. A torn
    // segment goes to quarantine. `visit` (may be empty) sees the records behind the snapshots.
    static result<std::unique_ptr<run_store>> open(file_system&, const std::string& directory,
                                                   store_options, const record_visitor& visit);

    // Writes `count` records, as append_record() makes them one behind the other, as one frame or
    // more. Not durable yet. disk_full: none of them was taken, and the same call may be made
    // again when there is room.
    result<> append(std::string_view records, std::uint32_t count);
    // Everything appended so far is durable. held: somebody else has taken the run.
    result<> sync();
    // A frame without records that tells how much is durable; for when nothing else comes.
    // disk_full: there is none, and nothing relies on it.
    result<> note();
    // Seals what was appended, and ends the log with the closing frame, synced. Nothing may be
    // appended any more; compaction goes on.
    result<> close();

    // The oldest sealed segment, unless it has been handed out; nothing if there is none. Whoever
    // takes the job calls adopt() or abandon() when it is done.
    std::optional<compaction_job> next_compaction();
    // Gives the snapshot its name, and removes the segment.
    result<> adopt(const compaction_job&, snapshot_key);
    // The job failed: the segment stays, and is handed out again. What the attempt left goes.
    void abandon(const compaction_job&);
    // Carries out one compaction here and now; false: there was none.
    result<bool> compact();

    // The record of a question that counts, as open() found it or later compactions left it, if a
    // snapshot holds it.
    result<std::optional<std::string>> read_body(question_id) const;

    lsn written() const { return next_lsn_ - 1; }
    lsn durable() const { return durable_; }
    std::uint64_t sealed_bytes() const; // that wait for their compaction
    const std::string& directory() const { return directory_; }
    const run_identity& identity() const { return identity_; }
    // What open() found, before it changed anything; empty after create().
    const replay_report& found() const { return found_; }
    // What went wrong and was mended since the last call, for people.
    std::vector<std::string> take_notes() { return std::exchange(notes_, {}); }

private:
    friend class salvager; // takes the lock and begins a segment in the same way

    struct sealed_segment {
        segment_key key;
        lsn first_lsn = 1, last_lsn = 0; // the part that its snapshot is to cover
        std::uint64_t bytes = 0;
    };

    struct appended {
        std::string records;
        std::uint32_t count = 0;
    };

    run_store(file_system&, std::string directory, run_identity, store_options);

    result<> take_lock();
    result<> recover();
    result<> set_aside(const std::string& name);
    result<> begin_segment();
    result<> seal();
    result<> seal_if_full();
    result<> write_records(std::string_view records, std::uint32_t count);
    result<> write_empty_frame(frame_type);
    // Until the next call.
    std::string_view frames_of(std::string_view records, std::uint32_t count, lsn first);
    result<> make_durable();
    result<> write_anew(const failure& why);
    result<> still_ours();
    result<> sticky(result<>);

    file_system& disk_;
    std::string directory_;
    run_identity identity_;
    store_options options_;
    std::unique_ptr<file> lock_;
    wall_time looked_at_lock_{};
    std::optional<segment_writer> active_;
    std::uint32_t epoch_ = 1; // of new files
    std::deque<sealed_segment> sealed_;
    bool compacting_ = false; // the front of sealed_ has been handed out
    std::vector<snapshot_key> snapshots_;
    std::string frames_;             // what frames_of() made last
    std::vector<appended> unsynced_; // since the last sync
    bool mended_ = false;            // a sync has failed before
    std::vector<std::string> notes_;
    replay_report found_;
    lsn next_lsn_ = 1;
    lsn durable_ = 0;
    std::optional<failure> broken_;
};

} // namespace proctor
