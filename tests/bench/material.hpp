// What the benches of the store write: results as a run makes them, of real questions where they
// are at hand.
#pragma once

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/record.hpp"
#include "proctor/eval/dataset.hpp"

#include "support/source_dir.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::bench {

// A model's prose is put together from sentences of the question files, at random: text that people
// wrote, and that does not repeat itself within a block.
class material {
public:
    material(const std::vector<std::string>& files, std::uint64_t seed) : draw_(seed) {
        for (const auto& path : files) {
            auto reader = question_reader::open(path).value();
            while (auto read = reader.next())
                if (*read) questions_.push_back(std::move(**read));
        }
        if (questions_.empty()) throw std::runtime_error("there is no question to write about");
        for (const auto& asked : questions_)
            for (const auto* text : {&asked.text, &asked.context, &asked.reference_answer})
                take_sentences(*text);
    }

    std::size_t questions() const { return questions_.size(); }

    // A result's body whose answer has about `length` bytes.
    std::string body(question_id id, std::size_t length) {
        auto asked = questions_[id % questions_.size()];
        asked.number = id;
        if (asked.reference_answer.size() > 64) asked.reference_answer.resize(64);
        const std::string choice(1, static_cast<char>('A' + draw_() % 4));
        answer said;
        while (said.text.size() < length) {
            said.text += sentences_[draw_() % sentences_.size()];
            said.text += draw_() % 6 == 0 ? "\n\n" : " ";
        }
        said.text.resize(length);
        said.text += fmt::format("\nThe answer is ({}).", choice);
        said.finish_reason = "stop";
        said.usage = {asked.text.size() / 4, length / 4};
        said.model_seconds = 0.5 + double(draw_() % 10'000) / 1000;
        grade mark;
        mark.score = draw_() % 2;
        mark.reasoning = "the model chose " + choice;
        mark.reference_choice = asked.reference_answer;
        mark.model_choice = choice;
        return result_body(asked, said, mark);
    }

    // One whose answer is as long as a model likes: 200 bytes to some thousands.
    std::string body(question_id id) {
        std::lognormal_distribution<double> length(6.8, 0.7); // median 900 bytes
        return body(id, 200 + static_cast<std::size_t>(length(draw_)));
    }

private:
    void take_sentences(std::string_view text) {
        while (!text.empty()) {
            const auto end = std::min(text.find_first_of(".?!\n"), text.size() - 1);
            const auto sentence = text.substr(0, end + 1);
            text.remove_prefix(end + 1);
            if (sentence.size() > 20) sentences_.emplace_back(sentence);
        }
    }

    std::vector<question> questions_;
    std::vector<std::string> sentences_;
    std::mt19937_64 draw_;
};

// Records of about 2 KB, made fast: bodies are made once and given the numbers that are asked for.
class record_maker {
public:
    explicit record_maker(material& from) {
        constexpr std::size_t size = 2000;
        for (question_id id = 1; id <= from.questions(); ++id) {
            const auto rest = from.body(id, 0).size();
            const auto body = from.body(id, size - std::min(size, rest));
            tails_.push_back(body.substr(body.find(','))); // question_id is the first member
        }
    }

    void append_to(std::string& records, question_id id) {
        body_.clear();
        fmt::format_to(std::back_inserter(body_), "{{\"question_id\":{}", id);
        body_ += tails_[id % tails_.size()];
        append_record(records, {record_kind::result, 0, id, body_});
    }

private:
    std::vector<std::string> tails_;
    std::string body_;
};

// The public sets beside the project, else the project's own sample.
inline std::vector<std::string> question_files() {
    std::vector<std::string> found;
    for (const std::string name :
         {"agieval/aqua-rat.jsonl", "agieval/logiqa-en.jsonl", "agieval/lsat-ar.jsonl",
          "agieval/sat-math.jsonl", "gsm8k-test.jsonl"}) {
        const auto path = test::shared_data() / name;
        if (exists(path)) found.push_back(path);
    }
    if (found.empty()) found.push_back(test::source_dir() / "configs" / "demo-questions.jsonl");
    return found;
}

} // namespace proctor::bench
