// One JSON object, member by member, without a tree: replay and compaction want a few fields of
// each record, and most of a record is text that nobody looks into.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proctor {

// How many bytes at the front of `text` are ASCII and stand in a JSON string as they are: no
// control characters (DEL is one), no quote, no backslash.
std::size_t plain_prefix(std::string_view text);

// Length of the UTF-8 sequence at the front of `text`, 0 if there is none (RFC 3629: no
// surrogates, no overlong forms, nothing above U+10FFFF). Requires that `text` is not empty.
std::size_t utf8_length(std::string_view text);

// Views of the text that it is made from.
class json_scanner {
public:
    explicit json_scanner(std::string_view text) : left_(text) {}

    struct member {
        std::string_view name;  // as it stands between its quotes
        std::string_view value; // as it stands: "text" in its quotes, 12.5, {…}
    };
    // The next one. Nothing: the object has ended, or what follows is not JSON.
    std::optional<member> next();
    // After the last one: this was one JSON object (RFC 8259), and nothing else.
    bool intact() const { return state_ == state::ended && left_.empty(); }
    // Of the member that came last, if its value is a text: the characters of that (code points).
    std::size_t characters() const { return characters_; }

private:
    enum class state { before, within, ended, broken };

    bool take(char);
    bool take_value();
    bool take_string();
    bool take_number();
    bool take_digits();
    bool take_word(std::string_view);
    bool take_members();
    bool take_items();
    void skip_space();

    std::string_view left_;
    state state_ = state::before;
    int depth_ = 0;              // of the value under way
    std::size_t characters_ = 0; // of the text that was taken last
};

// Values as next() gives them. Nothing: it is of another type, or out of range.
std::optional<std::string> json_string(std::string_view value);
std::optional<double> json_number(std::string_view value);
std::uint64_t json_count(std::string_view value); // 0 then: a count that nobody can believe

} // namespace proctor
