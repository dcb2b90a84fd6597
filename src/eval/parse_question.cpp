// One record as a question, whichever of the public shapes it has.
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/choice_list.hpp"
#include "proctor/eval/dataset.hpp"

#include "csv_record.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
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

const json::value* field(const json::object& record, std::string_view name) {
    return field(record, {name});
}

// A record's fields by the names that they have in most sets, or by those that were given.
class named_fields {
public:
    named_fields(const json::object& record, const question_fields& names)
        : record_(record), names_(names) {}

    const json::value* find(std::string_view of,
                            std::initializer_list<std::string_view> usual) const {
        const auto given = names_.name_of(of);
        return given.empty() ? field(record_, usual) : field(record_, given);
    }
    const json::object& record() const { return record_; }
    std::string_view name_of(std::string_view of) const { return names_.name_of(of); }
    const std::vector<std::string>& kept() const { return names_.kept; }
    std::optional<question_format> format() const { return names_.format; }

private:
    const json::object& record_;
    const question_fields& names_;
};

// Choices in the order in which the record prints them.
struct listed_choices {
    std::vector<std::string> texts;  // without the labels that options carry
    std::vector<std::string> labels; // what the record's answer may call them
    std::vector<std::size_t> places; // where each belongs: the first one is A
};

result<std::vector<std::string>> read_texts(const raw_record& record, const json::value& list) {
    if (!list.is_array())
        return bad_record(record, failure_code::bad_value, "the choices are not a list");
    std::vector<std::string> texts;
    texts.reserve(list.get_array().size());
    for (const auto& item : list.get_array()) {
        auto text = scalar_text(item);
        if (!text || all_blank(*text))
            return bad_record(record, failure_code::bad_value,
                              fmt::format("choice {} is not a text", texts.size() + 1));
        texts.push_back(std::move(*text));
    }
    return texts;
}

void keep_part(std::string& text, std::string_view part) {
    const auto begin = static_cast<std::size_t>(part.data() - text.data());
    text.erase(begin + part.size());
    text.erase(0, begin);
}

// Options that carry their labels give them up. Sets print some lists out of order (AGIEval's
// LogiQA has "(A) (C) (B) (D)"); the answer's letter means the label, so the label says the place.
void take_labels_off(listed_choices& choices) {
    const auto count = choices.texts.size();
    std::vector<std::optional<labelled_option>> options;
    options.reserve(count);
    std::vector<bool> taken(count);
    bool all_labelled = true;
    for (const auto& text : choices.texts) {
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
        keep_part(choices.texts[i], option->text);
        choices.places[i] = place;
    }
}

// Choices that come as objects, as two lists: [{"text": …, "label": …}, …] or {"A": …, "B": …}.
json::object in_arc_shape(const json::value& value) {
    json::array texts, labels;
    const auto* pairs = value.if_object();
    const auto* items = value.if_array();
    if (pairs) {
        for (const auto& [label, text] : *pairs) {
            labels.emplace_back(label);
            texts.push_back(text);
        }
    } else if (items) {
        for (const auto& item : *items) {
            const auto* parts = item.if_object();
            const auto* text = parts ? field(*parts, "text") : nullptr;
            const auto* label = parts ? field(*parts, "label") : nullptr;
            if (text) texts.push_back(*text);
            if (label) labels.push_back(*label);
        }
    }
    json::object lists{{"text", std::move(texts)}};
    if (!labels.empty()) lists["label"] = std::move(labels);
    return lists;
}

bool is_in_arc_shape(const json::value& value) {
    const auto* pairs = value.if_object();
    if (pairs) return pairs->contains("text");
    const auto* items = value.if_array();
    return !items || items->empty() || !items->front().is_object();
}

std::optional<std::size_t> place_in(const std::vector<std::string>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
}

