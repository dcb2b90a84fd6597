// What is put to the model for a question.
#pragma once

#include "proctor/core/types.hpp"

#include <string>

namespace proctor {

struct prompt_settings {
    std::string system;       // system message; empty: none
    bool use_context = false; // a question's own `text` goes into the prompt
};

// The user message. A question of the original shape without context: its text, verbatim. Choices
// that are listed apart follow the question as "A) …" lines, with a closing line that asks for the
// letter. A passage (or, with use_context, the context) comes first.
std::string build_prompt(const question&, const prompt_settings&);

} // namespace proctor
