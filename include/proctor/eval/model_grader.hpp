// Marks answers by asking a model: the question, its reference and the answer go to it, and a
// verdict as JSON comes back.
#pragma once

#include "proctor/eval/grading.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace proctor {

// Raised when the words of the prompt, or what is made of a reply, change.
inline constexpr int marking_prompt_version = 1;

// What the grader's model is told. `attempt` is 1, 2 or 3: the later, the stricter the words.
std::string marking_prompt(const question&, const answer&, unsigned attempt = 1);

struct verdict {
    double score = 0;      // 0 or 1
    std::string reasoning; // one line, may be empty
};

// The verdict in whatever a model replied: JSON alone, fenced or among prose; cut off behind the
// score; numbers as strings, "1/1", true and false. Nothing: there is none, it is neither 0 nor 1,
// or there are several that differ. Linear time.
std::optional<verdict> read_verdict(std::string_view reply);

// When the model is asked.
enum class grading_way {
    model,  // always
    hybrid, // where mark_if_sure leaves it
};

class model_grader final : public grader {
public:
    // Puts a prompt to the model, with what patience there is. The question outlives the awaitable.
    // refused_content: there will be no reply, however often it is put.
    using asking = std::function<asio::awaitable<result<answer>>(const question& prompt)>;

    model_grader(grading_way way, asking ask) : way_(way), ask_(std::move(ask)) {}

    bool sends_requests() const override { return true; }
    std::optional<grade> mark_at_once(const question&, const answer&) const override;

    // A reply without a verdict is asked for twice more; after that the answer is unmarked, and the
    // reason says so; at once where the prompt is refused for good. A failure: no reply was to be
    // had for now.
    asio::awaitable<result<grade>> mark(const question&, const answer&) override;

private:
    grading_way way_;
    asking ask_;
};

} // namespace proctor
