// Marks answers without asking anybody: choices by the one that is named, numbers by value, short
// answers by their words. What it cannot judge it leaves unmarked.
#include "proctor/eval/grading.hpp"

#include "proctor/eval/choice_list.hpp"
#include "words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

namespace proctor {
namespace {

constexpr std::string_view solution_mark = "####"; // GSM8K: what follows it is the answer

grade marked(double score, std::string reasoning) {
    grade mark;
    mark.score = score;
    mark.reasoning = std::move(reasoning);
    return mark;
}

grade unmarked(std::string reasoning) {
    grade mark;
    mark.reasoning = std::move(reasoning);
    return mark;
}

grade mark_choice(const question& asked, const answer& said) {
    choice_list choices;
    if (!asked.choices.empty()) {
        choices.labels = letter_labels(asked.choices.size());
        choices.texts = asked.choices;
        choices.key = asked.reference_answer;
    } else if (auto found = choices_in_text(asked.text, asked.reference_answer)) {
        choices = std::move(*found);
    } else {
        return unmarked("the question's text lists no choice that its reference answer names");
    }
    const auto named = extract_choice(said.text, choices.labels, choices.texts);
    auto mark =
        named ? marked(*named == choices.key ? 1 : 0,
                       fmt::format("the answer names {}, the key is {}", *named, choices.key))
              : marked(0, fmt::format("the answer names no choice, the key is {}", choices.key));
    mark.reference_choice = std::move(choices.key);
    mark.model_choice = named.value_or("");
    return mark;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct number {
    std::size_t begin = 0, end = 0;
    double value = 0;
};

// The number that begins at digit `at` (or at the point in front of it): thousands separated by
// commas, a decimal part, a fraction's denominator. The sign in front belongs to it.
number read_number(std::string_view text, std::size_t at) {
    constexpr std::string_view minus_sign = "\xe2\x88\x92";
    number found;
    std::string digits;
    auto end = at;
    const auto digits_at = [&](std::size_t from) {
        auto i = from;
        while (i < text.size() && is_digit(text[i])) ++i;
        return i - from;
    };
    const auto take = [&](std::size_t count) {
        digits.append(text.substr(end, count));
        end += count;
    };
    take(digits_at(end));
    while (end < text.size() && text[end] == ',' && digits_at(end + 1) == 3) {
        ++end;
        take(3);
    }
    if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]))
        take(1 + digits_at(end + 1));
    if (digits.front() == '.') digits.insert(0, 1, '0');
    std::from_chars(digits.data(), digits.data() + digits.size(), found.value);
    if (end + 1 < text.size() && text[end] == '/' && is_digit(text[end + 1])) {
        const auto size = digits_at(end + 1);
        double below = 0;
        std::from_chars(text.data() + end + 1, text.data() + end + 1 + size, below);
        if (below != 0) {
            found.value /= below;
            end += 1 + size;
        }
    }
    found.begin = at;
    found.end = end;
    auto before = at;
    if (before > 0 && text[before - 1] == '$') --before;
    std::size_t sign = 0;
    if (before >= 1 && text[before - 1] == '-') sign = 1;
    if (before >= 3 && text.substr(before - 3, 3) == minus_sign) sign = 3;
    // "3-5" and "May-5" are no negative numbers.
    const bool joins =
        before > sign && (is_digit(text[before - sign - 1]) || is_letter(text[before - sign - 1]));
    if (sign > 0 && !joins) {
        found.value = -found.value;
        found.begin = before - sign;
    }
    return found;
}

// All numbers of the text; digits inside words ("H2O") are none.
std::vector<number> find_numbers(std::string_view text) {
    std::vector<number> found;
    for (std::size_t at = 0; at < text.size();) {
        const bool begins = is_digit(text[at]) ||
                            (text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]));
        if (!begins) {
            ++at;
            continue;
        }
        if (at > 0 && is_letter(text[at - 1])) {
            while (at < text.size() &&
                   (is_digit(text[at]) || is_letter(text[at]) || text[at] == '.'))
                ++at;
            continue;
        }
        found.push_back(read_number(text, at));
        at = found.back().end;
    }
    return found;
}

