// What is put to the model for a question.
#pragma once

#include "proctor/core/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// How an endpoint takes what is put to it: as messages, or as one text that the model goes on with.
enum class dialect { chat, completions };

// A question that was answered, to show how.
struct prompt_example {
    std::string prompt;
    std::string answer;
};

struct prompt_settings {
    dialect spoken = dialect::chat;
    std::string system;                   // comes first; of chat the system message; empty: none
    bool use_context = false;             // a question's own `text` goes into the prompt
    std::string template_text;            // with {question}, {choices}, {context}; empty: none
    std::vector<prompt_example> examples; // come before the question; of chat in turns
};

// The choices that are listed apart, as "A) …" lines; the last one without a line feed.
std::string choice_lines(const question&);

// A question by itself. By the template, if there is one: what {context} is there, the choices as
// "A) …" lines, none where they stand in the question. Without one: a question of the original
// shape without context: its text, verbatim. Choices that are listed apart follow the question as
// "A) …" lines, with a closing line that asks for the letter. A passage (or, with use_context, the
// context) comes first.
std::string word_question(const question&, const prompt_settings&);

// What the model is given to answer. Of chat: the question, worded, as the user message. Of
// completions: the system text, the examples with their answers and the question, with a blank line
// between them. Each question stands there as "Question: …", a line feed and "Answer:", or by the
// template alone, if there is one, which says for itself where the answer begins.
std::string build_prompt(const question&, const prompt_settings&);

// Of a text for completions that was built without a template: its last question, worded. Any other
// text is returned as it is.
std::string_view question_in(std::string_view prompt);

} // namespace proctor
