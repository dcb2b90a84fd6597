// Text as words and marks, for whoever looks for an answer in what a model wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// A word ("Carbon", "it's", "x-1", "3/4", "1,000", "\frac"), an ideograph, an operator (one of
// + - = < > / ^ % |) or a punctuation mark. Markdown's emphasis and LaTeX's formatting commands are
// left out.
struct token {
    std::string_view raw;
    std::string_view lower;   // as by to_lower
    bool is_word = false;     // or an operator
    bool begins_line = false; // first on its line
};

// Views into `text` and into itself: it stays where it is, and `text` outlives it.
class token_list {
public:
    explicit token_list(std::string_view text);
    token_list(const token_list&) = delete;
    token_list& operator=(const token_list&) = delete;

    std::size_t size() const { return tokens_.size(); }
    const token& operator[](std::size_t i) const { return tokens_[i]; }
    // Behind the last token on the line that token `i` is on.
    std::size_t line_end(std::size_t i) const;
    // The words alone, in lower case, by their places in this list.
    const std::vector<std::size_t>& words() const { return words_; }

private:
    void add(std::size_t begin, std::size_t end, bool is_word);

    std::string_view text_;
    std::string lower_;
    std::vector<token> tokens_;
    std::vector<std::size_t> words_;
    bool line_begins_ = true;
};

// Latin and Cyrillic letters in lower case; every byte keeps its place.
std::string to_lower(std::string_view text);
bool is_ideograph(std::string_view raw_word); // one of Chinese or Japanese, kana included
bool is_article(std::string_view lower_word); // "a", "an", "the"

} // namespace proctor
