// Records to bytes and back.
#include "proctor/codec/record.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"

#include <fmt/format.h>

namespace proctor {
namespace {

failure damaged(std::string detail) {
    return {failure_code::damaged, "", std::move(detail)};
}

} // namespace

record_view record_of(record_kind kind, const question& asked, std::string_view body) {
    record_view record;
    record.kind = kind;
    record.repeats = asked.repeats > 1 ? asked.repeats : 0;
    record.question = asked.task();
    record.body = body;
    return record;
}

void append_record(std::string& out, const record_view& record) {
    if (!record.bytes.empty()) {
        out.append(record.bytes);
        return;
    }
    PROCTOR_ASSERT(record.body.size() <= max_record_body && record.question <= highest_question);
    char header[record_header_size] = {};
    put<std::uint32_t>(header, static_cast<std::uint32_t>(record.body.size()));
    put<std::uint8_t>(header + 8, static_cast<std::uint8_t>(record.kind));
    put<std::uint16_t>(header + 10, record.repeats);
    put<std::uint64_t>(header + 16, record.question);
    const auto crc =
        crc32c(crc32c(0, std::string_view(header + 8, record_header_size - 8)), record.body);
    put<std::uint32_t>(header + 4, mask_crc(crc));
    out.append(header, sizeof header);
    out.append(record.body);
}

std::size_t record_size(std::string_view bytes) {
    PROCTOR_ASSERT(bytes.size() >= record_header_size);
    return record_header_size + get<std::uint32_t>(bytes.data());
}

result<record_view> take_record(std::string_view& payload) {
    if (payload.size() < record_header_size)
        return damaged(fmt::format("expected a record header of {} bytes, {} are left",
                                   record_header_size, payload.size()));
    const char* header = payload.data();
    const std::size_t length = get<std::uint32_t>(header);
    if (length > max_record_body || length > payload.size() - record_header_size)
        return damaged(fmt::format("a record of {} bytes does not fit into the {} that are left",
                                   length, payload.size() - record_header_size));
    const auto covered = payload.substr(8, record_header_size - 8 + length);
    if (mask_crc(crc32c(0, covered)) != get<std::uint32_t>(header + 4))
        return damaged("a record's checksum does not match");

    record_view record;
    const auto kind = get<std::uint8_t>(header + 8);
    if (kind < std::uint8_t(record_kind::answered) || kind > std::uint8_t(record_kind::session))
        return damaged(fmt::format("unknown record kind {}", kind));
    record.kind = static_cast<record_kind>(kind);
    record.repeats = get<std::uint16_t>(header + 10);
    record.question = get<std::uint64_t>(header + 16);
    if (record.question > highest_question)
        return damaged(fmt::format("no question has the number {}", record.question));
    record.body = payload.substr(record_header_size, length);
    record.bytes = payload.substr(0, record_header_size + length);
    payload.remove_prefix(record_header_size + length);
    return record;
}

} // namespace proctor
