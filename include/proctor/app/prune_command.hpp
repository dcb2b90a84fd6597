// proctor prune: old runs of a checkpoint directory away.
#pragma once

#include "proctor/app/options.hpp"
#include "proctor/codec/frame.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int prune_command(const prune_options&);

// What became of a directory, or would.
struct pruned {
    enum class fate { removed, held, unreadable };
    std::string directory;
    fate what = fate::removed;
    std::uint64_t bytes = 0; // that it has or had on the disk
    std::string why;         // of one that stays
};

// Holds the directory's lock meanwhile, but for a dry run, which changes nothing at all. The
// newest run always stays. A run's own lock is held while it is removed, and its run.json goes
// first, so that half a run is none. What went before a failure is in `done`.
result<> prune(posix_file_system&, const prune_options&, wall_time now, std::vector<pruned>& done);

} // namespace proctor
