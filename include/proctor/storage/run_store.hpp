// One run on disk, held by this process: records are appended, made durable, and found again.
//
// Synchronous; one thread at a time. The first failure is sticky: every later call returns it, so
// that nothing is acknowledged after the disk has failed.
#pragma once

#include "proctor/storage/replay.hpp"
#include "proctor/storage/run_identity.hpp"
#include "proctor/storage/wal.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace proctor {

struct store_options {
    std::uint64_t segment_size = std::uint64_t{64} << 20; // a fuller one is sealed
    std::function<wall_time()> now;                       // for headers and people
    std::function<std::uint64_t()> random;                // salts
    std::string lock_text; // who holds the run; for people who meet the lock
};

class run_store {
public:
    // A new run in a directory that does not exist yet. already_exists: choose another name.
    static result<std::unique_ptr<run_store>> create(file_system&, const std::string& directory,
                                                     const run_identity&, store_options);

    // Goes on with a run: takes its lock (held: by whom), replays it into `visit`, makes durable
    // what it decided to trust, and begins a new segment; an old file is never appended to. A torn
    // tail stays where it is, out of reach: its successor begins before it.
    static result<std::unique_ptr<run_store>> open(file_system&, const std::string& directory,
                                                   store_options, const record_visitor& visit);

    // Writes `count` records, as append_record() makes them one behind the other, as one frame or
    // more. Not durable yet.
    result<> append(std::string_view records, std::uint32_t count);
    // Everything appended so far is durable.
    result<> sync();
    // A frame without records that tells how much is durable; for when nothing else comes.
    result<> note();
    // The closing frame, synced. Nothing may follow.
    result<> close();

    // The body of a record that open() showed to `visit`.
    result<std::string> read_body(record_place) const;

    lsn written() const { return next_lsn_ - 1; }
    lsn durable() const { return durable_; }
    const std::string& directory() const { return directory_; }
    const run_identity& identity() const { return identity_; }
    // What open() found; empty after create().
    const replay_report& found() const { return found_; }

private:
    run_store(file_system&, std::string directory, run_identity, store_options);

    result<> take_lock();
    result<> begin_segment(std::uint32_t epoch);
    result<> write_frames(std::string_view records, std::uint32_t count);
    result<> write_frame(frame_type, std::string_view payload, std::uint32_t count);
    result<> seal_if_full();
    result<> sticky(result<>);

    file_system& disk_;
    std::string directory_;
    run_identity identity_;
    store_options options_;
    std::unique_ptr<file> lock_;
    std::optional<segment_writer> active_;
    replay_report found_;
    lsn next_lsn_ = 1;
    lsn durable_ = 0;
    std::optional<failure> broken_;
};

// mkdir -p, each new name durable.
result<> make_directories(file_system&, const std::string& path);

} // namespace proctor
