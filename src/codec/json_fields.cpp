// Bodies are appended field by field: building a tree first costs more than the log's write.
#include "proctor/codec/json_fields.hpp"

#include "json_scanner.hpp"

#include <boost/json/parse.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

// As std::to_chars has it.
template <class Number, class... Format>
void append_chars(std::string& out, Number value, Format... format) {
    std::array<char, 32> text; // the longest: a double of 1e-4 with 17 digits
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format...).ptr;
    out.append(text.data(), end);
}

// Appends fields to an object that is open at the end of `out`; its end closes the object.
class object_writer {
public:
    explicit object_writer(std::string& out) : out_(out) { out_ += '{'; }
    ~object_writer() { out_ += '}'; }
    object_writer(const object_writer&) = delete;
    object_writer& operator=(const object_writer&) = delete;

    void text(std::string_view name, std::string_view value) {
        key(name);
        append_json_string(out_, value);
    }
    void text_or_null(std::string_view name, std::string_view value) {
        value.empty() ? null(name) : text(name, value);
    }
    void number(std::string_view name, double value) {
        key(name);
        append_json_number(out_, value);
    }
    void number_or_null(std::string_view name, const std::optional<double>& value) {
        value ? number(name, *value) : null(name);
    }
    void count(std::string_view name, std::uint64_t value) {
        key(name);
        append_chars(out_, value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out_ += value ? "true" : "false";
    }
    void null(std::string_view name) {
        key(name);
        out_ += "null";
    }
    void members(std::string_view written) {
        if (written.empty()) return;
        if (out_.back() != '{') out_ += ',';
        out_ += written;
    }
    object_writer object(std::string_view name) {
        key(name);
        return object_writer(out_);
    }

private:
    void key(std::string_view name) {
        if (out_.back() != '{') out_ += ',';
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }

    std::string& out_;
};

void write_question(object_writer& body, const question& asked) {
    body.count("question_id", asked.number);
    if (asked.repeats > 1) body.count("repeat", asked.repeat);
    if (!asked.own_id.empty()) body.text("id", asked.own_id);
    body.text("question", asked.text);
    body.text("reference_answer", asked.reference_answer);
    if (!asked.choice_order.empty()) body.text("choice_order", asked.choice_order);
}

void write_answer(object_writer& body, const answer& said) {
    body.text("model_answer", said.text);
    body.text_or_null("reasoning", said.reasoning);
    body.text_or_null("finish_reason", said.finish_reason);
    {
        auto usage = body.object("usage");
        usage.count("prompt_tokens", said.usage.prompt);
        usage.count("completion_tokens", said.usage.completion);
    }
    body.number("model_time_seconds", said.model_seconds);
    body.count("attempts", said.attempts);
}

void write_tail(object_writer& body, const question& asked) {
    body.text("format", to_string(asked.format));
    body.text_or_null("category", asked.category);
    body.members(asked.kept);
}

failure bad(failure_code code, std::string detail) {
    return {code, "record body", std::move(detail)};
}

std::string text_of(std::string_view value) {
    return json_string(value).value_or("");
}

token_usage usage_of(std::string_view object) {
    token_usage usage;
    json_scanner members(object);
    while (const auto member = members.next()) {
        if (member->name == "prompt_tokens") usage.prompt = json_count(member->value);
        if (member->name == "completion_tokens") usage.completion = json_count(member->value);
    }
    return usage;
}

// Of a multiple-choice question: what the answer chose and what it should have, as they stand in
// the body; empty where there is none.
struct choice_labels {
    std::string_view chosen, key;
};

choice_labels labels_in(std::string_view evaluation) {
    choice_labels found;
    json_scanner members(evaluation);
    while (const auto member = members.next()) {
        if (member->name == "model_choice") found.chosen = member->value;
        if (member->name == "reference_choice") found.key = member->value;
    }
    return found;
}

// Nothing escaped is a label that has a position.
std::string_view between_quotes(std::string_view value) {
    return value.starts_with('"') ? value.substr(1, value.size() - 2) : std::string_view();
}

// Code points, as json_scanner counts them once they are written: what is not UTF-8 becomes one.
std::uint32_t characters_in(std::string_view text) {
    std::size_t characters = 0;
    while (!text.empty()) {
        const auto plain = plain_prefix(text);
        text.remove_prefix(plain);
        characters += plain;
        if (text.empty()) break;
        text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
        ++characters;
    }
    return static_cast<std::uint32_t>(characters);
}

// What is wrong with a body at whose end `scanned` has come, if anything is.
result<> check_intact(const json_scanner& scanned, std::string_view body) {
    if (scanned.intact()) return {};
    boost::system::error_code ec;
    const auto value = json::parse({body.data(), body.size()}, ec);
    if (!ec && !value.is_object()) return bad(failure_code::bad_value, "not a JSON object");
    return bad(failure_code::bad_syntax, "not JSON: " + ec.message());
}

void append_json(std::string& out, const json::value& value) {
    const auto list = [&](char open, const auto& items, char close, const auto& put) {
        out += open;
        bool first = true;
        for (const auto& item : items) {
            if (!std::exchange(first, false)) out += ", ";
            put(item);
        }
        out += close;
    };
    switch (value.kind()) {
    case json::kind::object:
        list('{', value.get_object(), '}', [&](const json::key_value_pair& member) {
            append_json_string(out, {member.key().data(), member.key().size()});
            out += ": ";
            append_json(out, member.value());
        });
        break;
    case json::kind::array:
        list('[', value.get_array(), ']', [&](const json::value& item) { append_json(out, item); });
        break;
    case json::kind::string:
        append_json_string(out, {value.get_string().data(), value.get_string().size()});
        break;
    case json::kind::double_: append_json_number(out, value.get_double()); break;
    case json::kind::int64: out += std::to_string(value.get_int64()); break;
    case json::kind::uint64: out += std::to_string(value.get_uint64()); break;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; break;
    case json::kind::null: out += "null"; break;
    }
}

} // namespace

