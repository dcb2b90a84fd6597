// One record inside a frame's payload: 24 bytes of header, then the body, no padding.
//
//   0  u32  body length
//   4  u32  masked CRC-32C of bytes 8..23 and the body
//   8  u8   kind (record_kind)
//   9  u8   reserved, 0
//   10 u16  how often the run asks each question, 0 for once
//   12 u32  reserved, 0
//   16 u64  question_id (of the task: core/types.hpp), 0 for a session record
//
// Numbers are little-endian. The CRC is computed when the body is made and travels unchanged
// into snapshots and to the export: what is exported is what was marked.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

inline constexpr std::size_t record_header_size = 24;
inline constexpr std::size_t max_record_body = std::size_t{16} << 20; // bytes

// A record's parts, pointing into somebody else's bytes.
struct record_view {
    record_kind kind = record_kind::result;
    std::uint16_t repeats = 0; // how often the run asks each question; 0: once
    question_id question = 0;
    std::string_view body; // one line of UTF-8 JSON, without the newline
    // All of it as it was read, header included; empty if it was not read but made.
    std::string_view bytes = {};

    // Of its task; 0 for a session record.
    question_id question_number() const {
        return question == 0 ? 0 : question_of(question, times());
    }
    std::uint64_t repeat() const { return question == 0 ? 0 : repeat_of(question, times()); }

private:
    std::uint64_t times() const { return repeats == 0 ? 1 : repeats; }
};

// A record about the question, whose `body` is somebody else's.
record_view record_of(record_kind, const question& asked, std::string_view body);

// A record that was read is copied with the CRC that it has. Requires body.size() <=
// max_record_body and question <= highest_question.
void append_record(std::string& out, const record_view&);

// Bytes of the record at the front of `bytes`, header included, as that says; not verified.
// Requires bytes.size() >= record_header_size.
std::size_t record_size(std::string_view bytes);

// Takes the record at the front of `payload` off it. Bytes that are no intact record: damaged,
// with what was expected; `payload` is left as it was.
result<record_view> take_record(std::string_view& payload);

} // namespace proctor
