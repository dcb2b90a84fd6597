// How far a run is, live or long after: what its log says, who holds it, and what a resume would
// do.
#pragma once

#include "proctor/app/cost.hpp"
#include "proctor/app/run_holder.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace proctor {

enum class run_state {
    running,  // its process lives
    finished, // every question has a result, or was tried
    stopped,  // ended in good order before that
    died,     // its process is gone and ended nothing
    unknown,  // held on another host, and nothing tells of an end
    damaged,  // the log cannot be read; `problem` says why
};
std::string_view to_string(run_state);

struct run_status {
    std::string directory;
    std::string run_id; // hexadecimal; empty if run.json cannot be read
    std::string created;
    run_state state = run_state::stopped;
    run_holder holder;
    std::optional<std::uint64_t> total; // results that the run is to have
    std::uint64_t repeats = 1;          // of each question
    std::uint64_t completed = 0;
    std::uint64_t answered = 0; // not marked yet
    std::uint64_t failed = 0, refused = 0;
    std::map<std::string, std::uint64_t> failed_by_kind;
    tally marks;
    std::optional<answer_figures> answers; // none: footers of snapshots do not tell of all of them
    std::uint64_t no_choice = 0;
    token_usage tokens;
    price_list prices;
    std::uint64_t snapshot_bytes = 0, log_bytes = 0;
    std::optional<wall_time> last_written;
    std::uint64_t torn_bytes = 0; // that a crash cut off; none of a live run
    // By status.json, while the process lives or may live.
    double rate = 0; // questions/s
    double remaining_seconds = 0;
    std::optional<std::chrono::seconds> last_word; // how long ago status.json was written
    std::string problem;

    // What a resume would ask, if everything that failed for now counts.
    std::uint64_t to_ask() const;
    bool lives() const { return state == run_state::running; }
    bool may_live() const { return lives() || state == run_state::unknown; }
    // What status.json tells is of now.
    bool tells_of_now() const {
        return lives() || (may_live() && last_word && *last_word < std::chrono::minutes{2});
    }
};

// Takes no lock. A run that cannot be read is told as damaged, with what there is to know.
run_status look_at_run(file_system&, const std::string& directory);
// The same, and what it was told from; of a run that cannot be read, why.
struct run_sight {
    run_status status;
    result<run_view> view;
};
run_sight see_run(file_system&, const std::string& directory);

// The members are promised: configs/README.md.
boost::json::object status_json(const run_status&);
std::string status_text(const run_status&); // lines for people
std::string status_line(const run_status&); // the same in one, without "\n"
std::string status_table(std::span<const run_status>);

} // namespace proctor
