// Whose process holds a run, found out without getting in its way: a lock that is taken for an
// instant only to see whether it is free would turn away a start at that instant.
#pragma once

#include "proctor/storage/file_system.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

// What LOCK tells of whoever holds the run, or held it last.
struct run_holder {
    std::string host; // empty: LOCK tells nothing
    std::int64_t pid = 0;
    std::string started; // iso_time
    bool on_this_host = false;
    bool alive = false; // it has the lock now; of another host never known
};

run_holder look_at_holder(file_system&, const std::string& run_directory);

// Whether the text of /proc/locks has an flock for writing on a file. The device may be told
// otherwise than stat() does (overlays, btrfs); then the process must be the one that is expected.
struct file_name {
    unsigned major = 0, minor = 0; // of the device
    std::uint64_t inode = 0;
};
bool is_locked(std::string_view proc_locks, const file_name&, std::int64_t expected_pid);

} // namespace proctor
