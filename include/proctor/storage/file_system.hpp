// The disk, as a seam: what the store asks of it, small enough that every call can be made to
// fail, and the machine to die at it, in a test.
//
// Synchronous. Paths are absolute or relative to the working directory, '/'-separated. Failures:
// disk_full (ENOSPC, EDQUOT), not_found, already_exists, held, else io_error; `where` is the path.
#pragma once

#include "proctor/core/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

class file {
public:
    virtual ~file() = default; // closes; whoever wrote has synced before

    // Fills `into` from `offset`; fewer bytes only at the end of the file.
    virtual result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) = 0;
    // All of `bytes`, or a failure with any part of them written.
    virtual result<> write_at(std::uint64_t offset, std::string_view bytes) = 0;
    // fdatasync: what was written, and the size, survive the machine. Never call it again on a
    // file for which it failed: the kernel forgets what it could not write.
    virtual result<> sync() = 0;
    virtual result<std::uint64_t> size() = 0;
    // Whether it still has a name; false: somebody removed it, or its directory.
    virtual result<bool> linked() = 0;
};

// Whether others are kept out of a file.
enum class locking {
    exclusive, // flock
    none,      // where the file system has no locks, and the user said so
};

class file_system {
public:
    virtual ~file_system() = default;

    // A new file, for reading and writing. already_exists if the name is taken.
    virtual result<std::unique_ptr<file>> create(const std::string& path) = 0;
    virtual result<std::unique_ptr<file>> open(const std::string& path) = 0; // for reading
    // The file, created if need be, for reading and writing under an exclusive flock. held if
    // another open file has the lock: `detail` is then the file's text. The lock ends with the
    // object, or the process. unsupported: this file system has no locks.
    virtual result<std::unique_ptr<file>> lock(const std::string& path, locking) = 0;
    // Never replaces: already_exists if `to` is taken. Directories too.
    virtual result<> rename(const std::string& from, const std::string& to) = 0;
    // Replaces `to`; for derived files alone.
    virtual result<> replace(const std::string& from, const std::string& to) = 0;
    // A second name for a file. already_exists if `to` is taken.
    virtual result<> link(const std::string& from, const std::string& to) = 0;
    virtual result<> remove(const std::string& path) = 0;         // a file, or an empty directory
    virtual result<> make_directory(const std::string& path) = 0; // already_exists if taken
    // Names made, changed or removed in `path` survive the machine.
    virtual result<> sync_directory(const std::string& path) = 0;
    virtual result<std::vector<std::string>> list(const std::string& path) = 0; // sorted names
};

// The whole file; for small ones.
result<std::string> read_all(file_system&, const std::string& path);

// A new file under a temporary name, in the place of what a failed attempt left there.
result<std::unique_ptr<file>> create_anew(file_system&, const std::string& path);

// A file that appears whole and durable, or not at all: a temporary one, synced, renamed onto no
// existing name, its directory synced.
result<> write_new_file(file_system&, const std::string& path, std::string_view text);

// mkdir -p, each new name durable.
result<> make_directories(file_system&, const std::string& path);

} // namespace proctor
