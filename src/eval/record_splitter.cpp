// Reads a file in chunks and cuts it into lines or array elements. What stands in a record is left
// to parse_question.
#include "record_splitter.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace proctor {
namespace {

constexpr std::size_t chunk_size = std::size_t{256} << 10; // bytes

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool all_blank(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_blank);
}

} // namespace

void record_splitter::drop(std::size_t count) {
    const auto dropped = held().substr(0, count);
    line_ += static_cast<std::uint64_t>(std::count(dropped.begin(), dropped.end(), '\n'));
    begin_ += count;
}

bool record_splitter::fill() {
    if (io_failure_) return false;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() < end_ + chunk_size) {
        const auto size =
            std::min(std::max(2 * end_, end_ + chunk_size), max_question_record + 2 * chunk_size);
        std::vector<char> larger(size);
        std::copy_n(buffer_.begin(), end_, larger.begin());
        buffer_.swap(larger);
    }
    ssize_t got = 0;
    do got = ::read(fd_, buffer_.data() + end_, chunk_size);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        io_failure_ = failure(failure_code::io_error, path_,
                              "cannot be read: " + std::generic_category().message(errno));
        return false;
    }
    const auto size = static_cast<std::size_t>(got);
    if (on_bytes_) on_bytes_({buffer_.data() + end_, size});
    end_ += size;
    read_up_to_ += size;
    return size > 0;
}

void record_splitter::drop_blank() {
    const auto text = held();
    std::size_t blank = 0;
    while (blank < text.size() && is_blank(text[blank])) ++blank;
    drop(blank);
}

std::optional<char> record_splitter::peek() {
    while (true) {
        drop_blank();
        if (begin_ < end_) return buffer_[begin_];
        if (!fill()) return std::nullopt;
    }
}

result<void> record_splitter::begin() {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    while (held().size() < byte_order_mark.size() && fill()) {
    }
    if (held().substr(0, byte_order_mark.size()) == byte_order_mark)
        begin_ += byte_order_mark.size();
    const auto first = peek();
    if (io_failure_) return *io_failure_;
    if (!first) return {};
    if (*first != '[' && *first != '{')
        return broken(failure_code::bad_syntax, line_,
                      "expected a JSON array ('[') or one JSON object a line ('{')");
    if (*first == '[') {
        syntax_ = question_syntax::array;
        drop(1);
    }
    return {};
}

result<void> record_splitter::begin_at(question_syntax syntax, const question_place& place) {
    if (::lseek(fd_, static_cast<off_t>(place.offset), SEEK_SET) < 0) {
        ended_ = true;
        return failure(failure_code::io_error, path_,
                       fmt::format("cannot be read from offset {}: {}", place.offset,
                                   std::generic_category().message(errno)));
    }
    if (place.offset == 0) return begin(); // what precedes the first record is its business
    syntax_ = syntax;
    number_ = place.number - 1;
    line_ = place.line;
    read_up_to_ = place.offset;
    return {};
}

std::optional<result<raw_record>> record_splitter::next_line() {
    while (true) {
        const auto line = line_;
        std::size_t size = 0; // of the line, as far as it is held
        bool oversized = false;
        while (true) {
            const auto text = held();
            if (size < text.size()) {
                const void* newline = std::memchr(text.data() + size, '\n', text.size() - size);
                if (newline) {
                    size =
                        static_cast<std::size_t>(static_cast<const char*>(newline) - text.data());
                    break;
                }
            }
            size = text.size();
            if (size > max_question_record) {
                oversized = true;
                begin_ = end_;
                size = 0;
            }
            if (!fill()) break;
        }
        const auto text = held().substr(0, size);
        const bool at_end = begin_ + size == end_;
        begin_ += size + (at_end ? 0 : 1);
        if (!at_end) ++line_;
        if (io_failure_) return end_quietly();
        if (at_end) ended_ = true;
        if (oversized || size > max_question_record) {
            ++number_;
            return result<raw_record>(too_large(line));
        }
        if (!all_blank(text)) return result<raw_record>(raw_record{++number_, line, text});
        if (at_end) return std::nullopt;
    }
}

