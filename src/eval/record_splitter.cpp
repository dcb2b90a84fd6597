// Reads a file in chunks and cuts it into lines or array elements. What stands in a record is left
// to parse_question.
#include "record_splitter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

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
    for (auto at = dropped.find('\n'); at != dropped.npos; at = dropped.find('\n', at + 1)) ++line_;
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
    const auto got = source_.read(buffer_.data() + end_, chunk_size);
    if (!got) {
        io_failure_ = got.error();
        io_failure_->where = path_;
        return false;
    }
    const auto size = *got;
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
    first_ = place();
    if (!first) return {};
    if (*first == '[') {
        syntax_ = syntax::array;
        drop(1);
    } else if (*first != '{') {
        syntax_ = syntax::csv;
        if (const auto begun = begin_csv(); !begun) return begun.error();
    }
    first_ = place();
    return {};
}

result<void> record_splitter::begin_csv() {
    std::size_t size = 0;
    while ((size = find_line_end(size)) == std::string_view::npos) {
        size = held().size();
        if (size > max_question_record || !fill()) break;
    }
    if (io_failure_) return *io_failure_;
    row_ = {};
    size = std::min(size, held().size());
    auto header = read_csv_header(held().substr(0, size), question_column_);
    if (!header)
        return broken(failure_code::bad_syntax, line_,
                      fmt::format("expected a JSON array ('['), one JSON object a line ('{{'), or "
                                  "CSV: with a column {}, or rows question,A,B,C,D,answer",
                                  question_column_.empty() ? "question" : question_column_));
    columns_ = std::move(header->columns);
    if (!header->is_record) drop(std::min(size + 1, held().size()));
    return {};
}

result<void> record_splitter::go_to(const question_place& wanted) {
    const auto& place = wanted.offset < first_.offset ? first_ : wanted;
    const auto held_from = read_up_to_ - (end_ - begin_);
    ended_ = false;
    row_ = {};
    io_failure_.reset();
    number_ = place.number - 1;
    line_ = place.line;
    if (place.offset >= held_from && place.offset <= read_up_to_) {
        begin_ += place.offset - held_from;
        return {};
    }
    begin_ = end_ = 0;
    read_up_to_ = place.offset;
    const auto found = source_.seek(place.offset);
    if (found) return {};
    ended_ = true;
    auto why = found.error();
    why.where = path_;
    return why;
}

std::size_t record_splitter::find_line_end(std::size_t from) {
    const auto text = held();
    return syntax_ == syntax::csv ? row_.find_end(text, from) : text.find('\n', from);
}

std::optional<result<raw_record>> record_splitter::next_line() {
    while (true) {
        const auto line = line_;
        std::size_t size = 0; // of the line, as far as it is held
        bool oversized = false;
        while (true) {
            const auto end = find_line_end(size);
            if (end != std::string_view::npos) {
                size = end;
                break;
            }
            size = held().size();
            if (size > max_question_record) {
                oversized = true;
                drop(size);
                size = 0;
            }
            if (!fill()) break;
        }
        row_ = {};
        const auto text = held().substr(0, size);
        const bool at_end = begin_ + size == end_;
        drop(size + (at_end ? 0 : 1));
        if (io_failure_) return end_quietly();
        if (at_end) ended_ = true;
        if (oversized || size > max_question_record) {
            ++number_;
            return result<raw_record>(too_large(line));
        }
        if (!all_blank(text))
            return result<raw_record>(
                raw_record{++number_, line, text, syntax_ == syntax::csv ? &columns_ : nullptr});
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
    return result<raw_record>(raw_record{number_, line, text, nullptr});
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
