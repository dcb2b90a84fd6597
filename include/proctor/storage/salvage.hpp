// Makes a damaged run one that can be gone on with: all that can be read is kept, what cannot is
// given up, so that its questions are put again. The originals stay, in quarantine/.
//
// If it dies on its way the run is damaged still, or salvaged: it is simply called again.
#pragma once

#include "proctor/storage/inspect.hpp"
#include "proctor/storage/run_store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace proctor {

struct salvage_report {
    // One file that was replaced, or one that was missing.
    struct repair {
        std::string original;            // where it is now; empty: there was none, or it was whole
        std::string replaced;            // its name; empty: there was none
        std::string snapshot;            // the name of what took its place; empty: nothing had to
        std::uint64_t kept = 0;          // records of questions and sessions that this holds
        lsn first_lsn = 1, last_lsn = 0; // which it covers, lost ones included
    };

    // As it was found. Unless it was damaged there was nothing to do, and nothing was done.
    condition found = condition::clean;
    std::vector<repair> repairs;
    // As in run_summary.
    std::uint64_t lost_records = 0;
    question_set at_risk;
    bool at_risk_exactly = true;
};

// Takes the run's lock for as long as it works (held: by whom). damaged: run.json is, and what a
// run is about cannot be guessed; or snapshots overlap. unsupported: a newer proctor wrote a part.
// Any other failure, io_error for example: the run is as damaged as it was, or less. `complain`
// (may be empty) hears what is wrong.
result<salvage_report> salvage(file_system&, const std::string& directory, store_options,
                               const std::function<void(const complaint&)>& complain = {});

} // namespace proctor
