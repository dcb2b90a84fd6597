// Spellings of the enumerations that people and files see.
#include "proctor/core/types.hpp"

namespace proctor {

std::string_view to_string(question_format format) {
    return format == question_format::multiple_choice ? "mc" : "qa";
}

std::optional<question_format> parse_question_format(std::string_view text) {
    if (text == "mc") return question_format::multiple_choice;
    if (text == "qa") return question_format::free_text;
    return std::nullopt;
}

std::string_view to_string(record_kind kind) {
    switch (kind) {
    case record_kind::answered: return "answered";
    case record_kind::result: return "result";
    case record_kind::failed: return "failed";
    case record_kind::session: return "session";
    }
    return "unknown";
}

std::optional<record_kind> parse_record_kind(std::string_view text) {
    for (auto kind :
         {record_kind::answered, record_kind::result, record_kind::failed, record_kind::session})
        if (to_string(kind) == text) return kind;
    return std::nullopt;
}

} // namespace proctor
