// Segment and frame headers to bytes and back; offsets as in FORMAT.md.
#include "proctor/codec/frame.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"

#include <fmt/format.h>

#include <array>

namespace proctor {
namespace {

// A byte above 127 shows a 7-bit transfer, CR LF and LF show text-mode conversion, 0x1a stops
// `type` on DOS: the reasoning of PNG's signature.
constexpr std::string_view segment_magic{"\x89PCW\r\n\x1a\n", 8};
constexpr std::uint32_t frame_magic = 0x314d5246; // "FRM1"
constexpr std::uint16_t known_version = segment_version;

failure damaged(std::string detail) {
    return {failure_code::damaged, "", std::move(detail)};
}

std::int64_t to_number(wall_time time) {
    return time.time_since_epoch().count();
}
wall_time to_time(std::int64_t number) {
    return wall_time{std::chrono::microseconds{number}};
}

} // namespace

std::string encode(const segment_header& header) {
    std::string page(page_size, '\0');
    char* at = page.data();
    segment_magic.copy(at, segment_magic.size());
    put<std::uint16_t>(at + 8, known_version);
    put<std::uint32_t>(at + 12, header.incompatible);
    put<std::uint32_t>(at + 16, header.read_only_compatible);
    put<std::uint32_t>(at + 20, header.compatible);
    std::memcpy(at + 24, header.run.data(), header.run.size());
    put<std::uint64_t>(at + 40, header.first_lsn);
    put<std::uint32_t>(at + 48, header.epoch);
    put<std::uint64_t>(at + 56, header.salt);
    put<std::int64_t>(at + 64, to_number(header.created));
    put<std::uint32_t>(at + page_size - 4,
                       mask_crc(crc32c(0, std::string_view(at, page_size - 4))));
    return page;
}

result<segment_header> decode_segment_header(std::string_view page) {
    if (page.size() < page_size)
        return damaged(
            fmt::format("expected a segment header of {} bytes, found {}", page_size, page.size()));
    const char* at = page.data();
    if (page.substr(0, segment_magic.size()) != segment_magic)
        return damaged("this does not begin like a log segment");
    if (mask_crc(crc32c(0, std::string_view(at, page_size - 4))) !=
        get<std::uint32_t>(at + page_size - 4))
        return damaged("the segment header's checksum does not match");
    const auto version = get<std::uint16_t>(at + 8);
    segment_header header;
    header.incompatible = get<std::uint32_t>(at + 12);
    if (version > known_version || header.incompatible != 0)
        return failure{failure_code::unsupported, "",
                       fmt::format("written by a newer proctor (format {}, features {:#x}); this "
                                   "one reads format {}",
                                   version, header.incompatible, known_version)};
    header.read_only_compatible = get<std::uint32_t>(at + 16);
    header.compatible = get<std::uint32_t>(at + 20);
    std::memcpy(header.run.data(), at + 24, header.run.size());
    header.first_lsn = get<std::uint64_t>(at + 40);
    header.epoch = get<std::uint32_t>(at + 48);
    header.salt = get<std::uint64_t>(at + 56);
    header.created = to_time(get<std::int64_t>(at + 64));
    return header;
}

void append_frame(std::string& to, frame_header header, std::string_view payload,
                  std::uint64_t salt) {
    PROCTOR_ASSERT(payload.size() <= max_frame_payload);
    header.stored_size = static_cast<std::uint32_t>(payload.size());
    header.raw_size = header.stored_size;
    header.payload_crc = mask_crc(crc32c(crc_seed(salt), payload));

    std::array<char, frame_header_size> front{};
    char* at = front.data();
    put<std::uint32_t>(at, frame_magic);
    put<std::uint32_t>(at + 8, header.stored_size);
    put<std::uint32_t>(at + 12, header.raw_size);
    put<std::uint32_t>(at + 16, header.payload_crc);
    put<std::uint32_t>(at + 20, header.record_count);
    put<std::uint8_t>(at + 24, static_cast<std::uint8_t>(header.type));
    put<std::uint8_t>(at + 25, header.flags);
    put<std::uint64_t>(at + 32, header.first_lsn);
    put<std::uint64_t>(at + 40, header.durable_lsn);
    put<std::int64_t>(at + 48, to_number(header.written));
    put<std::uint32_t>(
        at + 4, mask_crc(crc32c(crc_seed(salt), std::string_view(at + 8, frame_header_size - 8))));
    const auto end = to.size() + header.span();
    to.reserve(end);
    to.append(front.data(), front.size()).append(payload).resize(end, '\0');
}

std::string encode(const frame_header& header, std::string_view payload, std::uint64_t salt) {
    std::string bytes;
    append_frame(bytes, header, payload, salt);
    return bytes;
}

result<frame_header> decode_frame_header(std::string_view bytes, std::uint64_t salt) {
    if (bytes.size() < frame_header_size)
        return damaged(fmt::format("expected a frame header of {} bytes, {} are left",
                                   frame_header_size, bytes.size()));
    const char* at = bytes.data();
    if (get<std::uint32_t>(at) != frame_magic) return damaged("no frame begins here");
    if (mask_crc(crc32c(crc_seed(salt), std::string_view(at + 8, frame_header_size - 8))) !=
        get<std::uint32_t>(at + 4))
        return damaged("the frame header's checksum does not match");
    frame_header header;
    header.stored_size = get<std::uint32_t>(at + 8);
    header.raw_size = get<std::uint32_t>(at + 12);
    header.payload_crc = get<std::uint32_t>(at + 16);
    header.record_count = get<std::uint32_t>(at + 20);
    header.type = static_cast<frame_type>(get<std::uint8_t>(at + 24));
    header.flags = get<std::uint8_t>(at + 25);
    header.first_lsn = get<std::uint64_t>(at + 32);
    header.durable_lsn = get<std::uint64_t>(at + 40);
    header.written = to_time(get<std::int64_t>(at + 48));
    if (header.stored_size > max_frame_payload || header.raw_size > max_frame_payload)
        return damaged(
            fmt::format("a frame of {} bytes is more than a frame may hold", header.stored_size));
    return header;
}

bool payload_intact(const frame_header& header, std::string_view payload, std::uint64_t salt) {
    if (mutated(mutation::payload_crc_unchecked)) return payload.size() == header.stored_size;
    return payload.size() == header.stored_size &&
           mask_crc(crc32c(crc_seed(salt), payload)) == header.payload_crc;
}

} // namespace proctor
