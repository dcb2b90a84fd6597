// What a model may say to a question: before the first NUL its choices, a line each, and behind it
// a piece that the answer repeats. What is found is one of the choices; and what took steps that
// grow with the square of an answer's length would hit -timeout=10.
#include "fuzz/text.hpp"

#include "proctor/eval/choice_list.hpp"
#include "proctor/eval/grading.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace proctor;

static std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < max_choices) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        lines.emplace_back(line);
    }
    return lines;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::as_text(data, size);
    const auto end = std::min(input.find('\0'), input.size());
    const auto choices = lines_of(input.substr(0, end));
    const auto piece = input.substr(std::min(input.size(), end + 1));
    if (choices.empty() || piece.empty()) return 0;
    const auto labels = letter_labels(choices.size());

    constexpr std::size_t long_answer = 64 << 10; // bytes; squared, minutes with sanitizers
    std::string repeated;
    while (repeated.size() < long_answer) repeated += piece;
    for (const auto& answer : {std::string(piece), repeated}) {
        const auto named = extract_choice(answer, labels, choices);
        PROCTOR_ASSERT(!named || std::ranges::find(labels, *named) != labels.end());
    }
    return 0;
}
