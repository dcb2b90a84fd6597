// The bytes of a log segment: one segment header, then frames, each on a page boundary.
//
// A frame is one group commit. src/storage/FORMAT.md has the byte tables and the reasons.
// Encoding and decoding only: no I/O, no allocation on the word of an unverified length.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/mutation.hpp"
#include "proctor/core/types.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

inline constexpr std::size_t page_size = 4096;
inline constexpr std::size_t frame_header_size = 64;
inline constexpr std::size_t max_frame_payload = std::size_t{32} << 20; // bytes
inline constexpr std::uint16_t segment_version = 1;

constexpr std::uint64_t round_up_to_page(std::uint64_t offset) {
    return (offset + page_size - 1) / page_size * page_size;
}

using run_id = std::array<char, 16>;
using wall_time = std::chrono::sys_time<std::chrono::microseconds>;

struct segment_header {
    run_id run{};
    lsn first_lsn = 1;
    std::uint32_t epoch = 1;
    std::uint64_t salt = 0; // random; seeds the CRCs of this segment's frames
    wall_time created{};
    // Feature flags: an unknown bit forbids reading, appending, or nothing.
    std::uint32_t incompatible = 0;
    std::uint32_t read_only_compatible = 0;
    std::uint32_t compatible = 0;
};

// page_size bytes.
std::string encode(const segment_header&);
// `page` is the first page of a file. unsupported: a newer version or unknown incompatible
// features; damaged: anything else that is not a segment header, and how it differs.
result<segment_header> decode_segment_header(std::string_view page);

enum class frame_type : std::uint8_t {
    records = 1, // one group commit
    note = 2,    // no records, takes no LSN: tells how much is durable
    closing = 3, // the same, at an orderly end
};

struct frame_header {
    frame_type type = frame_type::records;
    std::uint8_t flags = 0;        // bit 0: payload is zstd (not written yet)
    std::uint32_t stored_size = 0; // bytes of payload in the file
    std::uint32_t raw_size = 0;    // bytes of payload once uncompressed
    std::uint32_t payload_crc = 0; // masked, seeded with the salt
    std::uint32_t record_count = 0;
    lsn first_lsn = 0;   // of its first record; of the next one, if it has none
    lsn durable_lsn = 0; // the highest known durable when the frame was built
    wall_time written{};

    lsn next_lsn() const { return first_lsn + record_count; }
    // Bytes from this frame's beginning to the next one's.
    std::uint64_t span() const {
        if (mutated(mutation::no_page_padding)) return frame_header_size + stored_size;
        return round_up_to_page(frame_header_size + stored_size);
    }
};

// Header, payload and zeros up to the page's end. Sets sizes and CRC from `payload`.
void append_frame(std::string& to, frame_header header, std::string_view payload,
                  std::uint64_t salt);
std::string encode(const frame_header&, std::string_view payload, std::uint64_t salt);

// `bytes` begins at a page boundary of the file. The length in it is believed only after its own
// CRC. damaged: no frame of this segment begins here.
result<frame_header> decode_frame_header(std::string_view bytes, std::uint64_t salt);
bool payload_intact(const frame_header&, std::string_view payload, std::uint64_t salt);

} // namespace proctor
