// A whole run made at once, of records that are known already: by merge, by an import, by going
// back to a snapshot. It appears complete, by one rename of its directory, or not at all.
#pragma once

#include "proctor/storage/run_identity.hpp"
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"
#include "proctor/storage/snapshot.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

class run_builder {
public:
    // Works in `<directory>.making`; what an earlier attempt left there goes.
    static result<run_builder> create(file_system&, const std::string& directory,
                                      const run_identity&, store_options);

    // In order of question, at most one record each, session records first. LSNs are
    // given in this order. damaged: a body that is no record's.
    result<> add(const record_view&);
    // `superseded`: what was spent on records that are not among those added. already_exists: the
    // directory is taken by now.
    result<> finish(const spending& superseded);

    // Nothing is to come of it: takes away what was made so far.
    void abandon();

    std::uint64_t records() const { return next_lsn_ - 1; }

private:
    run_builder(file_system& disk, std::string directory, run_identity identity,
                store_options options);
    result<> begin_snapshot();
    result<> end_snapshot();

    file_system* disk_;
    std::string directory_; // as it will be called
    std::string making_;    // as it is called meanwhile
    run_identity identity_;
    store_options options_;
    std::optional<snapshot_writer> snapshot_;
    lsn snapshot_begin_ = 1;
    ledger counted_; // of the snapshot under way
    lsn next_lsn_ = 1;
};

struct merge_report {
    std::uint64_t records = 0; // of questions, in the result
    std::uint64_t conflicts = 0;
    std::vector<question_id> first_conflicts; // some of them
};

// All records of `runs` into a run that is being built: of each question the one of the highest
// rank, of equals that of the run that was written last. A conflict is a question with results in
// several of them. Finishes the builder. Whether the runs belong together is for the caller.
result<merge_report> merge_runs(const std::vector<const run_view*>& runs, run_builder&);

} // namespace proctor