// `printed` becomes the choice that `answer` is, label and all.
result<listed_choices> read_choices(const raw_record& record, const json::value& given,
                                    std::string_view answer, std::optional<std::size_t>& printed) {
    const json::value rearranged = is_in_arc_shape(given) ? json::value() : in_arc_shape(given);
    const auto& value = rearranged.is_null() ? given : rearranged;
    const auto* lists = value.if_object();
    auto read = read_texts(record, lists ? lists->at("text") : value);
    if (!read) return read.error();
    const auto count = read->size();
    if (count < 2 || count > max_choices)
        return bad_record(record, failure_code::bad_value,
                          fmt::format("{} choices (expected 2 to {})", count, max_choices));
    listed_choices choices;
    choices.texts = std::move(*read);
    printed = place_in(choices.texts, answer);
    choices.places.resize(count);
    std::iota(choices.places.begin(), choices.places.end(), std::size_t{0});

    const auto* labels = lists ? lists->if_contains("label") : nullptr;
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
    choices.labels.reserve(count);
    for (const auto place : choices.places) choices.labels.push_back(letter_label(place));
    return choices;
}

// Which of the choices the record's answer means: by its label, its text or, as a number, its place
// from 0.
std::optional<std::size_t> find_choice(const listed_choices& choices, const json::value& value,
                                       const std::string& answer,
                                       std::optional<std::size_t> printed) {
    const auto count = choices.texts.size();
    if (value.is_number()) {
        boost::system::error_code ec;
        const auto index = value.to_number<std::uint64_t>(ec);
        if (ec || index >= count) return std::nullopt;
        return index;
    }
    if (const auto place = place_in(choices.labels, answer)) return place;
    if (const auto place = place_in(choices.texts, answer)) return place;
    if (printed) return printed;
    // "(B)", "B." or "b"
    const auto option = split_label(answer);
    if (!option || !all_blank(option->text)) return std::nullopt;
    return place_in(choices.labels, std::string(1, option->letter));
}

failure no_answer(const raw_record& record, const named_fields& fields) {
    const auto given = fields.name_of("answer");
    return bad_record(record, failure_code::bad_value,
                      given.empty() ? "no answer (expected answer, label or answer_index)"
                                    : fmt::format("no answer (expected {})", given));
}

failure unusable_answer(const raw_record& record) {
    return bad_record(record, failure_code::bad_value, "the answer is neither a text nor a number");
}

result<void> read_answer(const raw_record& record, const named_fields& fields, question& asked) {
    const auto* value = fields.find("answer", {"answer", "Answer", "label"});
    if (!value) return no_answer(record, fields);
    auto text = scalar_text(*value);
    if (!text) return unusable_answer(record);
    asked.reference_answer = std::move(*text);
    if (choices_in_text(asked.text, asked.reference_answer))
        asked.format = question_format::multiple_choice;
    return {};
}

// CSV has numbers as text, too.
std::optional<std::size_t> index_in_text(std::string_view text, std::size_t count) {
    std::size_t index = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, index);
    if (error != std::errc{} || stop != end || index >= count) return std::nullopt;
    return index;
}

void take_choice(listed_choices& choices, std::size_t right, question& asked) {
    const auto count = choices.texts.size();
    asked.reference_answer = letter_label(choices.places[right]);
    asked.choices.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        asked.choices[choices.places[i]] = std::move(choices.texts[i]);
    asked.format = question_format::multiple_choice;
}

result<void> read_choices_and_answer(const raw_record& record, const named_fields& fields,
                                     const json::value& list, question& asked) {
    const auto* value = fields.find(
        "answer", {"label", "answerKey", "answer_index", "answer_idx", "answer", "Answer"});
    if (!value) return no_answer(record, fields);
    const auto answer = scalar_text(*value);
    if (!answer) return unusable_answer(record);
    std::optional<std::size_t> printed;
    auto choices = read_choices(record, list, *answer, printed);
    if (!choices) return choices.error();
    auto found = find_choice(*choices, *value, *answer, printed);
    if (!found && record.columns) found = index_in_text(*answer, choices->texts.size());
    if (!found)
        return bad_record(record, failure_code::bad_value,
                          fmt::format("the answer \"{}\" names none of the {} choices",
                                      std::string_view(*answer).substr(0, 80),
                                      choices->texts.size()));
    take_choice(*choices, *found, asked);
    return {};
}