// A reference that is a number and no more, but for a currency, a percent sign or a full stop.
std::optional<double> as_number(std::string_view text) {
    const auto numbers = find_numbers(text);
    if (numbers.size() != 1) return std::nullopt;
    const auto& only = numbers.front();
    constexpr std::string_view ornaments = " \t\r\n$%.";
    const auto rest = std::string(text.substr(0, only.begin)) + std::string(text.substr(only.end));
    if (rest.find_first_not_of(ornaments) != std::string::npos) return std::nullopt;
    return only.value;
}

std::optional<double> number_word(const token_list& words) {
    constexpr std::array<std::string_view, 21> names = {
        "zero",     "one",     "two",     "three",     "four",     "five",     "six",
        "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",   "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"};
    std::optional<double> last;
    for (const auto i : words.words()) {
        const auto found = std::find(names.begin(), names.end(), words[i].lower);
        if (found != names.end()) last = double(found - names.begin());
    }
    return last;
}

// What follows the last "####", \boxed, "answer is" or "answer:"; all of it if there is none.
std::string_view final_statement(std::string_view text) {
    if (const auto at = text.rfind(solution_mark); at != std::string_view::npos)
        return text.substr(at + solution_mark.size());
    const auto lower = to_lower(text);
    for (const std::string_view cue : {"\\boxed{", "answer is", "answer:", "answer**:"}) {
        const auto at = lower.rfind(cue);
        if (at != std::string::npos) return text.substr(at + cue.size());
    }
    return text;
}

grade mark_number(double reference, std::string_view text) {
    const auto statement = final_statement(text);
    const bool is_all = statement.size() == text.size();
    auto numbers = find_numbers(statement);
    // A cue is followed by its number; what comes after explains. Without one the last number
    // counts.
    std::optional<double> said;
    if (!numbers.empty()) said = is_all ? numbers.back().value : numbers.front().value;
    if (!said) {
        numbers = find_numbers(text);
        if (!numbers.empty()) said = numbers.back().value;
    }
    if (!said) said = number_word(token_list(text));
    if (!said)
        return marked(0, fmt::format("the answer holds no number, the reference is {}", reference));
    const bool equal = std::abs(*said - reference) <= 1e-9 * std::max(1.0, std::abs(reference));
    return marked(equal ? 1 : 0,
                  fmt::format("the answer's number is {}, the reference is {}", *said, reference));
}

constexpr std::size_t most_reference_words = 5;
constexpr std::size_t short_answer_words = 12;

std::vector<std::string> normalised(std::string_view text) {
    const token_list tokens(text);
    std::vector<std::string> words;
    for (const auto i : tokens.words())
        if (!is_article(tokens[i].lower)) words.emplace_back(tokens[i].lower);
    return words;
}

bool contains(const std::vector<std::string>& words, const std::vector<std::string>& wanted) {
    return std::search(words.begin(), words.end(), wanted.begin(), wanted.end()) != words.end();
}

bool denies(const std::vector<std::string>& words) {
    return std::any_of(words.begin(), words.end(), [](const std::string& word) {
        return word == "not" || word == "never" || (word.size() > 3 && word.ends_with("n't"));
    });
}

std::string_view last_sentence(std::string_view text) {
    while (!text.empty() &&
           std::string_view(" \t\r\n.!?*").find(text.back()) != std::string_view::npos)
        text.remove_suffix(1);
    const auto end = text.find_last_of("\n!?");
    const auto stop = text.rfind(". ");
    std::size_t begin = 0;
    if (end != std::string_view::npos) begin = end + 1;
    if (stop != std::string_view::npos) begin = std::max(begin, stop + 2);
    return text.substr(begin);
}

grade mark_words(const std::string& reference, std::string_view text) {
    const auto wanted = normalised(reference);
    const auto words = normalised(text);
    if (words == wanted) return marked(1, "the answer is the reference");
    const auto statement = final_statement(text);
    const bool has_cue = statement.size() != text.size();
    for (const auto part : {statement, last_sentence(text)}) {
        auto said = normalised(part);
        if (has_cue && part.data() == statement.data() && said.size() > short_answer_words)
            said.resize(short_answer_words); // what the cue announces stands at its front
        if (said.size() > short_answer_words || !contains(said, wanted)) continue;
        if (denies(said) && !denies(wanted))
            return unmarked(
                "the answer mentions the reference in a denial; only a reader can tell");
        return marked(1, "the answer states the reference");
    }
    if (!contains(words, wanted)) return marked(0, "the reference does not occur in the answer");
    return unmarked(
        "the answer mentions the reference, but does not end in it; only a reader can tell");
}