std::optional<result<raw_record>> record_splitter::next_element() {
    auto first = peek();
    if (io_failure_) return end_quietly();
    const bool at_first_element = number_ == 0;
    bool comma_missing = false;
    if (first == ',' && !at_first_element) {
        const auto line = line_;
        drop(1);
        first = peek();
        if (first == ']') {
            ++number_;
            return result<raw_record>(
                broken(failure_code::bad_syntax, line, "expected a record after ','"));
        }
    } else if (!at_first_element && first && first != ']') {
        comma_missing = true;
    }
    if (io_failure_) return end_quietly();
    if (!first) {
        ++number_;
        return end_with(broken(failure_code::bad_syntax, line_,
                               "the file ends where ',' or the array's ']' was expected"));
    }
    const auto line = line_;
    if (first == ']') {
        drop(1);
        if (!peek()) return end_quietly();
        ++number_;
        return end_with(
            broken(failure_code::bad_syntax, line_, "expected nothing after the array's ']'"));
    }
    ++number_;
    if (first == ',') // it stays, to stand before the next record
        return result<raw_record>(
            broken(failure_code::bad_syntax, line, "expected a record before ','"));

    const auto size = element_size();
    if (!size)
        return end_with(
            broken(failure_code::bad_syntax, line, "the record that begins here does not end"));
    const auto text = held().substr(0, *size);
    drop(*size);
    if (oversized_ || text.size() > max_question_record) return result<raw_record>(too_large(line));
    if (comma_missing)
        return result<raw_record>(
            broken(failure_code::bad_syntax, line, "expected ',' before this record"));
    return result<raw_record>(raw_record{number_, line, text});
}

std::optional<std::size_t> record_splitter::element_size() {
    const char first = buffer_[begin_];
    const bool nested = first == '{' || first == '[' || first == '"';
    depth_ = 0;
    in_string_ = escaped_ = oversized_ = false;
    std::size_t seen = 0;
    while (true) {
        const auto text = held();
        if (nested) {
            const auto end = scan_nested(seen);
            if (end != std::string_view::npos) return end;
        } else {
            const auto end = text.find_first_of(",] \t\r\n", seen);
            if (end != std::string_view::npos) return end;
        }
        seen = text.size();
        if (seen > max_question_record) {
            oversized_ = true;
            drop(seen);
            seen = 0;
        }
        if (!fill()) return std::nullopt;
    }
}

// The end of the element that the scan is in, as an offset into what is held; npos if it is not
// held yet. A closing bracket of the wrong kind is left to the parser.
std::size_t record_splitter::scan_nested(std::size_t from) {
    const auto text = held();
    const char* const data = text.data();
    const char* const end = data + text.size();
    const char* at = data + from;
    while (at < end) {
        if (escaped_) {
            escaped_ = false;
            ++at;
        } else if (in_string_) {
            while (at < end && *at != '"' && *at != '\\') ++at;
            if (at == end) break;
            escaped_ = *at == '\\';
            in_string_ = escaped_;
            ++at;
            if (!in_string_ && depth_ == 0) return static_cast<std::size_t>(at - data);
        } else {
            const char c = *at++;
            if (c == '"')
                in_string_ = true;
            else if (c == '{' || c == '[')
                ++depth_;
            else if ((c == '}' || c == ']') && --depth_ == 0)
                return static_cast<std::size_t>(at - data);
        }
    }
    return std::string_view::npos;
}

failure record_splitter::broken(failure_code code, std::uint64_t line, std::string detail) const {
    return {code, fmt::format("{}:{}", path_, line), std::move(detail)};
}

failure record_splitter::too_large(std::uint64_t line) const {
    return broken(failure_code::bad_value, line,
                  fmt::format("a record of more than {} MiB", max_question_record >> 20));
}

} // namespace proctor