// FNV-1a: the same everywhere.
std::uint64_t hash_of(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash;
}

// GPQA and SciQ: the right choice and the wrong ones in fields of their own, without an order.
struct set_apart {
    const json::value* right = nullptr;
    std::vector<const json::value*> wrong;
};

set_apart find_set_apart(const json::object& record) {
    set_apart found;
    found.right = field(record, {"Correct Answer", "correct_answer"});
    for (const std::string_view prefix : {"Incorrect Answer ", "incorrect_answer_", "distractor"})
        for (std::size_t i = 1; found.right && i < max_choices; ++i) {
            const auto* value = field(record, fmt::format("{}{}", prefix, i));
            if (!value) break;
            found.wrong.push_back(value);
        }
    return found;
}

result<void> read_set_apart(const raw_record& record, const set_apart& found, question& asked) {
    json::array texts{*found.right};
    for (const auto* wrong : found.wrong) texts.push_back(*wrong);
    auto read = read_texts(record, texts);
    if (!read) return read.error();
    const auto right = read->front();
    std::stable_sort(read->begin(), read->end(), [&](const auto& a, const auto& b) {
        return hash_of(a, hash_of(asked.text)) < hash_of(b, hash_of(asked.text));
    });
    asked.reference_answer = letter_label(
        static_cast<std::size_t>(std::find(read->begin(), read->end(), right) - read->begin()));
    asked.choices = std::move(*read);
    asked.format = question_format::multiple_choice;
    return {};
}

// Several fields that hold a choice each.
template <class Names>
json::array values_of(const json::object& record, const Names& names) {
    json::array values;
    for (const auto& name : names) {
        const auto* value = field(record, std::string_view(name));
        if (!value) break;
        values.push_back(*value);
    }
    return values;
}

// The choices that are listed apart, put together in `columns` if they are fields of their own;
// null: there are none.
const json::value* find_choices(const named_fields& fields, json::value& columns) {
    const auto& record = fields.record();
    const auto* list = fields.find("choices", {"choices", "options"});
    if (list) return list->is_array() && list->get_array().empty() ? nullptr : list;
    static const auto letters = letter_labels(max_choices);
    const auto given = fields.name_of("choices");
    auto values = given.empty() ? values_of(record, letters) : values_of(record, split_list(given));
    if (values.size() < 2) return nullptr;
    columns = std::move(values);
    return &columns;
}

// Whatever it is, as what all of them are to be.
result<void> give_format(const raw_record& record, question_format wanted, question& asked) {
    if (asked.format == wanted) return {};
    if (wanted == question_format::multiple_choice)
        return bad_record(record, failure_code::bad_value,
                          "no choices, and processing.question_format is mc");
    for (std::size_t i = 0; i < asked.choices.size(); ++i)
        if (letter_label(i) == asked.reference_answer) {
            asked.reference_answer = std::move(asked.choices[i]);
            break;
        }
    asked.choices.clear();
    asked.format = wanted;
    return {};
}

result<void> read_context(const raw_record& record, const named_fields& fields, question& asked) {
    const auto* passage =
        fields.name_of("context").empty() ? field(fields.record(), "passage") : nullptr;
    if (passage) {
        if (!passage->is_string())
            return bad_record(record, failure_code::bad_value, "the passage is not a text");
        asked.context = text_of(*passage);
        asked.context_is_part = true;
        return {};
    }
    // Only used on request, so one that is not a text does not make the question unusable.
    const auto* context = fields.find("context", {"text", "context", "support"});
    if (context && context->is_string()) asked.context = text_of(*context);
    return {};
}

