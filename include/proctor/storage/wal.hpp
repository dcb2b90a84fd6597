// Log segments: one that is written, and how any is read.
#pragma once

#include "proctor/codec/frame.hpp"
#include "proctor/codec/record.hpp"
#include "proctor/storage/file_system.hpp"
#include "proctor/storage/run_layout.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace proctor {

// The active segment. It only grows: a page that holds acknowledged bytes is never written again.
class segment_writer {
public:
    // The header is durable before the file gets its name, and the name before this returns.
    static result<segment_writer> create(file_system&, const std::string& directory,
                                         const segment_header&);
#ifdef PROCTOR_MUTATIONS
    // What no store does: goes on in an old file. `end` 0: at its end.
    static result<segment_writer> reopen(file_system&, const std::string& directory, segment_key,
                                         std::uint64_t end);
#endif

    // Writes frames (as codec's encode() makes them, one or several) at the end. Where they would
    // make the file grow, it grows by `room` bytes of zeros more, if the disk has them: a sync of
    // what is written into these need not wait for the file's size. After a failure nothing counts
    // as written, and the same frames, or others, may be written in their place.
    result<> append(std::string_view frames, std::size_t room = 0);
    // After a failure the file is not to be written or synced again.
    result<> sync();

    result<bool> linked(); // false: the file has been removed

    const segment_header& header() const { return header_; }
    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }

private:
    segment_writer(std::unique_ptr<file> file, std::string path, segment_header header)
        : file_(std::move(file)), path_(std::move(path)), header_(header), size_(page_size),
          grown_to_(page_size) {}
    result<> named(result<>) const;

    std::unique_ptr<file> file_;
    std::string path_; // the one it goes by; `file_` knows only its temporary name
    segment_header header_;
    std::uint64_t size_;     // where the next frame begins
    std::uint64_t grown_to_; // behind it, zeros
};

// Reads a segment frame by frame. Holds one frame in memory.
class segment_reader {
public:
    // damaged or unsupported: the header is not one, or not that of this name.
    static result<segment_reader> open(file_system&, const std::string& directory, segment_key);
    // The same for a file of any name.
    static result<segment_reader> open(file_system&, const std::string& path);
    // The same for one whose header cannot be read: its name tells the key, its frames tell the
    // salt (codec/lost_salt.hpp). damaged: none does, or what is left of the header is another
    // run's.
    static result<segment_reader> open_without_header(file_system&, const std::string& path,
                                                      segment_key, const run_id&);

    struct frame {
        std::uint64_t offset = 0;
        frame_header header;
        std::string_view payload; // until the next call
    };
    // The frame that begins at `offset`, whole and verified. Nothing: the log ends here, with the
    // file or with zeros to its end. damaged: other bytes, but no frame.
    result<std::optional<frame>> read(std::uint64_t offset);
    // The first page boundary at or behind `offset` where an intact frame header stands, whatever
    // its payload.
    result<std::optional<frame>> find_header(std::uint64_t offset);
    // Sees from now on what was written since; for who follows a live log.
    result<> refresh();

    const segment_header& header() const { return header_; }
    const std::string& path() const { return path_; }
    std::uint64_t size() const { return size_; }

private:
    result<bool> find_salt();
    result<bool> only_zeros_from(std::uint64_t offset);
    segment_reader(std::unique_ptr<file> file, std::string path, segment_header header,
                   std::uint64_t size)
        : file_(std::move(file)), path_(std::move(path)), header_(header), size_(size) {}

    std::unique_ptr<file> file_;
    std::string path_;
    segment_header header_;
    std::uint64_t size_;
    std::string buffer_;
};

// A record's place in a run.
struct record_place {
    std::uint64_t offset = 0;  // of the record's header in its file
    std::uint32_t segment = 0; // index into replay_report::segments
    std::uint32_t size = 0;    // bytes of the record, header included; 0: not known
};

// The record at a place, verified once more. `buffer` holds its bytes.
result<record_view> read_record(file&, const std::string& path, record_place, std::string& buffer);

} // namespace proctor
