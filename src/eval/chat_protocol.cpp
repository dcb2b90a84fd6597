// The JSON of both dialects. Requests are appended to a string and replies are parsed into
// memory that is thrown away: a tree of our own would cost more than the rest of a request.
#include "proctor/eval/chat_protocol.hpp"

#include "proctor/codec/json_fields.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace proctor {
namespace {

namespace json = boost::json;

// Enough for most replies; longer ones go on in the heap.
using reply_buffer = std::array<unsigned char, 8192>;

failure bad_reply(std::string detail) {
    return {failure_code::bad_response, "reply", std::move(detail)};
}

const json::value* field(const json::value& value, std::string_view name) {
    const auto* object = value.if_object();
    return object ? object->if_contains(json::string_view(name.data(), name.size())) : nullptr;
}

std::string_view text_of(const json::value* value) {
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::uint64_t count_of(const json::value* value) {
    boost::system::error_code ec;
    const auto count = value ? value->to_number<std::uint64_t>(ec) : 0;
    return ec ? 0 : count;
}

// A string, or a list of parts of which the texts count.
std::string content_of(const json::value* content) {
    const auto* parts = content ? content->if_array() : nullptr;
    if (!parts) return std::string(text_of(content));
    std::string text;
    for (const auto& part : *parts)
        if (text_of(field(part, "type")) == "text") text += text_of(field(part, "text"));
    return text;
}

// Models write what is not UTF-8 now and then; what is written down of it is made valid there.
json::parse_options lenient() {
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    return options;
}

std::string_view message_in(const json::value& body) {
    const auto* error = field(body, "error");
    for (const auto* holder : {error, &body}) {
        if (!holder) continue;
        if (const auto text = text_of(holder); !text.empty()) return text;
        for (const auto* name : {"message", "detail"})
            if (const auto text = text_of(field(*holder, name)); !text.empty()) return text;
    }
    // {"detail": [{"msg": …}]}: FastAPI's validation errors
    const auto* details = field(body, "detail");
    const auto* list = details ? details->if_array() : nullptr;
    if (list && !list->empty()) return text_of(field(list->front(), "msg"));
    return {};
}

// Control characters and runs of blanks become one blank; never cut inside a UTF-8 sequence.
std::string shortened_line(std::string_view text) {
    constexpr std::size_t limit = 500; // bytes
    std::string line;
    for (const char c : text) {
        if (line.size() > limit) break;
        if (static_cast<unsigned char>(c) > ' ' && c != 0x7f)
            line += c;
        else if (!line.empty() && line.back() != ' ')
            line += ' ';
    }
    if (line.size() > limit) {
        std::size_t end = limit;
        while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;
        line.resize(end);
    }
    if (!line.empty() && line.back() == ' ') line.pop_back();
    return line;
}

void append_message(std::string& out, std::string_view role, std::string_view content) {
    out += R"({"role":")";
    out += role;
    out += R"(","content":)";
    append_json_string(out, content);
    out += '}';
}

// What both dialects have behind what is put, to the end.
void append_sampling(std::string& body, const sampling_settings& sampling) {
    const auto& extra = sampling.extra_body;
    if (!extra.contains("temperature")) {
        body += R"(,"temperature":)";
        append_json_number(body, sampling.temperature);
    }
    if (!extra.contains("max_tokens") && !extra.contains("max_completion_tokens")) {
        body += R"(,"max_tokens":)";
        body += std::to_string(sampling.max_tokens);
    }
    for (const auto& [name, value] : extra) {
        body += ',';
        append_json_string(body, {name.data(), name.size()});
        body += ':';
        body += json_text(value);
    }
    body += '}';
}

void read_message(answer& said, const json::value& message) {
    said.text = content_of(field(message, "content"));
    if (said.text.empty()) said.text = text_of(field(message, "refusal"));
    said.reasoning = text_of(field(message, "reasoning_content"));
    if (said.reasoning.empty()) said.reasoning = text_of(field(message, "reasoning"));
}

failure other_dialect(std::string_view expected, std::string_view got, std::string_view ours) {
    return bad_reply(
        fmt::format("expected {}, got {}: what answers there does not speak the dialect "
                    "of {}",
                    expected, got, ours));
}

