// Cuts records into fields, and finds out what the fields are.
#include "csv_record.hpp"

#include "proctor/eval/choice_list.hpp"

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "question,A,B,C,D,answer" without a line that says so.
std::optional<csv_header> header_of_row(const std::vector<std::string>& fields) {
    constexpr std::size_t around = 2; // question and answer
    if (fields.size() < around + 2 || fields.size() > around + max_choices) return std::nullopt;
    const auto labels = letter_labels(fields.size() - around);
    const auto answer = trimmed(fields.back());
    if (std::find(labels.begin(), labels.end(), answer) == labels.end()) return std::nullopt;
    csv_header header;
    header.is_record = true;
    header.columns.emplace_back("question");
    header.columns.insert(header.columns.end(), labels.begin(), labels.end());
    header.columns.emplace_back("answer");
    return header;
}

} // namespace

std::size_t csv_scan::find_end(std::string_view text, std::size_t from) {
    for (auto at = from; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted_) {
            if (c != '"') continue;
            quoted_ = false;
            may_close_ = true;
        } else if (c == '"' && (field_begins_ || may_close_)) {
            quoted_ = true;
            field_begins_ = may_close_ = false;
        } else if (c == '\n') {
            return at;
        } else {
            field_begins_ = c == ',';
            may_close_ = false;
        }
    }
    return std::string_view::npos;
}

std::optional<std::vector<std::string>> csv_fields(std::string_view record) {
    if (record.ends_with('\r')) record.remove_suffix(1);
    std::vector<std::string> fields;
    for (std::size_t at = 0;; ++at) { // behind a comma
        auto& field = fields.emplace_back();
        if (at < record.size() && record[at] == '"') {
            for (++at;; ++at) {
                if (at >= record.size()) return std::nullopt;
                if (record[at] == '"' && record.substr(at + 1, 1) != "\"") break;
                if (record[at] == '"') ++at;
                field += record[at];
            }
            ++at;
        }
        const auto end = std::min(record.find(',', at), record.size());
        if (at < end) field += record.substr(at, end - at);
        at = end;
        if (at >= record.size()) return fields;
    }
}

std::optional<csv_header> read_csv_header(std::string_view first_record,
                                          std::string_view question_column) {
    const auto fields = csv_fields(first_record);
    if (!fields) return std::nullopt;
    csv_header header;
    for (const auto& field : *fields) header.columns.push_back(trimmed(field));
    const auto names_question = [&](const std::string& name) {
        return question_column.empty() ? name == "question" || name == "Question"
                                       : name == question_column;
    };
    if (fields->size() > 1 &&
        std::any_of(header.columns.begin(), header.columns.end(), names_question))
        return header;
    return header_of_row(*fields);
}

} // namespace proctor
