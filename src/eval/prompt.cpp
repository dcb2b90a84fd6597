// Words a question for the model.
#include "proctor/eval/prompt.hpp"

#include "proctor/eval/choice_list.hpp"

namespace proctor {

std::string build_prompt(const question& asked, const prompt_settings& settings) {
    std::string prompt;
    if (!asked.context.empty() && (asked.context_is_part || settings.use_context))
        prompt += asked.context + "\n\n";
    prompt += asked.text;
    if (asked.choices.empty()) return prompt;

    prompt += "\n";
    const auto labels = letter_labels(asked.choices.size());
    for (std::size_t i = 0; i < labels.size(); ++i)
        prompt += "\n" + labels[i] + ") " + asked.choices[i];
    prompt += "\n\nAnswer with the letter of the right choice.";
    return prompt;
}

} // namespace proctor