result<answer> parse_reply(dialect spoken, std::string_view body) {
    reply_buffer buffer;
    json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::system::error_code ec;
    const auto reply = json::parse({body.data(), body.size()}, ec, &memory, lenient());
    if (ec) return bad_reply("not JSON: " + ec.message() + ": " + error_message_of(body));
    const auto* choices = field(reply, "choices");
    const auto* list = choices ? choices->if_array() : nullptr;
    const auto* choice = list && !list->empty() ? &list->front() : nullptr;
    const auto* message = choice ? field(*choice, "message") : nullptr;
    const auto* text = choice ? field(*choice, "text") : nullptr;
    const bool has_message = message && message->is_object();
    const bool has_text = text && text->is_string();

    answer said;
    if (spoken == dialect::chat) {
        constexpr std::string_view expected = "choices with a message";
        if (!has_message && has_text) return other_dialect(expected, "a completion", "chat");
        if (!has_message)
            return bad_reply(fmt::format("expected {}, got: {}", expected, error_message_of(body)));
        read_message(said, *message);
    } else {
        constexpr std::string_view expected = "choices with a text";
        if (!has_text && has_message) return other_dialect(expected, "a chat reply", "completions");
        if (!has_text)
            return bad_reply(fmt::format("expected {}, got: {}", expected, error_message_of(body)));
        said.text = text_of(text);
    }
    said.finish_reason = text_of(field(*choice, "finish_reason"));
    if (const auto* usage = field(reply, "usage")) {
        said.usage.prompt = count_of(field(*usage, "prompt_tokens"));
        said.usage.completion = count_of(field(*usage, "completion_tokens"));
    }
    return said;
}

} // namespace

std::string chat_request_body(const sampling_settings& sampling, std::string_view system,
                              std::string_view prompt, std::span<const prompt_example> examples) {
    std::string body;
    body.reserve(160 + sampling.model.size() + system.size() + prompt.size() + prompt.size() / 8);
    body += R"({"model":)";
    append_json_string(body, sampling.model);
    body += R"(,"messages":[)";
    if (!system.empty()) {
        append_message(body, "system", system);
        body += ',';
    }
    for (const auto& example : examples) {
        append_message(body, "user", example.prompt);
        body += ',';
        append_message(body, "assistant", example.answer);
        body += ',';
    }
    append_message(body, "user", prompt);
    body += ']';
    append_sampling(body, sampling);
    return body;
}

std::string completions_request_body(const sampling_settings& sampling, std::string_view prompt) {
    std::string body;
    body.reserve(128 + sampling.model.size() + prompt.size() + prompt.size() / 8);
    body += R"({"model":)";
    append_json_string(body, sampling.model);
    body += R"(,"prompt":)";
    append_json_string(body, prompt);
    append_sampling(body, sampling);
    return body;
}

result<answer> parse_chat_reply(std::string_view body) {
    return parse_reply(dialect::chat, body);
}

result<answer> parse_completions_reply(std::string_view body) {
    return parse_reply(dialect::completions, body);
}

bool says_no_credit(std::string_view body) {
    reply_buffer buffer;
    json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::system::error_code ec;
    const auto value = json::parse({body.data(), body.size()}, ec, &memory, lenient());
    const auto* error = ec ? nullptr : field(value, "error");
    if (!error) return false;
    // OpenAI's, and those of who speaks its dialect. Messages are no sign: Gemini's of a minute's
    // limit has the words of OpenAI's of an empty account.
    constexpr std::array<std::string_view, 5> words{
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active",
        "insufficient_balance", "insufficient_credits"};
    return std::ranges::any_of(words, [&](auto word) {
        return text_of(field(*error, "code")) == word || text_of(field(*error, "type")) == word;
    });
}

std::string error_message_of(std::string_view body) {
    reply_buffer buffer;
    json::monotonic_resource memory(buffer.data(), buffer.size());
    boost::system::error_code ec;
    const auto value = json::parse({body.data(), body.size()}, ec, &memory, lenient());
    const auto message = ec ? std::string_view() : message_in(value);
    const auto line = shortened_line(message.empty() ? body : message);
    return line.empty() ? "an empty body" : line;
}

} // namespace proctor