void append_json_string(std::string& out, std::string_view text) {
    out.reserve(out.size() + text.size() + 2);
    out += '"';
    while (!text.empty()) {
        const auto plain = plain_prefix(text);
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        const char c = text.front();
        std::size_t length = 1;
        switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
            length = utf8_length(text);
            if (length == 0) {
                out += "\xef\xbf\xbd"; // U+FFFD
                length = 1;
            } else if (length == 1) {
                fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
            } else {
                out.append(text.substr(0, length));
            }
        }
        text.remove_prefix(length);
    }
    out += '"';
}

void append_json_number(std::string& out, double value) {
    if (!std::isfinite(value)) {
        out += "null";
    } else if (value == std::trunc(value) && std::abs(value) < 1e15) {
        append_chars(out, value, std::chars_format::fixed);
        out += ".0";
    } else if (std::abs(value) >= 1e-4 && std::abs(value) < 1e15) {
        append_chars(out, value, std::chars_format::fixed);
    } else {
        append_chars(out, value, std::chars_format::scientific);
    }
}

std::string json_text(const json::value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

std::string result_body(const question& asked, const answer& said, const grade& mark) {
    std::string out;
    out.reserve(512 + asked.text.size() + said.text.size() + said.reasoning.size());
    {
        object_writer body(out);
        write_question(body, asked);
        write_answer(body, said);
        {
            auto evaluation = body.object("evaluation");
            evaluation.number_or_null("score", mark.score);
            evaluation.text("format", to_string(asked.format));
            evaluation.text("reasoning", mark.reasoning);
            evaluation.text_or_null("reference_choice", mark.reference_choice);
            evaluation.text_or_null("model_choice", mark.model_choice);
        }
        body.number_or_null("score", mark.score);
        body.number("evaluation_time_seconds", mark.evaluation_seconds);
        write_tail(body, asked);
        body.flag("skipped", false);
        // What retrieval found; there is none yet.
        body.null("retrieval_info");
        body.null("source_chunk_retrieved");
        body.null("question_hash_retrieved");
    }
    return out;
}

std::string answered_body(const question& asked, const answer& said) {
    std::string out;
    {
        object_writer body(out);
        write_question(body, asked);
        write_answer(body, said);
        write_tail(body, asked);
    }
    return out;
}

std::string failed_body(const question& asked, const question_failure& why) {
    std::string out;
    {
        object_writer body(out);
        write_question(body, asked);
        body.null("model_answer");
        body.null("score");
        write_tail(body, asked);
        body.count("attempts", why.attempts);
        body.flag("skipped", true);
        body.text("error", why.message);
        body.text("error_kind", why.kind);
        if (why.status)
            body.count("error_status", why.status);
        else
            body.null("error_status");
        body.flag("refused", why.refused);
    }
    return out;
}

const std::vector<std::string>& result_members() {
    static const auto members = [] {
        question asked; // that has all there is
        asked.repeats = 2;
        asked.own_id = asked.choice_order = "A";
        std::vector<std::string> names;
        for (const auto& text : {result_body(asked, {}, {}), failed_body(asked, {})}) {
            json_scanner body(text);
            while (const auto member = body.next())
                if (std::find(names.begin(), names.end(), member->name) == names.end())
                    names.emplace_back(member->name);
        }
        return names;
    }();
    return members;
}

result<outcome> read_outcome(const record_view& record) {
    outcome what(record.kind, record.question);
    if (record.kind == record_kind::session) return what;
    const bool is_result = record.kind == record_kind::result;
    const bool is_failure = record.kind == record_kind::failed;
    std::uint64_t question = 0, repeat = 1;
    std::string_view evaluation;
    json_scanner body(record.body);
    const auto characters = [&](std::string_view value) {
        return value.starts_with('"') ? static_cast<std::uint32_t>(body.characters()) : 0;
    };
    while (const auto member = body.next()) {
        const auto& [name, value] = *member;
        if (name == "question_id") question = json_count(value);
        if (name == "repeat") repeat = json_count(value);
        if (name == "format")
            what.format = parse_question_format(text_of(value)).value_or(what.format);
        if (name == "usage") what.usage = usage_of(value);
        if (name == "attempts") what.attempts = static_cast<std::uint32_t>(json_count(value));
        if (name == "category") what.category = text_of(value);
        if (name == "model_time_seconds") what.model_seconds = json_number(value).value_or(0);
        if (name == "finish_reason") what.truncated = text_of(value) == "length";
        if (is_result && name == "score") what.score = json_number(value);
        if (is_result && name == "evaluation") evaluation = value;
        if (is_result && name == "model_answer") what.answer_characters = characters(value);
        if (is_result && name == "reasoning") what.reasoning_characters = characters(value);
        if (is_failure && name == "error_kind") what.error_kind = text_of(value);
        if (is_failure && name == "refused") what.refused = value == "true";
    }
    if (const auto fine = check_intact(body, record.body); !fine) return fine.error();
    if (question != record.question_number())
        return bad(failure_code::bad_value, fmt::format("question_id is not that of its record, {}",
                                                        record.question_number()));
    if (repeat != record.repeat())
        return bad(failure_code::bad_value,
                   fmt::format("repeat is not that of its record, {}", record.repeat()));
    if (what.format == question_format::multiple_choice && evaluation.starts_with('{')) {
        const auto labels = labels_in(evaluation);
        const auto chosen = between_quotes(labels.chosen);
        what.no_choice = chosen.empty();
        what.chosen = choice_position(chosen);
        what.key = choice_position(between_quotes(labels.key));
    }
    return what;
}

result<answer> read_answer(std::string_view text) {
    answer said;
    said.attempts = 0;
    std::optional<std::string> said_text;
    json_scanner body(text);
    while (const auto member = body.next()) {
        const auto& [name, value] = *member;
        if (name == "model_answer") said_text = json_string(value);
        if (name == "reasoning") said.reasoning = text_of(value);
        if (name == "finish_reason") said.finish_reason = text_of(value);
        if (name == "usage") said.usage = usage_of(value);
        if (name == "model_time_seconds") said.model_seconds = json_number(value).value_or(0);
        if (name == "attempts") said.attempts = static_cast<std::uint32_t>(json_count(value));
    }
    if (const auto fine = check_intact(body, text); !fine) return fine.error();
    if (!said_text) return bad(failure_code::bad_value, "model_answer is missing");
    said.text = std::move(*said_text);
    return said;
}

result<std::string> read_model_choice(std::string_view text) {
    std::string chosen, order;
    json_scanner body(text);
    while (const auto member = body.next()) {
        if (member->name == "evaluation" && member->value.starts_with('{'))
            chosen = text_of(labels_in(member->value).chosen);
        if (member->name == "choice_order") order = text_of(member->value);
    }
    if (const auto fine = check_intact(body, text); !fine) return fine.error();
    if (order.empty() || chosen.empty()) return chosen;
    const auto place = static_cast<std::size_t>(chosen.front() - 'A');
    if (chosen.size() > 1 || place >= order.size())
        return bad(failure_code::bad_value,
                   fmt::format("model_choice {} is none of choice_order {}", chosen, order));
    return order.substr(place, 1);
}

outcome outcome_of(const question& asked, const answer& said) {
    outcome what(record_kind::answered, asked.task());
    what.format = asked.format;
    what.category = asked.category;
    what.usage = said.usage;
    what.attempts = said.attempts;
    what.model_seconds = said.model_seconds;
    what.truncated = said.finish_reason == "length";
    return what;
}

outcome outcome_of(const question& asked, const answer& said, const grade& mark) {
    auto what = outcome_of(asked, said);
    what.kind = record_kind::result;
    what.score = mark.score;
    what.answer_characters = characters_in(said.text);
    what.reasoning_characters = characters_in(said.reasoning);
    if (asked.format == question_format::multiple_choice) {
        what.no_choice = mark.model_choice.empty();
        what.chosen = choice_position(mark.model_choice);
        what.key = choice_position(mark.reference_choice);
    }
    return what;
}

outcome outcome_of(const question& asked, const question_failure& why) {
    outcome what(record_kind::failed, asked.task());
    what.format = asked.format;
    what.category = asked.category;
    what.attempts = why.attempts;
    what.error_kind = why.kind;
    what.refused = why.refused;
    return what;
}

} // namespace proctor
