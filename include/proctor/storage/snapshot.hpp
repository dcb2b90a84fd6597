// Snapshots: what a sealed part of the log comes to, one record for each question, compressed,
// sorted by question_id, with an index and the figures in the footer. Written once, never changed.
//
// Synchronous. A writer, reader or cursor belongs to one thread at a time.
#pragma once

#include "proctor/codec/compression.hpp"
#include "proctor/codec/snapshot_bytes.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/storage/file_system.hpp"
#include "proctor/storage/run_layout.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

struct block_place {
    std::uint64_t offset = 0; // of the block's header
    std::uint32_t span = 0;   // bytes, header included
    std::uint32_t records = 0;
    question_id first_question = 0; // session records are those of question 0
    question_id last_question = 0;
};

struct snapshot_footer {
    std::vector<block_place> blocks;
    std::uint64_t records = 0;
    std::uint64_t raw_bytes = 0; // of blocks, uncompressed
    // Of the questions; both 0 if there are session records alone.
    question_id first_question = 0, last_question = 0;
    ledger counted; // the fold over all records that the snapshot was made from
};

// Makes a snapshot under a temporary name. Whoever ordered it gives it its own, once it is whole.
class snapshot_writer {
public:
    static result<snapshot_writer> create(file_system&, const std::string& directory,
                                          const snapshot_header&);

    // In order of question and LSN.
    result<> add(lsn, const record_view&);
    // For who did not know it at the beginning.
    void set_last_lsn(lsn last) { header_.last_lsn = last; }
    // Writes footer and trailer, syncs, and reads all of it back: what it returns is on the disk.
    result<snapshot_key> finish(const ledger& counted);

    const std::string& temporary_path() const { return path_; }
    std::uint64_t raw_bytes() const { return footer_.raw_bytes + block_.size(); }

private:
    snapshot_writer(file_system&, std::unique_ptr<file>, std::string path, snapshot_header);

    result<> end_block();
    result<> put(std::string_view bytes);
    result<> verify() const;

    file_system* disk_;
    std::unique_ptr<file> file_;
    std::string path_; // temporary
    snapshot_header header_;
    std::uint64_t offset_ = snapshot_header_size; // the header is written last
    snapshot_footer footer_;
    std::string block_; // entries that are not written yet
    std::string bytes_; // of a block that is written
    block_place place_; // of that block
    compressor zstd_;
};

class snapshot_reader {
public:
    // damaged or unsupported: header, footer or trailer are not what was written, or not those of
    // this name. Blocks are verified as they are read.
    static result<snapshot_reader> open(file_system&, const std::string& directory, snapshot_key);
    // The same for a file of any name.
    static result<snapshot_reader> open(file_system&, const std::string& path);

    // The entries of a block, verified, until the next call.
    result<std::string_view> read_block(const block_place&);
    // The record of a task. Nothing: there is none here.
    result<std::optional<snapshot_entry>> find(question_id);

    const snapshot_header& header() const { return header_; }
    const snapshot_footer& footer() const { return footer_; }
    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }

private:
    snapshot_reader(std::unique_ptr<file>, std::string path, snapshot_header, std::uint64_t size);
    result<> read_footer();
    failure damaged(std::uint64_t offset, std::string detail) const;

    std::unique_ptr<file> file_;
    std::string path_;
    snapshot_header header_;
    std::uint64_t size_;
    snapshot_footer footer_;
    std::string stored_;
    decompressor zstd_;
};

// A snapshot's records one by one, in order. Holds one block.
class snapshot_cursor {
public:
    // Begins with the block that may hold the first record of that task or a later one.
    explicit snapshot_cursor(snapshot_reader, question_id first = 0);
    // The next one, until the call after; nothing at the end.
    result<std::optional<snapshot_entry>> next();
    const snapshot_reader& reader() const { return reader_; }

private:
    snapshot_reader reader_;
    std::size_t block_ = 0; // the next one to read
    std::string_view left_;
};

// Reads all of a snapshot and checks what the footer claims of it. damaged: where and what.
result<> verify_snapshot(file_system&, const std::string& path);
// The same for the block of that index. `visit` (may be empty) sees each entry.
result<> verify_block(snapshot_reader&, std::size_t index,
                      const std::function<void(const snapshot_entry&)>& visit);

// What can be read of a block whose header stands at `offset` in a file with that salt, whatever
// the rest of the file is; for salvage. Nothing: no whole block begins there.
class block_scanner {
public:
    // Of a snapshot whose header is intact. damaged: it is not.
    static result<block_scanner> open(file_system&, const std::string& path);
    // Of one whose header cannot be read: its name tells the key, its blocks tell the salt
    // (codec/lost_salt.hpp). damaged: none does, or what is left of the header is another run's.
    static result<block_scanner> open_without_header(file_system&, const std::string& path,
                                                     snapshot_key, const run_id&);

    struct block {
        std::uint64_t offset = 0;
        block_header header;
        std::string_view entries; // until the next call
    };
    // The next intact block of records at or behind where the last one ended; nothing at the end.
    result<std::optional<block>> next();

    const snapshot_header& header() const { return header_; }
    std::uint64_t file_size() const { return size_; }

private:
    block_scanner(std::unique_ptr<file>, std::string path, snapshot_header, std::uint64_t size);
    result<std::optional<block>> read_at(std::uint64_t offset);
    result<std::uint64_t> find_magic(std::uint64_t offset);
    result<bool> find_salt();

    std::unique_ptr<file> file_;
    std::string path_;
    snapshot_header header_;
    std::uint64_t size_;
    std::uint64_t offset_ = snapshot_header_size;
    std::string searched_; // of the file, for find_magic()
    std::uint64_t searched_at_ = 0;
    std::string stored_;
    decompressor zstd_;
};

} // namespace proctor
