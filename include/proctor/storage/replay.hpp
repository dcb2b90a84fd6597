// Reads a run's log from its beginning to its end and decides what a bad frame means: a torn
// tail, the mark of a crash, where nothing was ever acknowledged; or damage.
//
// Takes no lock and changes nothing, so that status, export and dump may read a live run: the log
// of one ends at its last valid frame.
#pragma once

#include "proctor/codec/record.hpp"
#include "proctor/storage/file_system.hpp"
#include "proctor/storage/wal.hpp"

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

struct replay_report {
    std::vector<segment_key> segments; // in order; what record_place::segment counts
    lsn next_lsn = 1;                  // of the record that would follow
    std::uint64_t frames = 0;
    std::uint64_t records = 0;
    bool closed = false;      // the last session ended in good order
    wall_time last_written{}; // when the last frame was

    struct tear {
        std::string path;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    std::optional<tear> torn; // bytes behind the last valid frame
    // A segment with a feature that this version can read but must not write beside.
    std::optional<std::string> read_only;
    std::vector<std::string> notes; // what else a person should know
};

// Called for each record in order of LSN; the view is valid during the call. A failure ends the
// replay and is its result.
using record_visitor = std::function<result<>(const record_view&, record_place, lsn)>;

// damaged: where (file, offset) and which LSNs are at risk. The first frame that fails, at
// expected LSN E, is damage if a successor begins beyond E or an intact frame header further on
// says that E was durable; if the next valid frame begins at E, only a frame without records was
// lost. No segment at all is damage too.
result<replay_report> replay(file_system&, const std::string& directory, const run_id&,
                             const record_visitor&);

// What replay is made of, for tools that go on where it stops.

// The first LSN of no segment.
inline constexpr lsn no_limit = std::numeric_limits<lsn>::max();

// The segments of a run in order. damaged: there is none.
result<std::vector<segment_key>> list_segments(file_system&, const std::string& directory);

// Hands one frame's records to `visit`, `segment` being the index in their places.
result<> visit_records(const segment_reader::frame&, std::uint32_t segment, const std::string& path,
                       const record_visitor& visit);

// What a place is where the frame of an expected LSN should begin, and does not.
struct gap {
    enum class kind { lost_note, torn, damage };
    kind what = kind::torn;
    std::uint64_t go_on = 0; // lost_note: offset of the frame that was expected
    lsn next_lsn = 0;        // damage: the first record that is not known to be lost
};
// `limit`: the first LSN of the next segment, or no_limit.
result<gap> judge_gap(segment_reader&, std::uint64_t offset, lsn expected, lsn limit);

} // namespace proctor
