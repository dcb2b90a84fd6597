// Reads what a run has on disk, snapshots and log, and decides what a bad frame means: a torn
// tail, the mark of a crash, where nothing was ever acknowledged; or damage.
//
// Takes no lock and changes nothing, so that status, export and dump may read a live run: the log
// of one ends at its last valid frame. A live run may also put a snapshot in a segment's place
// while it is read; then something is not_found, and reading anew helps (run_view does).
#pragma once

#include "proctor/codec/record.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/storage/file_system.hpp"
#include "proctor/storage/snapshot.hpp"
#include "proctor/storage/wal.hpp"

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

// Which files of a run count, by their names alone. Snapshots tile LSN 1 to `covered`; the log
// goes on behind them.
struct run_files {
    std::vector<snapshot_key> snapshots; // in order; two never overlap
    std::vector<segment_key> segments;   // in order; the first may begin before `covered`
    std::vector<std::string> superseded; // names of what others cover: never read
    std::vector<std::string> temporary;  // names of what a crash left unfinished
    std::vector<std::string> unknown;    // names that are not ours
    lsn covered = 0;
    std::uint32_t highest_epoch = 0;

    // Where segment `index` must end: the first LSN of its successor, or no_limit.
    lsn limit_of(std::size_t index) const;
};

// The first LSN of no segment.
inline constexpr lsn no_limit = std::numeric_limits<lsn>::max();

// damaged: snapshots that overlap or leave a gap between them, or no segment at all. What is wrong
// further on is found by reading.
result<run_files> list_run(file_system&, const std::string& directory);
// The same, whatever is missing: for tools that go on where recovery stops. `gaps` are the LSN
// ranges between snapshots that no file covers.
struct lsn_range {
    lsn first = 1, last = 0;
    bool operator==(const lsn_range&) const = default;
};
result<run_files> list_damaged_run(file_system&, const std::string& directory,
                                   std::vector<lsn_range>& gaps);

struct snapshot_summary {
    snapshot_key key;
    std::uint64_t bytes = 0;
    std::uint64_t records = 0;
    question_id first_question = 0; // of its first record; 0: that is a session's
    question_id last_question = 0;
};
snapshot_summary summary_of(const snapshot_reader&);

struct replay_report {
    run_files files;
    std::vector<snapshot_summary> snapshots; // those of `files`
    lsn next_lsn = 1;                        // of the record that would follow
    std::uint64_t frames = 0;
    std::uint64_t records = 0; // of the log, behind the snapshots
    bool closed = false;       // the last session ended in good order
    wall_time last_written{};  // when the last frame was
    ledger counted;            // the fold over everything

    struct tear {
        std::string path;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    std::optional<tear> torn; // bytes behind the last valid frame
    // A file with a feature that this version can read but must not write beside.
    std::optional<std::string> read_only;
    std::vector<std::string> notes; // what else a person should know
};

// Called for each record in order of LSN; the view is valid during the call. A failure ends the
// replay and is its result.
using record_visitor = std::function<result<>(const record_view&, record_place, lsn)>;

// Folds the footers of the snapshots and the records behind them, which `visit` (may be empty) is
// shown. damaged: where (file, offset) and which LSNs are at risk. The first frame that fails, at
// expected LSN E, is damage if a successor begins beyond E or an intact frame header further on
// says that E was durable; if the next valid frame begins at E, only a frame without records was
// lost.
result<replay_report> replay(file_system&, const std::string& directory, const run_id&,
                             const record_visitor& visit);

// What replay is made of, for tools that go on where it stops.

// Where, in a segment that begins before `wanted`, the first frame stands that snapshots do not
// cover. Those before it are not judged: a crash may have undone them after they went into one.
result<std::uint64_t> skip_covered(segment_reader&, lsn wanted);

// Hands one frame's records to `visit`, `segment` being the index in their places.
result<> visit_records(const segment_reader::frame&, std::uint32_t segment, const std::string& path,
                       const record_visitor& visit);

// Of a segment's frames, those that begin at `from` or later and before `limit`, for whoever knows
// that they are whole (the segment is sealed). damaged: one is not.
result<> read_sealed(file_system&, const std::string& directory, segment_key, lsn from, lsn limit,
                     const record_visitor& visit);

// What a place is where the frame of an expected LSN should begin, and does not.
struct gap {
    enum class kind {
        lost_note,
        written_meanwhile, // the frame is there now: the run is live
        torn,
        damage,
    };
    kind what = kind::torn;
    std::uint64_t go_on = 0; // the first two: offset of the frame that was expected
    lsn next_lsn = 0;        // damage: the first record that is not known to be lost
};
// `limit`: the first LSN of the next segment, or no_limit.
result<gap> judge_gap(segment_reader&, std::uint64_t offset, lsn expected, lsn limit);

} // namespace proctor
