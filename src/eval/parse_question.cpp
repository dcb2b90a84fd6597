// One record as a question, whichever of the public shapes it has.
#include "proctor/eval/choice_list.hpp"
#include "proctor/eval/dataset.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <utility>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;

bool all_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

failure bad_record(const raw_record& record, failure_code code, std::string detail) {
    return {code, fmt::format("line {}", record.line), std::move(detail)};
}

std::string_view text_of(const json::value& value) {
    const auto& text = value.get_string();
    return {text.data(), text.size()};
}

// A text, or a number as it is written; nothing if it is something else.
std::optional<std::string> scalar_text(const json::value& value) {
    if (value.is_string()) return std::string(text_of(value));
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (value.is_uint64()) return std::to_string(value.get_uint64());
    if (value.is_double()) return fmt::format("{}", value.get_double());
    if (value.is_bool()) return value.get_bool() ? "true" : "false";
    return std::nullopt;
}

// The first of `names` that is there and neither null nor an empty text.
const json::value* field(const json::object& record,
                         std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        const auto* value = record.if_contains(json::string_view(name.data(), name.size()));
        if (!value || value->is_null()) continue;
        if (value->is_string() && all_blank(text_of(*value))) continue;
        return value;
    }
    return nullptr;
}

// Choices in the order in which the record prints them.
struct listed_choices {
    std::vector<std::string> printed; // with the labels that options carry
    std::vector<std::string> texts;   // without
    std::vector<std::string> labels;  // what the record's answer may call them
    std::vector<std::size_t> places;  // where each belongs: the first one is A
};

result<std::vector<std::string>> read_texts(const raw_record& record, const json::value& list) {
    if (!list.is_array())
        return bad_record(record, failure_code::bad_value, "the choices are not a list");
    std::vector<std::string> texts;
    for (const auto& item : list.get_array()) {
        auto text = scalar_text(item);
        if (!text || all_blank(*text))
            return bad_record(record, failure_code::bad_value,
                              fmt::format("choice {} is not a text", texts.size() + 1));
        texts.push_back(std::move(*text));
    }
    return texts;
}

// Options that carry their labels give them up. Sets print some lists out of order (AGIEval's
// LogiQA has "(A) (C) (B) (D)"); the answer's letter means the label, so the label says the place.
void take_labels_off(listed_choices& choices) {
    const auto count = choices.printed.size();
    std::vector<std::optional<labelled_option>> options;
    std::vector<bool> taken(count);
    bool all_labelled = true;
    for (const auto& text : choices.printed) {
        const auto option = split_label(text);
        const auto place = option ? static_cast<std::size_t>(option->letter - 'A') : count;
        if (place >= count || taken[place] || all_blank(option->text))
            all_labelled = false;
        else
            taken[place] = true;
        options.push_back(option);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto& option = options[i];
        if (!option) continue;
        // Where some carry no label, only "(B)" in second place is surely one and not the text.
        const auto place = static_cast<std::size_t>(option->letter - 'A');
        if (!all_labelled && (!option->enclosed || place != i || all_blank(option->text))) continue;
        choices.texts[i] = std::string(option->text);
        choices.places[i] = place;
    }
}

result<listed_choices> read_choices(const raw_record& record, const json::value& value) {
    const bool in_arc_shape = value.is_object();
    const auto* texts = in_arc_shape ? value.get_object().if_contains("text") : &value;
    if (!texts)
        return bad_record(record, failure_code::bad_value, "the choices have no list \"text\"");
    auto read = read_texts(record, *texts);
    if (!read) return read.error();
    const auto count = read->size();
    if (count < 2 || count > max_choices)
        return bad_record(record, failure_code::bad_value,
                          fmt::format("{} choices (expected 2 to {})", count, max_choices));
    listed_choices choices;
    choices.printed = std::move(*read);
    choices.texts = choices.printed;
    choices.places.resize(count);
    std::iota(choices.places.begin(), choices.places.end(), std::size_t{0});

    const auto* labels = in_arc_shape ? value.get_object().if_contains("label") : nullptr;
    if (labels) {
        auto names = read_texts(record, *labels);
        if (!names) return names.error();
        if (names->size() != count)
            return bad_record(record, failure_code::bad_value,
                              fmt::format("{} labels for {} choices", names->size(), count));
        choices.labels = std::move(*names);
        return choices;
    }
    take_labels_off(choices);
    const auto letters = letter_labels(count);
    for (const auto place : choices.places) choices.labels.push_back(letters[place]);
    return choices;
}

