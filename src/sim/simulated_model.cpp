// Decides by drawn numbers what is said and how. To be right exactly as often as ordered, the
// prompts of the key are ranked by a draw and the first so many are known.
#include "proctor/sim/simulated_model.hpp"

#include "draw.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

namespace proctor {
namespace {

// None of these holds a capital letter of its own, an "a" or a number: nothing else in them can be
// taken for the answer.
std::string word_choice(const std::string& label, std::uint64_t drawn) {
    switch (drawn % 6) {
    case 0: return label;
    case 1: return fmt::format("The answer is ({}).", label);
    case 2: return fmt::format("**{}**", label);
    case 3: return fmt::format("The correct answer is {}.", label);
    case 4: return fmt::format("({})", label);
    default:
        return fmt::format("Going through the choices one by one, only one of them fits what is "
                           "asked.\n\nAnswer: {}",
                           label);
    }
}

std::string word_statement(const std::string& statement, std::uint64_t drawn) {
    switch (drawn % 5) {
    case 0: return statement;
    case 1: return fmt::format("The answer is {}.", statement);
    case 2: return fmt::format("**{}**", statement);
    case 3:
        return fmt::format("Each step follows from the one before, so the answer is {}.",
                           statement);
    default: return fmt::format("Let me think about this.\n\nAnswer: {}", statement);
    }
}

// Of "18", "1,234", "$2.50" or "40%".
std::optional<double> number_in(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (c != ',' && c != '$' && c != '%') digits += c;
    double value = 0;
    const auto* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data(), last, value);
    if (error != std::errc{} || end != last || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::string wrong_statement(const std::string& right, std::uint64_t drawn) {
    if (const auto number = number_in(right)) {
        const double other = *number + 1 + double(drawn % 9);
        // Too large for the sum to differ: no number near it will do.
        return other == *number ? "1" : fmt::format("{}", other);
    }
    constexpr std::array<const char*, 4> nonsense = {"marmalade", "wallpaper", "trombones",
                                                     "gingerbread"};
    const std::string word = nonsense[drawn % nonsense.size()];
    return word == right ? nonsense[(drawn + 1) % nonsense.size()] : word;
}

constexpr std::array<std::pair<std::string_view, verdict_form>, 7> forms = {{
    {"plain", verdict_form::plain},
    {"prose", verdict_form::prose},
    {"fenced", verdict_form::fenced},
    {"half", verdict_form::half},
    {"fraction", verdict_form::fraction},
    {"nothing", verdict_form::nothing},
    {"mixed", verdict_form::mixed}, // the last one: it is none of its own
}};

std::string word_verdict(verdict_form form, bool right) {
    const int score = right ? 1 : 0;
    const auto whole = fmt::format(R"({{"score": {}, "reasoning": "It says {} the reference."}})",
                                   score, right ? "what is in" : "something else than");
    switch (form) {
    case verdict_form::prose:
        return fmt::format("Let me compare the two.\n\n{}\n\nI hope that this helps!", whole);
    case verdict_form::fenced: return fmt::format("```json\n{}\n```", whole);
    case verdict_form::half: return fmt::format(R"({{"score": {}, "reasoning": "It sa)", score);
    case verdict_form::fraction: return fmt::format(R"({{"score": "{}/1"}})", score);
    case verdict_form::nothing: return "";
    case verdict_form::plain:
    case verdict_form::mixed: break;
    }
    return whole;
}

std::string wrong_label(const key_entry& entry, std::uint64_t drawn) {
    std::vector<std::string> others;
    for (std::size_t i = 0; i < entry.labels.count; ++i)
        if (entry.labels[i] != entry.answer) others.push_back(entry.labels[i]);
    if (others.empty()) return "none of them";
    return others[drawn % others.size()];
}

} // namespace

result<verdict_form> parse_verdict_form(std::string_view text) {
    std::string names;
    for (const auto& [name, form] : forms) {
        if (text == name) return form;
        names += (names.empty() ? "" : ", ") + std::string(name);
    }
    return failure(failure_code::bad_value, "verdicts",
                   fmt::format("\"{}\" is none of {}", text, names));
}

simulated_model::simulated_model(answer_key key, double accuracy, std::uint64_t seed,
                                 latency_distribution latency, verdict_form verdicts)
    : key_(std::move(key)), accuracy_(accuracy), seed_(seed), latency_(latency),
      verdicts_(verdicts) {
    PROCTOR_ASSERT(accuracy >= 0 && accuracy <= 1);
    std::vector<std::uint64_t> ranks;
    ranks.reserve(key_.entries().size());
    for (const auto& [hash, entry] : key_.entries())
        ranks.push_back(draw(seed_, hash, purpose::rank));
    right_count_ = static_cast<std::uint64_t>(std::llround(accuracy * double(ranks.size())));
    if (right_count_ == 0) return;
    const auto last_right = ranks.begin() + static_cast<std::ptrdiff_t>(right_count_ - 1);
    std::nth_element(ranks.begin(), last_right, ranks.end());
    highest_right_rank_ = *last_right;
}

bool simulated_model::knows_right_answer(std::uint64_t hash) const {
    return right_count_ > 0 && draw(seed_, hash, purpose::rank) <= highest_right_rank_;
}

simulated_reply simulated_model::reply_to(std::string_view prompt, reply_form form) const {
    simulated_reply reply;
    reply.prompt_hash = prompt_hash(prompt);
    reply.latency = sample(latency_, draw(seed_, reply.prompt_hash, purpose::latency));
    if (const auto known = key_.find(prompt)) {
        reply.question = known->entry.number;
        reply.text = answer_known(*known, reply.prompt_hash);
    } else if (form == reply_form::verdict) {
        reply.text = verdict(reply.prompt_hash);
    } else {
        reply.text = answer_unknown(prompt, reply.prompt_hash);
    }
    return reply;
}

// What it knows does not hang on the order of the choices.
std::string simulated_model::answer_known(const known_prompt& known, std::uint64_t hash) const {
    const auto& entry = known.entry;
    const auto wording = draw(seed_, hash, purpose::wording);
    const auto drawn = draw(seed_, hash, purpose::choice);
    const bool right = knows_right_answer(known.hash);
    if (entry.labels.count > 0)
        return word_choice(right ? entry.answer : wrong_label(entry, drawn), wording);
    return word_statement(right ? entry.answer : wrong_statement(entry.answer, drawn), wording);
}

std::string simulated_model::answer_unknown(std::string_view prompt, std::uint64_t hash) const {
    const auto wording = draw(seed_, hash, purpose::wording);
    const auto drawn = draw(seed_, hash, purpose::choice);
    const auto labels = labels_in(prompt);
    if (labels.count > 0) return word_choice(labels[drawn % labels.count], wording);
    constexpr std::array<const char*, 4> sentences = {
        "That depends on what is meant by it.", "Nobody knows for certain.",
        "It has always been that way.", "The sources do not agree about this."};
    return sentences[drawn % sentences.size()];
}

std::string simulated_model::verdict(std::uint64_t hash) const {
    const bool right = fraction(draw(seed_, hash, purpose::verdict)) <= accuracy_;
    auto form = verdicts_;
    if (form == verdict_form::mixed)
        form = forms[draw(seed_, hash, purpose::wording) % (forms.size() - 1)].second;
    return word_verdict(form, right);
}

} // namespace proctor
