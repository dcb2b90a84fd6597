// What the simulated endpoint says, without the network: a pure function of seed and prompt.
#pragma once

#include "proctor/sim/answer_key.hpp"
#include "proctor/sim/latency.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

struct simulated_reply {
    std::string text;
    duration latency{};
    question_id question = 0; // its number in the answer key, 0 if the key does not know it
    std::uint64_t prompt_hash = 0;
};

// What a prompt asks for: an answer, or a grader's verdict on one, as JSON.
enum class reply_form { answer, verdict };

// How verdicts are worded.
enum class verdict_form {
    plain,    // {"score": 1, "reasoning": "…"}
    prose,    // the same among sentences
    fenced,   // in a code block
    half,     // cut off behind the score
    fraction, // "score": "1/1"
    nothing,  // an empty reply
    mixed,    // one of these, drawn for each prompt
};

// By these names. bad_value: anything else.
result<verdict_form> parse_verdict_form(std::string_view);

class simulated_model {
public:
    // Of a key's N prompts exactly round(accuracy * N) are answered right; which ones, the seed
    // says. Requires 0 <= accuracy <= 1.
    simulated_model(answer_key key, double accuracy, std::uint64_t seed,
                    latency_distribution latency, verdict_form verdicts = verdict_form::plain);

    // Whether the key has it.
    bool knows(std::string_view prompt) const { return key_.find(prompt).has_value(); }

    // Answers are worded in several ways, all of them clear. A prompt that the key does not know
    // gets one of the choices it lists, or a short sentence; a verdict, if it asks for that, in the
    // ordered form, with a score of 1 as often as `accuracy`, else 0.
    simulated_reply reply_to(std::string_view prompt, reply_form form = reply_form::answer) const;

private:
    std::string answer_known(const known_prompt&, std::uint64_t hash) const;
    std::string answer_unknown(std::string_view prompt, std::uint64_t hash) const;
    std::string verdict(std::uint64_t hash) const;
    bool knows_right_answer(std::uint64_t hash) const;

    answer_key key_;
    double accuracy_;
    std::uint64_t seed_;
    latency_distribution latency_;
    verdict_form verdicts_;
    std::uint64_t right_count_ = 0;
    std::uint64_t highest_right_rank_ = 0; // if right_count_ > 0
};

} // namespace proctor
