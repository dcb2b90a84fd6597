// What one pass over a question file finds, for those who come back to the file: which file it was,
// what is in it, and where a reader can begin again.
//
// As long as the file's stamp stays the same, nobody need hash, parse or walk over it again. As
// text it is a small file of its own that can be made anew at any time:
//   {"format_version": 2, "stamp": {"device": …, "inode": …, "size": …, "mtime_ns": …,
//    "ctime_ns": …}, "census": {"records": …, "questions": …, "broken": …, "bytes": …,
//    "sha256": "…"}, "fields": "", "places": [[number, offset, line,
//    questions], …], "sha256": "…"}
// in one line of sealed JSON (codec). About 40 bytes a place, one place for 4096 records.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// Two equal stamps of a path: the file was neither written to nor replaced in between. Only a
// change that keeps the size and falls into one tick of the file system's clock (some milliseconds
// on local disks) with the change before it goes unnoticed.
struct file_stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;              // bytes
    std::chrono::nanoseconds modified{}; // st_mtime and
    std::chrono::nanoseconds changed{};  // st_ctime, since 1970

    friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

// What pins a file's identity, and how much there is to do.
struct question_census {
    std::uint64_t records = 0;   // broken ones included
    std::uint64_t questions = 0; // records that are questions
    std::uint64_t broken = 0;
    std::uint64_t bytes = 0; // of its text: decompressed, if it is compressed
    std::string sha256;      // of that text, lower-case hex
};

// A point between two records. Without values it is the beginning of any file.
struct question_place {
    question_id number = 1;      // of the record that comes next
    std::uint64_t offset = 0;    // of what leads to that record (blanks, a comma), in bytes of text
    std::uint64_t line = 1;      // in which the offset is, 1-based
    std::uint64_t questions = 0; // among the records before it

    friend bool operator==(const question_place&, const question_place&) = default;
};

inline constexpr std::uint64_t records_per_place = 4096;

struct question_index {
    file_stamp stamp;
    question_census census;
    std::string fields;                 // question_fields::text() of who counted
    std::vector<question_place> places; // ascending; the beginning is not among them

    // The last place that is not behind this record.
    question_place at_or_before(question_id) const;

    // The last place that can be reached from `from`, which is the beginning or one of `places`,
    // without passing a question that is not done. Broken records are passed: between two places
    // all is done when as many records are done as there are questions. Looks at no file, and asks
    // about each record that it passes once.
    question_place pass_over_done(const question_place& from,
                                  const std::function<bool(question_id)>& is_done) const;
};

std::string encode(const question_index&);
// damaged: not what encode() made. unsupported: of another format. In both cases the file's
// questions have to be counted again.
result<question_index> decode_question_index(std::string_view text, const std::string& where);

} // namespace proctor
