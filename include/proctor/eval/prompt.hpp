// What is put to the model for a question.
#pragma once

#include "proctor/core/types.hpp"

#include <string>
#include <vector>

namespace proctor {

// A question that was answered, to show how.
struct prompt_example {
    std::string prompt;
    std::string answer;
};

struct prompt_settings {
    std::string system;                   // system message; empty: none
    bool use_context = false;             // a question's own `text` goes into the prompt
    std::string template_text;            // with {question}, {choices}, {context}; empty: none
    std::vector<prompt_example> examples; // come before the question, in turns
};

// The choices that are listed apart, as "A) …" lines; the last one without a line feed.
std::string choice_lines(const question&);

// The user message. By the template, if there is one: what {context} is there, the choices as
// "A) …" lines, none where they stand in the question. Without one: a question of the original
// shape without context: its text, verbatim. Choices that are listed apart follow the question as
// "A) …" lines, with a closing line that asks for the letter. A passage (or, with use_context, the
// context) comes first.
std::string build_prompt(const question&, const prompt_settings&);

} // namespace proctor
