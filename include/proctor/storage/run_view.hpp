// A look at a run without holding it: what is done, single records, and all of them in order of
// question_id. Takes no lock and changes nothing; the run may live and go on meanwhile. What it
// shows is the run at one moment: that of open().
#pragma once

#include "proctor/storage/compaction.hpp"
#include "proctor/storage/replay.hpp"
#include "proctor/storage/run_identity.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <tuple>
#include <vector>

namespace proctor {

class run_view;

// The records that count, in order of question and LSN; session records (question 0)
// first. Memory: a block for each snapshot that holds questions around the present one; mostly
// that is one or two.
class run_cursor {
public:
    // The next one, until the call after; nothing at the end.
    result<std::optional<snapshot_entry>> next();

private:
    friend class run_view;
    class source;
    using key = std::tuple<question_id, lsn, std::size_t>; // last: the source

    run_cursor(const run_view&, question_id first);
    result<> wake_sources();
    result<> advance(std::size_t source);

    const run_view* view_;
    question_id first_;                            // what comes before it is passed over
    std::vector<std::unique_ptr<source>> sources_; // those that are awake
    std::size_t asleep_ = 0;                       // index of the next snapshot to wake
    bool tail_asleep_ = true;
    std::priority_queue<key, std::vector<key>, std::greater<>> heads_;
    std::vector<std::size_t> used_up_; // sources whose head was handed out

public:
    run_cursor(run_cursor&&) noexcept;
    run_cursor& operator=(run_cursor&&) noexcept;
    ~run_cursor();
};

class run_view {
public:
    // not_found: the directory is no run. damaged: as replay says.
    static result<run_view> open(file_system&, const std::string& directory);
    // The run as it was when its snapshot of that range was made; records behind it do not count.
    // not_found: no such snapshot counts (any more).
    static result<run_view> open_as_of(file_system&, const std::string& directory, snapshot_key);

    const std::string& directory() const { return directory_; }
    const run_identity& identity() const { return identity_; }
    const replay_report& found() const { return found_; }
    const ledger& counted() const { return found_.counted; }

    // The record of a task that counts. Nothing: there is none.
    result<std::optional<std::string>> find(question_id) const;
    // From this task on; sessions only if that is 0. The view outlives the cursor and is not moved
    // meanwhile.
    run_cursor records(question_id first = 0) const { return run_cursor(*this, first); }
    // All of these; ends at the first failure, its own or that of `see`.
    result<> each_record(const std::function<result<>(const record_view&)>& see) const;

private:
    friend class run_cursor;

    run_view(file_system& disk, std::string directory, run_identity identity)
        : disk_(&disk), directory_(std::move(directory)), identity_(std::move(identity)) {}
    result<> look();
    result<record_view> read_tail(const record_position&, std::string& buffer) const;

    file_system* disk_;
    std::string directory_;
    run_identity identity_;
    replay_report found_;
    std::vector<record_position> tail_; // what counts of the log behind the snapshots, sorted
    std::vector<std::unique_ptr<file>> tail_files_; // by segment; open, so that they stay readable
    std::vector<snapshot_summary> by_question_;     // sorted by their first question
};

} // namespace proctor
