// The rules that make a run survive a crash (STORE.md), held against the system calls that a
// program really made. Knows names, frames and the order of calls, and nothing of our file layer.
#pragma once

#include "support/strace.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace proctor::test {

// What must hold:
// - an acknowledgement comes after the successful sync of the segment that holds the record, and
//   after the directory syncs that keep the segment, run.json and the run's directory;
// - what gets a name was synced before, and its directory is synced by the end at the latest;
// - no name is replaced, but for derived files; no file is cut short;
// - a segment's name goes only when its successor is there for good, and snapshots for what was
//   durable in it; a snapshot's when another one covers it;
// - after a failed sync a file is not synced again;
// - a segment is written by the session that made it, and never over what was synced.
class disk_discipline {
public:
    // Of processes that run in `directory` (absolute, no links in it) and acknowledge through
    // descriptor `acknowledgements`.
    explicit disk_discipline(std::string directory, int acknowledgements = 3);

    // Those of a process's life; sessions in their order, from the run's beginning.
    void watch(const trace& session);

    const std::vector<std::string>& complaints() const { return complaints_; }

    struct figures {
        std::size_t acknowledged = 0, syncs = 0, names = 0, removed_segments = 0;
    };
    const figures& seen() const { return figures_; }

private:
    struct inode {
        std::size_t session = 0;
        bool segment = false;
        bool poisoned = false; // a sync of it failed
        std::size_t writing = 0;
        std::size_t written = 0, synced = 0; // writes
        std::uint64_t end = 0, synced_end = 0;
        std::uint64_t last_lsn = 0, synced_lsn = 0;
    };
    using inode_ptr = std::shared_ptr<inode>;
    struct name {
        inode_ptr file;
        std::size_t change = 0; // of its directory
    };
    struct directory_state {
        std::size_t changes = 0, synced = 0;
        bool poisoned = false;
    };
    struct started_sync {
        std::size_t writes = 0, changes = 0;
        std::uint64_t end = 0, last_lsn = 0;
    };
    struct record_place {
        inode_ptr file;
        std::size_t write = 0;
        std::string path;
    };

    void begin(const system_call&, std::size_t id);
    void end(const system_call&, std::size_t id);
    void complain(std::string what);

    void end_open(const system_call&);
    void begin_write(const system_call&);
    void end_write(const system_call&);
    void begin_sync(const system_call&, std::size_t id);
    void end_sync(const system_call&, std::size_t id);
    void begin_naming(const system_call&);
    void end_naming(const system_call&);
    void begin_removal(const std::string& path);
    void acknowledge(const std::string& text);
    void note_frames(const inode_ptr&, const std::string& path, std::string_view bytes);

    struct two_paths {
        std::string from, to;
        bool keeps_source; // link
    };
    two_paths paths_of(const system_call&) const;
    std::string absolute(const system_call&, std::size_t argument) const;
    bool known_for_good(const std::string& path) const;
    void make_name(const std::string& path, inode_ptr);

    std::string directory_;
    int acknowledgements_;
    std::size_t session_ = 0;
    std::map<std::string, name> names_;
    std::map<std::string, directory_state> directories_;
    std::map<int, inode_ptr> open_;
    std::map<int, std::string> open_paths_;
    std::map<std::size_t, started_sync> syncs_;         // under way
    std::map<std::uint64_t, record_place> records_;     // the latest of each question
    std::map<std::string, std::size_t> unsynced_names_; // and the change that made them
    std::vector<std::string> complaints_;
    figures figures_;
};

} // namespace proctor::test