// Members of the record that go into its result, as JSON.
std::string read_kept(const named_fields& fields) {
    std::string members;
    for (const auto& name : fields.kept()) {
        const auto* value = fields.record().if_contains(name);
        if (!value) continue;
        if (!members.empty()) members += ',';
        append_json_string(members, name);
        members.append(":").append(json_text(*value));
    }
    return members;
}

result<question> read_question(const raw_record& record, const named_fields& fields) {
    question asked;
    asked.number = record.number;
    asked.line = record.line;
    const auto* text = fields.find("question", {"question", "Question"});
    const auto* nested = text ? text->if_object() : nullptr; // ARC as AI2 publishes it
    if (nested) text = field(*nested, "stem");
    if (!text || !text->is_string()) {
        const auto given = fields.name_of("question");
        return bad_record(
            record, failure_code::bad_value,
            fmt::format("no question (expected a text in {})", given.empty() ? "question" : given));
    }
    asked.text = text_of(*text);
    json::value columns;
    const auto* inside = nested ? field(*nested, "choices") : nullptr;
    const auto* list = inside ? inside : find_choices(fields, columns);
    const auto apart = list ? set_apart() : find_set_apart(fields.record());
    const auto answered = list ? read_choices_and_answer(record, fields, *list, asked)
                          : !apart.wrong.empty() ? read_set_apart(record, apart, asked)
                                                 : read_answer(record, fields, asked);
    if (!answered) return answered.error();
    if (const auto wanted = fields.format())
        if (auto given = give_format(record, *wanted, asked); !given) return given.error();
    if (const auto read = read_context(record, fields, asked); !read) return read.error();
    if (const auto* category =
            fields.find("category", {"category", "subject", "High-level domain"}))
        asked.category = scalar_text(*category).value_or("");
    if (const auto* id = fields.find("id", {"id", "Record ID"}))
        asked.own_id = scalar_text(*id).value_or("");
    asked.kept = read_kept(fields);
    return asked;
}

result<question> parse_row(const raw_record& record, const question_fields& names) {
    const auto row = csv_fields(record.text);
    if (!row)
        return bad_record(record, failure_code::bad_syntax, "a quotation mark does not close");
    const auto& columns = *record.columns;
    if (row->size() != columns.size())
        return bad_record(record, failure_code::bad_value,
                          fmt::format("{} fields for {} columns", row->size(), columns.size()));
    json::object fields;
    for (std::size_t i = 0; i < row->size(); ++i) {
        auto& value = fields[columns[i]];
        value = (*row)[i];
        if (!(*row)[i].starts_with('[') && !(*row)[i].starts_with('{')) continue;
        boost::system::error_code ec; // a list of choices, maybe
        if (auto list = json::parse((*row)[i], ec); !ec) value = std::move(list);
    }
    return read_question(record, named_fields(fields, names));
}

} // namespace

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        auto item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        while (item.starts_with(' ')) item.remove_prefix(1);
        while (item.ends_with(' ')) item.remove_suffix(1);
        if (!item.empty()) items.emplace_back(item);
    }
    return items;
}

std::string_view question_fields::name_of(std::string_view field) const {
    for (const auto& [ours, theirs] : names)
        if (ours == field) return theirs;
    return {};
}

std::string question_fields::text() const {
    std::string text;
    for (const auto& [ours, theirs] : names)
        text += fmt::format("{}{}={}", text.empty() ? "" : ", ", ours, theirs);
    if (format) text += fmt::format("{}format={}", text.empty() ? "" : ", ", to_string(*format));
    return text;
}

result<question> parse_question(const raw_record& record, const question_fields& names) {
    if (record.columns) return parse_row(record, names);
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
    return read_question(record, named_fields(value.get_object(), names));
}

} // namespace proctor
