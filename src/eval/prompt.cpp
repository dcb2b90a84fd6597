// Words a question for the model.
#include "proctor/eval/prompt.hpp"

#include "proctor/eval/choice_list.hpp"

#include <string_view>

namespace proctor {
namespace {

// In one pass: what a question says is never taken for a part of the template.
std::string fill_template(std::string_view text, const question& asked) {
    std::string prompt;
    while (!text.empty()) {
        const auto brace = text.find('{');
        prompt += text.substr(0, brace);
        if (brace == std::string_view::npos) break;
        text.remove_prefix(brace);
        std::string_view name = "{"; // as it stands, if it is none of ours
        for (const std::string_view ours : {"{question}", "{choices}", "{context}"})
            if (text.starts_with(ours)) name = ours;
        if (name == "{choices}")
            prompt += choice_lines(asked);
        else
            prompt += name == "{question}"  ? asked.text
                      : name == "{context}" ? asked.context
                                            : name;
        text.remove_prefix(name.size());
    }
    return prompt;
}

constexpr std::string_view before_question = "Question: ";
constexpr std::string_view before_answer = "\nAnswer:";
constexpr std::string_view between = "\n\n";

bool ends_blank(std::string_view text) {
    return text.ends_with(' ') || text.ends_with('\n') || text.ends_with('\t');
}

// Ends where the answer is to begin.
std::string text_to_go_on_with(const question& asked, const prompt_settings& settings) {
    std::string text;
    const auto append = [&](std::string_view worded) {
        if (settings.template_text.empty())
            text.append(before_question).append(worded).append(before_answer);
        else
            text += worded;
    };
    if (!settings.system.empty()) text.append(settings.system).append(between);
    for (const auto& example : settings.examples) {
        append(example.prompt);
        if (!ends_blank(text)) text += ' ';
        text.append(example.answer).append(between);
    }
    append(word_question(asked, settings));
    return text;
}

} // namespace

std::string choice_lines(const question& asked) {
    std::string lines;
    for (std::size_t i = 0; i < asked.choices.size(); ++i) {
        if (i > 0) lines += '\n';
        lines.append(letter_label(i)).append(") ").append(asked.choices[i]);
    }
    return lines;
}

std::string word_question(const question& asked, const prompt_settings& settings) {
    if (!settings.template_text.empty()) return fill_template(settings.template_text, asked);
    std::string prompt;
    if (!asked.context.empty() && (asked.context_is_part || settings.use_context))
        prompt.append(asked.context).append("\n\n");
    prompt += asked.text;
    if (asked.choices.empty()) return prompt;

    prompt += "\n\n";
    prompt += choice_lines(asked);
    prompt += "\n\nAnswer with the letter of the right choice.";
    return prompt;
}

std::string build_prompt(const question& asked, const prompt_settings& settings) {
    return settings.spoken == dialect::completions ? text_to_go_on_with(asked, settings)
                                                   : word_question(asked, settings);
}

std::string_view question_in(std::string_view prompt) {
    if (!prompt.ends_with(before_answer)) return prompt;
    auto inner = prompt;
    inner.remove_suffix(before_answer.size());
    const auto last = inner.rfind(std::string(between).append(before_question));
    if (last != inner.npos) inner.remove_prefix(last + between.size());
    if (!inner.starts_with(before_question)) return prompt;
    inner.remove_prefix(before_question.size());
    return inner;
}

} // namespace proctor
