// Which choices can change places, and the changing. Standard engines would do, but the standard's
// distributions and std::shuffle may give another order with each library.
#include "proctor/eval/choice_shuffle.hpp"

#include "proctor/core/error.hpp"
#include "proctor/eval/choice_list.hpp"

#include "words.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace proctor {
namespace {

class split_mix {
public:
    explicit split_mix(std::uint64_t state) : state_(state) {}

    std::uint64_t next() {
        auto x = state_ += 0x9e3779b97f4a7c15u;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
    }

private:
    std::uint64_t state_;
};

std::uint64_t mix(std::uint64_t state) {
    return split_mix(state).next();
}

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// Of the words of one choice.
class reference_finder {
public:
    reference_finder(std::string_view choice, std::size_t choices)
        : tokens_(choice), places_(tokens_.words()), choices_(choices) {}

    bool finds_one() const {
        for (std::size_t i = 0; i + 1 < places_.size(); ++i)
            if (speaks_of_above(i) || names_a_choice(i) || joins_letters(i)) return true;
        return limits_to_a_letter() || lists_letters();
    }

private:
    std::string_view word(std::size_t i) const { return tokens_[places_[i]].lower; }

    bool is_letter(std::size_t i) const {
        const auto name = word(i);
        return name.size() == 1 && name.front() >= 'a' &&
               static_cast<std::size_t>(name.front() - 'a') < choices_;
    }
    bool is_capital(std::size_t i) const {
        return is_letter(i) && tokens_[places_[i]].raw != word(i);
    }

    bool speaks_of_above(std::size_t i) const {
        constexpr std::array<std::string_view, 8> before = {"the",    "of",      "all",  "none",
                                                            "either", "neither", "both", "any"};
        return word(i + 1) == "above" && is_one_of(before, word(i));
    }
    bool names_a_choice(std::size_t i) const {
        constexpr std::array<std::string_view, 6> before = {"option",  "options", "choice",
                                                            "choices", "answer",  "answers"};
        return is_one_of(before, word(i)) && is_capital(i + 1);
    }
    bool joins_letters(std::size_t i) const {
        constexpr std::array<std::string_view, 4> between = {"and", "or", "nor", "/"};
        return i + 2 < places_.size() && is_letter(i) && is_one_of(between, word(i + 1)) &&
               is_letter(i + 2);
    }
    bool limits_to_a_letter() const {
        return places_.size() == 2 &&
               ((word(0) == "only" && is_letter(1)) || (is_letter(0) && word(1) == "only"));
    }
    bool lists_letters() const {
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (!is_letter(i) && !(i == 0 && word(i) == "both")) return false;
        return places_.size() > 1;
    }

    token_list tokens_;
    const std::vector<std::size_t>& places_;
    std::size_t choices_;
};

} // namespace

choice_freedom freedom_of_choices(const question& asked) {
    if (asked.format != question_format::multiple_choice) return choice_freedom::no_choices;
    if (asked.choices.empty()) return choice_freedom::in_text;
    const auto refers = [&](const std::string& choice) {
        return reference_finder(choice, asked.choices.size()).finds_one();
    };
    return std::any_of(asked.choices.begin(), asked.choices.end(), refers) ? choice_freedom::bound
                                                                           : choice_freedom::free;
}

void shuffle_choices(question& asked, std::uint64_t seed) {
    PROCTOR_ASSERT(asked.choice_order.empty());
    if (freedom_of_choices(asked) != choice_freedom::free) return;
    for (std::size_t i = 0; i < asked.choices.size(); ++i) asked.choice_order += letter_label(i);
    split_mix draws(mix(mix(seed) ^ asked.number) ^ asked.repeat);
    for (auto i = asked.choices.size() - 1; i > 0; --i) {
        const auto other = draws.next() % (i + 1);
        if (other == i) continue;
        std::swap(asked.choices[i], asked.choices[other]);
        std::swap(asked.choice_order[i], asked.choice_order[other]);
    }
    asked.reference_answer = letter_label(asked.choice_order.find(asked.reference_answer));
}

} // namespace proctor