// The reference without the way to it, where a set gives that too.
std::string_view final_reference(const question& asked) {
    std::string_view reference = asked.reference_answer;
    if (const auto at = reference.rfind(solution_mark); at != std::string_view::npos)
        reference.remove_prefix(at + solution_mark.size());
    return reference;
}

grade mark_free_text(const question& asked, const answer& said) {
    const auto reference = final_reference(asked);
    if (const auto value = as_number(reference)) return mark_number(*value, said.text);
    const auto words = normalised(reference).size();
    if (words == 0 || words > most_reference_words)
        return unmarked(
            fmt::format("a reference of {} words cannot be matched; it needs a grader", words));
    return mark_words(std::string(reference), said.text);
}

grade mark_by_containment(const question& asked, const answer& said) {
    const auto wanted = normalised(asked.reference_answer);
    if (wanted.empty()) return unmarked("the reference has no words");
    const bool found = contains(normalised(said.text), wanted);
    return marked(found ? 1 : 0, found ? "the reference occurs in the answer"
                                       : "the reference does not occur in the answer");
}

grade mark_by_overlap(const question& asked, const answer& said) {
    auto wanted = normalised(asked.reference_answer);
    auto words = normalised(said.text);
    if (wanted.empty()) return unmarked("the reference has no words");
    std::sort(wanted.begin(), wanted.end());
    std::sort(words.begin(), words.end());
    std::vector<std::string> common;
    std::set_intersection(words.begin(), words.end(), wanted.begin(), wanted.end(),
                          std::back_inserter(common));
    return marked(2 * double(common.size()) / double(words.size() + wanted.size()),
                  fmt::format("{} words in common, of {} in the answer and {} in the reference",
                              common.size(), words.size(), wanted.size()));
}

// Marks at once: choices by extraction, free text as it is told.
class local_grader final : public grader {
public:
    using marking = grade (*)(const question&, const answer&);

    explicit local_grader(marking free_text) : free_text_(free_text) {}
    bool sends_requests() const override { return false; }

    std::optional<grade> mark_at_once(const question& asked, const answer& said) const override {
        const auto by =
            asked.format == question_format::multiple_choice ? &mark_choice : free_text_;
        return by(asked, said);
    }

    asio::awaitable<result<grade>> mark(const question& asked, const answer& said) override {
        co_return *mark_at_once(asked, said);
    }

private:
    marking free_text_;
};

struct named_grader {
    std::string_view name;
    local_grader::marking free_text;
};

constexpr std::array graders = {
    named_grader{"extraction", &mark_free_text},
    named_grader{"contains", &mark_by_containment},
    named_grader{"f1", &mark_by_overlap},
};

} // namespace

grade mark_by_extraction(const question& asked, const answer& said) {
    return asked.format == question_format::multiple_choice ? mark_choice(asked, said)
                                                            : mark_free_text(asked, said);
}

std::optional<grade> mark_if_sure(const question& asked, const answer& said) {
    auto mark = mark_by_extraction(asked, said);
    if (!mark.score) return std::nullopt;
    const bool names_its_answer = asked.format == question_format::multiple_choice
                                      ? !mark.model_choice.empty()
                                      : *mark.score == 1 || (as_number(final_reference(asked)) &&
                                                             !find_numbers(said.text).empty());
    if (!names_its_answer) return std::nullopt;
    return mark;
}

std::unique_ptr<grader> make_grader(std::string_view name) {
    for (const auto& entry : graders)
        if (entry.name == name) return std::make_unique<local_grader>(entry.free_text);
    return nullptr;
}

std::vector<std::string_view> grader_names() {
    std::vector<std::string_view> names;
    for (const auto& entry : graders) names.push_back(entry.name);
    return names;
}

} // namespace proctor
