// The bytes of a snapshot: a header, blocks of compressed records, a footer, a trailer.
//
// A snapshot is written once and never changed. src/storage/FORMAT.md has the byte tables and the
// reasons. Encoding and decoding only: no I/O, no allocation on the word of an unverified length.
#pragma once

#include "proctor/codec/frame.hpp"
#include "proctor/codec/record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

inline constexpr std::size_t snapshot_header_size = 128;
inline constexpr std::size_t block_header_size = 32;
inline constexpr std::size_t snapshot_trailer_size = 64;
inline constexpr std::size_t block_target = std::size_t{256} << 10; // raw bytes; a record is whole
// A block holds what its last record brings beyond the target.
inline constexpr std::size_t max_block_raw = block_target + max_record_body + 4096;
inline constexpr std::size_t max_block_records = max_block_raw / (sizeof(lsn) + record_header_size);
inline constexpr std::size_t max_footer_raw = std::size_t{1} << 30;
inline constexpr std::uint16_t snapshot_version = 2; // 1: its footer does not tell of answers

struct snapshot_header {
    std::uint16_t version = snapshot_version;
    run_id run{};
    lsn first_lsn = 1;
    lsn last_lsn = 0; // first_lsn - 1 never: a snapshot covers at least one LSN
    std::uint32_t epoch = 1;
    std::uint64_t salt = 0; // random; seeds the CRCs of this file
    wall_time created{};
    // Feature flags, as in a segment's header.
    std::uint32_t incompatible = 0;
    std::uint32_t read_only_compatible = 0;
    std::uint32_t compatible = 0;
};

std::string encode(const snapshot_header&); // snapshot_header_size bytes
// unsupported: a newer version or unknown incompatible features; damaged: anything else.
result<snapshot_header> decode_snapshot_header(std::string_view bytes);

enum class block_kind : std::uint8_t { records, footer };

struct block_header {
    block_kind kind = block_kind::records;
    std::uint32_t stored_size = 0; // bytes of zstd that follow
    std::uint32_t raw_size = 0;    // of what they decompress to
    std::uint32_t stored_crc = 0;  // masked, seeded with the salt
    std::uint32_t records = 0;
    question_id first_question = 0;

    std::uint64_t span() const { return block_header_size + stored_size; }
};

// Header and payload. Sets stored_size and stored_crc.
void append_block(std::string& out, block_header, std::string_view stored, std::uint64_t salt);
std::string encode(const block_header&, std::string_view stored, std::uint64_t salt);
// damaged: no block of this snapshot begins here.
result<block_header> decode_block_header(std::string_view bytes, std::uint64_t salt);
bool payload_intact(const block_header&, std::string_view stored, std::uint64_t salt);

struct snapshot_trailer {
    std::uint64_t footer_offset = 0;
    std::uint64_t file_size = 0;
    lsn first_lsn = 1;
    lsn last_lsn = 0;
    std::uint64_t records = 0;
};

std::string encode(const snapshot_trailer&, std::uint64_t salt); // snapshot_trailer_size bytes
result<snapshot_trailer> decode_snapshot_trailer(std::string_view bytes, std::uint64_t salt);

// What a block decompresses to: each record behind its LSN.
void append_entry(std::string& block, lsn number, const record_view&);
struct snapshot_entry {
    lsn number = 0;
    record_view record;
};
// Takes the entry at the front of `block` off it. damaged: no intact record stands there.
result<snapshot_entry> take_entry(std::string_view& block);

} // namespace proctor
