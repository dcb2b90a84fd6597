// Where the records of a question file begin and end, found without looking into them.
#pragma once

#include "proctor/eval/dataset.hpp"

#include "csv_record.hpp"
#include "question_source.hpp"

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
    // the caller's, who closes it. `question_column` is what a CSV file calls the question; empty:
    // the usual.
    using bytes_listener = std::function<void(std::string_view)>;
    record_splitter(std::string path, int fd, std::string question_column,
                    bytes_listener on_bytes = {})
        : path_(std::move(path)), source_(fd), question_column_(std::move(question_column)),
          on_bytes_(std::move(on_bytes)) {}

    // Finds out whether this is an array, JSONL or CSV. Must come first, once.
    result<void> begin();
    // Goes on between two records. io_error: it cannot be read from there, and next() has nothing.
    result<void> go_to(const question_place&);

    // The next record, or why there is none in its place; nothing at the end. The text stands
    // until the next call.
    std::optional<result<raw_record>> next() {
        if (ended_) return std::nullopt;
        return syntax_ == syntax::array ? next_element() : next_line();
    }

    // Reads what is left behind the last record, for the hash.
    void read_to_end() {
        do begin_ = end_;
        while (fill());
    }

    question_id next_number() const { return number_ + 1; }
    // Between the record that came last and the next one. Who looks into records knows which are
    // questions; here none is counted.
    question_place place() const { return {number_ + 1, read_up_to_ - (end_ - begin_), line_, 0}; }
    std::uint64_t read_up_to() const { return read_up_to_; } // an offset in the (raw) text
    // The file could not be read to its end; next() says so once, and then nothing.
    const std::optional<failure>& io_failure() const { return io_failure_; }

private:
    enum class syntax : std::uint8_t { jsonl, array, csv };

    // Reads a chunk behind what is held; false at the end of the file.
    bool fill();
    std::string_view held() const { return {buffer_.data() + begin_, end_ - begin_}; }
    // Drops `count` bytes off the front, and counts their lines.
    void drop(std::size_t count);
    void drop_blank();
    // The first byte that is not blank; nothing at the end of the file.
    std::optional<char> peek();

    // Finds out what the columns of a CSV file are.
    result<void> begin_csv();
    // The end of the line that is in front, looked for from `from` on; npos: it is not held yet.
    std::size_t find_line_end(std::size_t from);
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
    question_source source_;
    std::string question_column_;
    bytes_listener on_bytes_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0; // what is held
    std::uint64_t line_ = 1;          // of the first byte that is held
    std::uint64_t read_up_to_ = 0;
    std::optional<failure> io_failure_;
    question_id number_ = 0;
    syntax syntax_ = syntax::jsonl;
    question_place first_;             // what precedes the first record is passed
    std::vector<std::string> columns_; // of CSV
    csv_scan row_;                     // of the one under way
    bool ended_ = false;
    bool oversized_ = false; // of the element under way: its front has been dropped
    // Where the scan of the element under way stands.
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

} // namespace proctor
