// Cuts text into words and marks. ASCII has its classes; other UTF-8 counts as letters, but for the
// punctuation that models like to write (quotes, dashes, spaces, full-width marks). Ideographs and
// kana, which no blanks part, are words of their own.
#include "words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace proctor {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

enum class kind { blank, newline, dropped, letter, ideograph, joiner, operation, mark };

struct symbol {
    kind what;
    std::size_t size; // bytes
};

// ！（），．：；＜＝＞？, by the last of their three bytes; ０ to ９ lie between.
bool is_full_width_mark(char last) {
    const auto byte = static_cast<unsigned char>(last);
    return (byte >= 0x81 && byte <= 0x8f) || (byte >= 0x9a && byte <= 0xa0);
}

symbol symbol_at(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c == '\n') return {kind::newline, 1};
    if (static_cast<unsigned char>(c) <= ' ') return {kind::blank, 1};
    if (is_letter(c) || is_digit(c)) return {kind::letter, 1};
    constexpr std::string_view dropped = "*_`$#~";
    constexpr std::string_view operations = "+=<>^%|";
    constexpr std::string_view joiners = "'-.,/:"; // join what stands on both sides, or are marks
    if (dropped.find(c) != std::string_view::npos) return {kind::dropped, 1};
    if (operations.find(c) != std::string_view::npos) return {kind::operation, 1};
    if (joiners.find(c) != std::string_view::npos) return {kind::joiner, 1};
    if (static_cast<unsigned char>(c) < 0x80) return {kind::mark, 1};
    const auto begins = [&](std::string_view bytes) {
        return text.substr(at, bytes.size()) == bytes;
    };
    if (begins("\xe2\x80\x99")) return {kind::joiner, 3};    // typographic apostrophe
    if (begins("\xc2\xa0")) return {kind::blank, 2};         // no-break space
    if (begins("\xe2\x88\x92")) return {kind::operation, 3}; // minus sign
    if (begins("\xe2\x80") && text.size() >= at + 3) return {kind::mark, 3};
    for (const std::string_view mark : {"\xc2\xa1", "\xc2\xab", "\xc2\xbb", "\xc2\xbf"}) // ¡ « » ¿
        if (begins(mark)) return {kind::mark, 2};
    if (text.size() < at + 3) return {kind::letter, 1};
    if (begins("\xe3\x80")) return {kind::mark, 3}; // 。「」【】
    if (begins("\xef\xbc") && is_full_width_mark(text[at + 2])) return {kind::mark, 3};
    if (is_ideograph(text.substr(at, 3))) return {kind::ideograph, 3};
    return {kind::letter, 1};
}

// Whether the joiner between the two characters makes one word of them.
bool joins(std::string_view joiner, char before, char after) {
    const bool after_is_letter =
        is_letter(after) || is_digit(after) || static_cast<unsigned char>(after) >= 0x80;
    if (joiner == "-" || joiner == "'" || joiner.size() > 1) return after_is_letter;
    return is_digit(before) && is_digit(after); // 3.5, 1,000, 3/4, 9:40
}

// Commands that only change how their argument looks.
bool only_formats(std::string_view command) {
    constexpr std::array<std::string_view, 12> names = {
        "text",   "textbf", "textit", "mathrm", "mathbf", "mathit",
        "mathsf", "bf",     "rm",     "left",   "right",  "operatorname"};
    return std::find(names.begin(), names.end(), command) != names.end();
}

} // namespace

std::string to_lower(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), lower_case);
    for (std::size_t i = 0; i + 1 < lower.size(); ++i) {
        const auto lead = static_cast<unsigned char>(lower[i]);
        const auto next = static_cast<unsigned char>(lower[i + 1]);
        if (lead == 0xc3 && next >= 0x80 && next <= 0x9e && next != 0x97) // À to Þ, but for ×
            lower[i + 1] = static_cast<char>(next + 0x20);
        if (lead == 0xd0 && next >= 0x90 && next <= 0x9f) // А to П
            lower[i + 1] = static_cast<char>(next + 0x20);
        if (lead == 0xd0 && next >= 0xa0 && next <= 0xaf) { // Р to Я
            lower[i] = '\xd1';
            lower[i + 1] = static_cast<char>(next - 0x20);
        }
    }
    return lower;
}

bool is_ideograph(std::string_view raw) {
    return raw.size() == 3 && raw.front() >= '\xe3' && raw.front() <= '\xe9';
}

bool is_article(std::string_view word) {
    return word == "a" || word == "an" || word == "the";
}

void token_list::add(std::size_t begin, std::size_t end, bool is_word) {
    token added;
    added.raw = text_.substr(begin, end - begin);
    added.lower = std::string_view(lower_).substr(begin, end - begin);
    added.is_word = is_word;
    added.begins_line = std::exchange(line_begins_, false);
    if (is_word) words_.push_back(tokens_.size());
    tokens_.push_back(added);
}

token_list::token_list(std::string_view text) : text_(text), lower_(to_lower(text)) {
    const auto about = text.size() / 4 + 4; // tokens
    tokens_.reserve(about);
    words_.reserve(about);
    std::size_t at = 0;
    while (at < text.size()) {
        const auto symbol = symbol_at(text, at);
        auto end = at + symbol.size;
        switch (symbol.what) {
        case kind::newline: line_begins_ = true; break;
        case kind::blank:
        case kind::dropped: break;
        case kind::ideograph:
        case kind::operation: add(at, end, true); break;
        case kind::joiner: {
            const auto joiner = text.substr(at, symbol.size);
            add(at, end, joiner == "-" || joiner == "/");
            break;
        }
        case kind::mark: {
            auto name_end = end;
            if (text[at] == '\\')
                while (name_end < text.size() && is_letter(text[name_end])) ++name_end;
            if (text[at] != '\\') {
                add(at, end, false);
            } else if (name_end > end) {
                if (!only_formats(text.substr(end, name_end - end))) add(at, name_end, true);
                end = name_end;
            }
            break;
        }
        case kind::letter:
            while (end < text.size()) {
                const auto next = symbol_at(text, end);
                if (next.what == kind::joiner) {
                    const auto behind = end + next.size;
                    if (behind >= text.size() ||
                        !joins(text.substr(end, next.size), text[end - 1], text[behind]))
                        break;
                } else if (next.what != kind::letter) {
                    break;
                }
                end += next.size;
            }
            add(at, end, true);
        }
        at = end;
    }
}

std::size_t token_list::line_end(std::size_t i) const {
    for (++i; i < tokens_.size() && !tokens_[i].begins_line; ++i) {
    }
    return i;
}

} // namespace proctor
