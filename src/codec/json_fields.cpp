// Bodies are appended field by field: building a tree first costs more than the log's write.
#include "proctor/codec/json_fields.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

// Length of the UTF-8 sequence at the front of `text`, 0 if there is none (RFC 3629: no
// surrogates, no overlong forms, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = first == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

bool is_plain(char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
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
        fmt::format_to(std::back_inserter(out_), "{}", value);
    }
    void flag(std::string_view name, bool value) {
        key(name);
        out_ += value ? "true" : "false";
    }
    void null(std::string_view name) {
        key(name);
        out_ += "null";
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
    if (!asked.own_id.empty()) body.text("id", asked.own_id);
    body.text("question", asked.text);
    body.text("reference_answer", asked.reference_answer);
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
}

failure bad(failure_code code, std::string detail) {
    return {code, "record body", std::move(detail)};
}

std::string_view text_at(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    if (!value || !value->is_string()) return {};
    const auto& text = value->get_string();
    return {text.data(), text.size()};
}

double number_at(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    if (!value) return 0;
    boost::system::error_code ec;
    const auto number = value->to_number<double>(ec);
    return ec ? 0 : number;
}

std::uint64_t count_at(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    if (!value) return 0;
    boost::system::error_code ec;
    const auto number = value->to_number<std::uint64_t>(ec); // not by way of double: ids are exact
    return ec ? 0 : number;
}

token_usage usage_at(const json::object& body) {
    token_usage usage;
    const auto* value = body.if_contains("usage");
    if (!value || !value->is_object()) return usage;
    usage.prompt = count_at(value->get_object(), "prompt_tokens");
    usage.completion = count_at(value->get_object(), "completion_tokens");
    return usage;
}

bool flag_at(const json::object& body, std::string_view name) {
    const auto* value = body.if_contains(name);
    return value && value->is_bool() && value->get_bool();
}

result<json::value> parse_object(std::string_view body, json::storage_ptr memory) {
    boost::system::error_code ec;
    auto value = json::parse({body.data(), body.size()}, ec, std::move(memory));
    if (ec) return bad(failure_code::bad_syntax, "not JSON: " + ec.message());
    if (!value.is_object()) return bad(failure_code::bad_value, "not a JSON object");
    return value;
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
        std::size_t plain = 0;
        while (plain < text.size() && is_plain(text[plain])) ++plain;
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
        fmt::format_to(std::back_inserter(out), "{:.1f}", value);
    } else {
        fmt::format_to(std::back_inserter(out), "{}", value);
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

result<outcome> read_outcome(const record_view& record) {
    outcome what(record.kind, record.question);
    if (record.kind == record_kind::session) return what;
    // Most bodies fit: the tree is read and thrown away.
    unsigned char buffer[8192];
    json::monotonic_resource memory(buffer, sizeof buffer);
    auto parsed = parse_object(record.body, &memory);
    if (!parsed) return parsed.error();
    const auto& body = parsed->get_object();

    if (count_at(body, "question_id") != record.question)
        return bad(failure_code::bad_value,
                   fmt::format("question_id is not that of its record, {}", record.question));
    if (const auto format = parse_question_format(text_at(body, "format"))) what.format = *format;
    what.usage = usage_at(body);
    what.attempts = static_cast<std::uint32_t>(count_at(body, "attempts"));
    what.category = text_at(body, "category");
    what.model_seconds = number_at(body, "model_time_seconds");
    what.truncated = text_at(body, "finish_reason") == "length";
    if (record.kind == record_kind::result) {
        const auto* score = body.if_contains("score");
        if (score && score->is_number()) what.score = number_at(body, "score");
        const auto* evaluation = body.if_contains("evaluation");
        what.no_choice = what.format == question_format::multiple_choice && evaluation &&
                         evaluation->is_object() &&
                         text_at(evaluation->get_object(), "model_choice").empty();
    } else if (record.kind == record_kind::failed) {
        what.error_kind = text_at(body, "error_kind");
        what.refused = flag_at(body, "refused");
    }
    return what;
}

result<answer> read_answer(std::string_view text) {
    auto parsed = parse_object(text, {});
    if (!parsed) return parsed.error();
    const auto& body = parsed->get_object();
    const auto* said_text = body.if_contains("model_answer");
    if (!said_text || !said_text->is_string())
        return bad(failure_code::bad_value, "model_answer is missing");
    answer said;
    said.text = text_at(body, "model_answer");
    said.reasoning = text_at(body, "reasoning");
    said.finish_reason = text_at(body, "finish_reason");
    said.usage = usage_at(body);
    said.model_seconds = number_at(body, "model_time_seconds");
    said.attempts = static_cast<std::uint32_t>(count_at(body, "attempts"));
    return said;
}

outcome outcome_of(const question& asked, const answer& said) {
    outcome what(record_kind::answered, asked.number);
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
    what.no_choice = asked.format == question_format::multiple_choice && mark.model_choice.empty();
    return what;
}

outcome outcome_of(const question& asked, const question_failure& why) {
    outcome what(record_kind::failed, asked.number);
    what.format = asked.format;
    what.category = asked.category;
    what.attempts = why.attempts;
    what.error_kind = why.kind;
    what.refused = why.refused;
    return what;
}

} // namespace proctor