// Which of the printed choices the record's answer means: by its label, its text or, as a number,
// its place from 0.
std::optional<std::size_t> find_choice(const listed_choices& choices, const json::value& value,
                                       const std::string& answer) {
    const auto count = choices.printed.size();
    if (value.is_number()) {
        boost::system::error_code ec;
        const auto index = value.to_number<std::uint64_t>(ec);
        if (ec || index >= count) return std::nullopt;
        return index;
    }
    for (const auto* names : {&choices.labels, &choices.texts, &choices.printed}) {
        const auto found = std::find(names->begin(), names->end(), answer);
        if (found != names->end()) return static_cast<std::size_t>(found - names->begin());
    }
    // "(B)", "B." or "b"
    const auto option = split_label(answer);
    if (!option || !all_blank(option->text)) return std::nullopt;
    const auto found =
        std::find(choices.labels.begin(), choices.labels.end(), std::string(1, option->letter));
    if (found == choices.labels.end()) return std::nullopt;
    return static_cast<std::size_t>(found - choices.labels.begin());
}

failure no_answer(const raw_record& record) {
    return bad_record(record, failure_code::bad_value,
                      "no answer (expected answer, label or answer_index)");
}

failure unusable_answer(const raw_record& record) {
    return bad_record(record, failure_code::bad_value, "the answer is neither a text nor a number");
}

result<void> read_answer(const raw_record& record, const json::object& fields, question& asked) {
    const auto* value = field(fields, {"answer", "label"});
    if (!value) return no_answer(record);
    auto text = scalar_text(*value);
    if (!text) return unusable_answer(record);
    asked.reference_answer = std::move(*text);
    if (choices_in_text(asked.text, asked.reference_answer))
        asked.format = question_format::multiple_choice;
    return {};
}

result<void> read_choices_and_answer(const raw_record& record, const json::object& fields,
                                     const json::value& list, question& asked) {
    const auto* value = field(fields, {"label", "answerKey", "answer_index", "answer"});
    if (!value) return no_answer(record);
    const auto answer = scalar_text(*value);
    if (!answer) return unusable_answer(record);
    auto choices = read_choices(record, list);
    if (!choices) return choices.error();
    const auto count = choices->printed.size();
    const auto found = find_choice(*choices, *value, *answer);
    if (!found)
        return bad_record(record, failure_code::bad_value,
                          fmt::format("the answer \"{}\" names none of the {} choices",
                                      std::string_view(*answer).substr(0, 80), count));
    asked.reference_answer = letter_labels(count)[choices->places[*found]];
    asked.choices.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        asked.choices[choices->places[i]] = std::move(choices->texts[i]);
    asked.format = question_format::multiple_choice;
    return {};
}

result<void> read_context(const raw_record& record, const json::object& fields, question& asked) {
    if (const auto* passage = field(fields, {"passage"})) {
        if (!passage->is_string())
            return bad_record(record, failure_code::bad_value, "the passage is not a text");
        asked.context = text_of(*passage);
        asked.context_is_part = true;
        return {};
    }
    // Only used on request, so one that is not a text does not make the question unusable.
    const auto* context = field(fields, {"text", "context"});
    if (context && context->is_string()) asked.context = text_of(*context);
    return {};
}

} // namespace

result<question> parse_question(const raw_record& record) {
    // Most records fit: the tree is read and thrown away.
    unsigned char tree[16384];
    unsigned char scratch[4096];
    json::monotonic_resource memory(tree, sizeof tree);
    json::parser parser({}, {}, scratch, sizeof scratch);
    parser.reset(&memory);
    boost::system::error_code ec;
    const auto read_so_far = parser.write(record.text.data(), record.text.size(), ec);
    if (ec)
        return bad_record(
            record, failure_code::bad_syntax,
            fmt::format("not JSON: {} at byte {} of the record", ec.message(), read_so_far + 1));
    const auto value = parser.release();
    if (!value.is_object())
        return bad_record(record, failure_code::bad_value, "expected a JSON object");
    const auto& fields = value.get_object();

    question asked;
    asked.number = record.number;
    asked.line = record.line;
    const auto* text = field(fields, {"question"});
    if (!text || !text->is_string())
        return bad_record(record, failure_code::bad_value,
                          "no question (expected a text in question)");
    asked.text = text_of(*text);
    const auto* list = field(fields, {"choices", "options"});
    const bool has_choices = list && !(list->is_array() && list->get_array().empty());
    const auto answered = has_choices ? read_choices_and_answer(record, fields, *list, asked)
                                      : read_answer(record, fields, asked);
    if (!answered) return answered.error();
    if (const auto read = read_context(record, fields, asked); !read) return read.error();
    if (const auto* category = field(fields, {"category", "subject"}))
        asked.category = scalar_text(*category).value_or("");
    if (const auto* id = field(fields, {"id"})) asked.own_id = scalar_text(*id).value_or("");
    return asked;
}

} // namespace proctor
