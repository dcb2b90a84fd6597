// Headers and trailers of snapshots to bytes and back; offsets as in FORMAT.md.
#include "proctor/codec/snapshot_bytes.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"

#include <fmt/format.h>

namespace proctor {
namespace {

// As a segment's, with an S for snapshot.
constexpr std::string_view header_magic{"\x89PCS\r\n\x1a\n", 8};
constexpr std::string_view trailer_magic{"PCSEND1\n", 8};
constexpr std::uint32_t block_magic = 0x314b4c42;  // "BLK1"
constexpr std::uint32_t footer_magic = 0x31525446; // "FTR1"

failure damaged(std::string detail) {
    return {failure_code::damaged, "", std::move(detail)};
}

} // namespace

std::string encode(const snapshot_header& header) {
    std::string bytes(snapshot_header_size, '\0');
    char* at = bytes.data();
    header_magic.copy(at, header_magic.size());
    put<std::uint16_t>(at + 8, header.version);
    put<std::uint32_t>(at + 12, header.incompatible);
    put<std::uint32_t>(at + 16, header.read_only_compatible);
    put<std::uint32_t>(at + 20, header.compatible);
    std::memcpy(at + 24, header.run.data(), header.run.size());
    put<std::uint64_t>(at + 40, header.first_lsn);
    put<std::uint64_t>(at + 48, header.last_lsn);
    put<std::uint64_t>(at + 56, header.salt);
    put<std::int64_t>(at + 64, header.created.time_since_epoch().count());
    put<std::uint32_t>(at + 72, header.epoch);
    put<std::uint32_t>(at + snapshot_header_size - 4,
                       mask_crc(crc32c(0, std::string_view(at, snapshot_header_size - 4))));
    return bytes;
}

result<snapshot_header> decode_snapshot_header(std::string_view bytes) {
    if (bytes.size() < snapshot_header_size)
        return damaged(fmt::format("expected a snapshot header of {} bytes, found {}",
                                   snapshot_header_size, bytes.size()));
    const char* at = bytes.data();
    if (bytes.substr(0, header_magic.size()) != header_magic)
        return damaged("this does not begin like a snapshot");
    if (mask_crc(crc32c(0, std::string_view(at, snapshot_header_size - 4))) !=
        get<std::uint32_t>(at + snapshot_header_size - 4))
        return damaged("the snapshot header's checksum does not match");
    snapshot_header header;
    header.version = get<std::uint16_t>(at + 8);
    header.incompatible = get<std::uint32_t>(at + 12);
    if (header.version > snapshot_version || header.incompatible != 0)
        return failure{failure_code::unsupported, "",
                       fmt::format("written by a newer proctor (snapshot format {}, features "
                                   "{:#x}); this one reads format {}",
                                   header.version, header.incompatible, snapshot_version)};
    header.read_only_compatible = get<std::uint32_t>(at + 16);
    header.compatible = get<std::uint32_t>(at + 20);
    std::memcpy(header.run.data(), at + 24, header.run.size());
    header.first_lsn = get<std::uint64_t>(at + 40);
    header.last_lsn = get<std::uint64_t>(at + 48);
    header.salt = get<std::uint64_t>(at + 56);
    header.created = wall_time{std::chrono::microseconds{get<std::int64_t>(at + 64)}};
    header.epoch = get<std::uint32_t>(at + 72);
    return header;
}

std::string encode(const block_header& header, std::string_view stored, std::uint64_t salt) {
    std::string bytes;
    append_block(bytes, header, stored, salt);
    return bytes;
}

void append_block(std::string& out, block_header header, std::string_view stored,
                  std::uint64_t salt) {
    header.stored_size = static_cast<std::uint32_t>(stored.size());
    header.stored_crc = mask_crc(crc32c(crc_seed(salt), stored));
    char at[block_header_size] = {};
    put<std::uint32_t>(at, header.kind == block_kind::footer ? footer_magic : block_magic);
    put<std::uint32_t>(at + 8, header.stored_size);
    put<std::uint32_t>(at + 12, header.raw_size);
    put<std::uint32_t>(at + 16, header.stored_crc);
    put<std::uint32_t>(at + 20, header.records);
    put<std::uint64_t>(at + 24, header.first_question);
    put<std::uint32_t>(
        at + 4, mask_crc(crc32c(crc_seed(salt), std::string_view(at + 8, block_header_size - 8))));
    out.append(at, sizeof at);
    out.append(stored);
}

result<block_header> decode_block_header(std::string_view bytes, std::uint64_t salt) {
    if (bytes.size() < block_header_size)
        return damaged(fmt::format("expected a block header of {} bytes, {} are left",
                                   block_header_size, bytes.size()));
    const char* at = bytes.data();
    const auto magic = get<std::uint32_t>(at);
    if (magic != block_magic && magic != footer_magic) return damaged("no block begins here");
    if (mask_crc(crc32c(crc_seed(salt), std::string_view(at + 8, block_header_size - 8))) !=
        get<std::uint32_t>(at + 4))
        return damaged("the block header's checksum does not match");
    block_header header;
    header.kind = magic == footer_magic ? block_kind::footer : block_kind::records;
    header.stored_size = get<std::uint32_t>(at + 8);
    header.raw_size = get<std::uint32_t>(at + 12);
    header.stored_crc = get<std::uint32_t>(at + 16);
    header.records = get<std::uint32_t>(at + 20);
    header.first_question = get<std::uint64_t>(at + 24);
    const auto most = header.kind == block_kind::footer ? max_footer_raw : max_block_raw;
    if (header.raw_size > most)
        return damaged(
            fmt::format("a block of {} bytes is more than one may hold", header.raw_size));
    return header;
}

bool payload_intact(const block_header& header, std::string_view stored, std::uint64_t salt) {
    return stored.size() == header.stored_size &&
           mask_crc(crc32c(crc_seed(salt), stored)) == header.stored_crc;
}

std::string encode(const snapshot_trailer& trailer, std::uint64_t salt) {
    std::string bytes(snapshot_trailer_size, '\0');
    char* at = bytes.data();
    trailer_magic.copy(at, trailer_magic.size());
    put<std::uint64_t>(at + 8, trailer.footer_offset);
    put<std::uint64_t>(at + 16, trailer.file_size);
    put<std::uint64_t>(at + 24, trailer.first_lsn);
    put<std::uint64_t>(at + 32, trailer.last_lsn);
    put<std::uint64_t>(at + 40, trailer.records);
    put<std::uint32_t>(
        at + snapshot_trailer_size - 4,
        mask_crc(crc32c(crc_seed(salt), std::string_view(at, snapshot_trailer_size - 4))));
    return bytes;
}

result<snapshot_trailer> decode_snapshot_trailer(std::string_view bytes, std::uint64_t salt) {
    if (bytes.size() != snapshot_trailer_size)
        return damaged(fmt::format("expected a snapshot trailer of {} bytes, {} are left",
                                   snapshot_trailer_size, bytes.size()));
    const char* at = bytes.data();
    if (bytes.substr(0, trailer_magic.size()) != trailer_magic)
        return damaged("the file does not end like a snapshot");
    if (mask_crc(crc32c(crc_seed(salt), std::string_view(at, snapshot_trailer_size - 4))) !=
        get<std::uint32_t>(at + snapshot_trailer_size - 4))
        return damaged("the snapshot trailer's checksum does not match");
    snapshot_trailer trailer;
    trailer.footer_offset = get<std::uint64_t>(at + 8);
    trailer.file_size = get<std::uint64_t>(at + 16);
    trailer.first_lsn = get<std::uint64_t>(at + 24);
    trailer.last_lsn = get<std::uint64_t>(at + 32);
    trailer.records = get<std::uint64_t>(at + 40);
    return trailer;
}

void append_entry(std::string& block, lsn number, const record_view& record) {
    char bytes[sizeof number];
    put<std::uint64_t>(bytes, number);
    block.append(bytes, sizeof bytes);
    append_record(block, record);
}

result<snapshot_entry> take_entry(std::string_view& block) {
    if (block.size() < sizeof(lsn)) return damaged("a block ends inside an LSN");
    auto left = block.substr(sizeof(lsn));
    auto record = take_record(left);
    if (!record) return record.error();
    const snapshot_entry entry{get<std::uint64_t>(block.data()), *record};
    block = left;
    return entry;
}

} // namespace proctor
