// Finds labels and the choices behind them; what an answer says about them is extract_choice's.
#include "proctor/eval/choice_list.hpp"

#include "proctor/core/error.hpp"
#include "proctor/eval/grading.hpp"

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

enum class alphabet { upper, lower, digits };

// How a list writes its labels. Two labels belong together only if they look alike.
struct style {
    alphabet of = alphabet::upper;
    bool enclosed = false;
    char closer = ')';

    bool operator==(const style&) const = default;
};

struct marker {
    std::size_t begin = 0, end = 0;
    std::size_t index = 0; // 0 for "A", "a", "1"
    style look;
    bool begins_line = false;
    std::string_view label;
};

// A label with its punctuation that begins at `at`.
std::optional<marker> marker_at(std::string_view text, std::size_t at) {
    marker found;
    found.begin = at;
    found.look.enclosed = text[at] == '(';
    const auto begin = at + (found.look.enclosed ? 1 : 0);
    auto end = begin;
    while (end < text.size() && end < begin + 2 && is_digit(text[end])) ++end;
    if (end > begin) {
        found.look.of = alphabet::digits;
        for (const char digit : text.substr(begin, end - begin))
            found.index = found.index * 10 + static_cast<std::size_t>(digit - '0');
        if (found.index-- == 0) return std::nullopt;
    } else if (end < text.size() && (is_upper(text[end]) || is_lower(text[end]))) {
        found.look.of = is_upper(text[end]) ? alphabet::upper : alphabet::lower;
        found.index = static_cast<std::size_t>(text[end] - (is_upper(text[end]) ? 'A' : 'a'));
        ++end;
    }
    if (end == begin || end >= text.size()) return std::nullopt;
    found.label = text.substr(begin, end - begin);
    found.look.closer = text[end];
    found.end = end + 1;
    if (found.look.closer == ')') return found;
    // "A." and "A:" need a blank behind them, or "U.S." would be full of labels.
    const bool closed = found.look.closer == '.' || found.look.closer == ':';
    if (!closed || found.look.enclosed || found.end >= text.size() || !is_blank(text[found.end]))
        return std::nullopt;
    return found;
}

std::vector<marker> find_markers(std::string_view text) {
    std::vector<marker> markers;
    bool begins_line = true;
    bool after_blank = true;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '\n') begins_line = true;
        const bool blank = is_blank(text[at]);
        if (!blank && after_blank) {
            if (auto found = marker_at(text, at)) {
                found->begins_line = begins_line;
                markers.push_back(*found);
            }
            begins_line = false;
        }
        after_blank = blank;
    }
    return markers;
}

using sequence = std::vector<marker>;

// What of the markers counts: those that begin a line, or all.
enum class place { line_starts, anywhere };

// The runs A, B, C … of one style, in the order in which they begin.
std::vector<sequence> find_sequences(const std::vector<marker>& markers, place where) {
    std::vector<sequence> found;
    std::vector<sequence> open; // at most one for each style
    const auto close = [&](sequence& run) {
        if (run.size() >= 2) found.push_back(std::move(run));
        run.clear();
    };
    for (const auto& next : markers) {
        if (where == place::line_starts && !next.begins_line) continue;
        sequence* run = nullptr;
        for (auto& candidate : open)
            if (!candidate.empty() && candidate.front().look == next.look) run = &candidate;
        if (run && next.index == run->size() && run->size() < max_choices) {
            run->push_back(next);
        } else if (next.index == 0) {
            if (!run) run = &open.emplace_back();
            close(*run);
            run->push_back(next);
        }
    }
    for (auto& run : open) close(run);
    return found;
}

choice_list read_choices(std::string_view text, const sequence& run) {
    choice_list list;
    for (std::size_t i = 0; i < run.size(); ++i) {
        const auto begin = run[i].end;
        const auto end =
            i + 1 < run.size() ? run[i + 1].begin : std::min(text.find('\n', begin), text.size());
        list.labels.emplace_back(run[i].label);
        list.texts.emplace_back(trim(text.substr(begin, end - begin)));
    }
    return list;
}

} // namespace

std::string letter_label(std::size_t index) {
    PROCTOR_ASSERT(index < max_choices);
    return std::string(1, static_cast<char>('A' + index));
}

std::vector<std::string> letter_labels(std::size_t count) {
    std::vector<std::string> labels;
    labels.reserve(count);
    for (std::size_t i = 0; i < count; ++i) labels.push_back(letter_label(i));
    return labels;
}

std::optional<labelled_option> split_label(std::string_view option) {
    option = trim(option);
    labelled_option found;
    found.enclosed = !option.empty() && option.front() == '(';
    if (found.enclosed) option.remove_prefix(1);
    if (option.empty() || !(is_upper(option.front()) || is_lower(option.front())))
        return std::nullopt;
    const char letter = option.front();
    found.letter = is_upper(letter) ? letter : static_cast<char>(letter - 'a' + 'A');
    option.remove_prefix(1);
    if (found.enclosed) {
        if (option.empty() || option.front() != ')') return std::nullopt;
        option.remove_prefix(1);
    } else if (!option.empty()) {
        constexpr std::string_view closers = ").:? "; // LogiQA has "A Steel" and "A? Steel", too
        if (closers.find(option.front()) == std::string_view::npos) return std::nullopt;
        option.remove_prefix(1);
    }
    found.text = trim(option);
    return found;
}

std::optional<choice_list> choices_in_text(std::string_view text, std::string_view reference) {
    // Worked solutions that end in "#### 18" count with "1)", "2)" but choose nothing.
    if (reference.find("####") != std::string_view::npos) return std::nullopt;
    const auto markers = find_markers(text);
    if (markers.size() < 2) return std::nullopt;
    // The choices come last; a text with more lists than that has no choices to offer.
    constexpr std::size_t most_lists = 4;
    for (const auto where : {place::line_starts, place::anywhere}) {
        const auto found = find_sequences(markers, where);
        for (std::size_t i = 0; i < std::min(found.size(), most_lists); ++i) {
            auto list = read_choices(text, found[found.size() - 1 - i]);
            if (auto key = extract_choice(reference, list.labels, list.texts)) {
                list.key = std::move(*key);
                return list;
            }
        }
    }
    return std::nullopt;
}

} // namespace proctor
