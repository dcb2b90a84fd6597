// Where the records of a question file begin and end, found without looking into them.
#pragma once

#include "proctor/eval/dataset.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor {

// Cuts a file into records. What it holds is what it has read and not yet handed out: a chunk and
// at most one record.
class record_splitter {
public:
    // `on_bytes`, if there is one, is told of every byte of the file in order. The descriptor is
    // the caller's, who closes it.
    using bytes_listener = std::function<void(std::string_view)>;
    record_splitter(std::string path, int fd, bytes_listener on_bytes = {})
        : path_(std::move(path)), fd_(fd), on_bytes_(std::move(on_bytes)) {}

    // Finds out whether this is an array or JSONL. Must come first, once.
    result<void> begin();

    // The next record, or why there is none in its place; nothing at the end. The text stands
    // until the next call.
    std::optional<result<raw_record>> next() {
        if (ended_) return std::nullopt;
        return is_array_ ? next_element() : next_line();
    }

    // Reads what is left behind the last record, for the hash.
    void read_to_end() {
        do begin_ = end_;
        while (fill());
    }

    question_id next_number() const { return number_ + 1; }
    std::uint64_t bytes_read() const { return bytes_read_; }
    // The file could not be read to its end; next() says so once, and then nothing.
    const std::optional<failure>& io_failure() const { return io_failure_; }

private:
    // Reads a chunk behind what is held; false at the end of the file.
    bool fill();
    std::string_view held() const { return {buffer_.data() + begin_, end_ - begin_}; }
    // Drops `count` bytes off the front, and counts their lines.
    void drop(std::size_t count);
    void drop_blank();
    // The first byte that is not blank; nothing at the end of the file.
    std::optional<char> peek();

    std::optional<result<raw_record>> next_line();
    std::optional<result<raw_record>> next_element();
    // Bytes of the array element at the front, read whole; nothing if the file ends before.
    std::optional<std::size_t> element_size();
    std::size_t scan_nested(std::size_t from);

    failure broken(failure_code code, std::uint64_t line, std::string detail) const;
    failure too_large(std::uint64_t line) const;
    std::optional<result<raw_record>> end_with(failure why) {
        ended_ = true;
        return result<raw_record>(io_failure_ ? *io_failure_ : std::move(why));
    }
    std::optional<result<raw_record>> end_quietly() {
        ended_ = true;
        if (io_failure_) return result<raw_record>(*io_failure_);
        return std::nullopt;
    }

    std::string path_;
    int fd_;
    bytes_listener on_bytes_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0; // what is held
    std::uint64_t line_ = 1;          // of the first byte that is held
    std::uint64_t bytes_read_ = 0;
    std::optional<failure> io_failure_;
    question_id number_ = 0;
    bool is_array_ = false;
    bool at_first_element_ = true;
    bool ended_ = false;
    bool oversized_ = false; // of the element under way: its front has been dropped
    // Where the scan of the element under way stands.
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

} // namespace proctor
