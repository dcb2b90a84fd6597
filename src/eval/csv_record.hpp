// Records of comma-separated values as RFC 4180 has them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// Finds where a record ends, in text that comes piece by piece: at a line feed that is not quoted.
// A quotation mark quotes where a field begins; elsewhere it is a character like any other.
class csv_scan {
public:
    // The offset of the line feed that ends the record, looked for from `from` on; npos: it is not
    // there yet.
    std::size_t find_end(std::string_view text, std::size_t from);
    bool quoted() const { return quoted_; }

private:
    bool field_begins_ = true;
    bool quoted_ = false;
    bool may_close_ = false; // behind a mark in a quoted field: its end, or half of two
};

// A record's fields; nothing: a quotation mark does not close.
std::optional<std::vector<std::string>> csv_fields(std::string_view record);

// What the fields of a file are called, by its first record.
struct csv_header {
    std::vector<std::string> columns;
    bool is_record = false; // it is a question already: question, choices from A on, answer
};
// Nothing: it neither names a question nor looks like a row of MMLU.
std::optional<csv_header> read_csv_header(std::string_view first_record,
                                          std::string_view question_column);

} // namespace proctor
