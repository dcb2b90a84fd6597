// JSON in and out, written by hand: the server shares the machine with the client whose speed it
// is there to show.
#include "chat_service.hpp"

#include "proctor/codec/json_fields.hpp"

#include <boost/beast/http/status.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>
#include <optional>

namespace proctor {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;

void append_error(std::string& out, std::string_view why, std::string_view type) {
    out += R"({"error":{"message":)";
    append_json_string(out, why);
    out += fmt::format(R"(,"type":"{}","code":null}}}})", type);
}

void append_head(std::string& out, unsigned status, chat_service::afterwards next,
                 std::size_t body_size) {
    const std::string_view reason = http::obsolete_reason(http::int_to_status(status));
    fmt::format_to(std::back_inserter(out),
                   "HTTP/1.1 {} {}\r\nServer: proctor-sim\r\nContent-Type: application/json\r\n{}"
                   "Content-Length: {}\r\n\r\n",
                   status, reason,
                   next == chat_service::afterwards::close ? "Connection: close\r\n" : "",
                   body_size);
}

const json::value* member(const json::value& of, std::string_view name) {
    const auto* object = of.if_object();
    return object ? object->if_contains({name.data(), name.size()}) : nullptr;
}

std::optional<std::string_view> string_member(const json::value& of, std::string_view name) {
    const auto* found = member(of, name);
    const auto* text = found ? found->if_string() : nullptr;
    if (!text) return std::nullopt;
    return std::string_view(text->data(), text->size());
}

// A message's text: a string, or a list of parts of which some are text.
std::optional<std::string> text_of(const json::value& message) {
    if (const auto whole = string_member(message, "content")) return std::string(*whole);
    const auto* content = member(message, "content");
    const auto* parts = content ? content->if_array() : nullptr;
    if (!parts) return std::nullopt;
    std::string text;
    for (const auto& part : *parts)
        if (const auto piece = string_member(part, "text")) text += *piece;
    return text;
}

struct chat_request {
    std::string model;
    std::string prompt;         // the last user message
    std::size_t characters = 0; // of all messages
};

std::optional<chat_request> read_chat_request(const std::string& body) {
    std::array<unsigned char, 16 * 1024> scratch;
    json::monotonic_resource memory(scratch.data(), scratch.size());
    boost::system::error_code error;
    const auto root = json::parse({body.data(), body.size()}, error, &memory);
    if (error) return std::nullopt;
    const auto* listed = member(root, "messages");
    const auto* messages = listed ? listed->if_array() : nullptr;
    if (!messages) return std::nullopt;

    chat_request request;
    request.model = string_member(root, "model").value_or("simulated");
    bool asked = false;
    for (const auto& message : *messages) {
        auto text = text_of(message);
        if (!text) continue;
        request.characters += text->size();
        if (string_member(message, "role") != "user") continue;
        request.prompt = std::move(*text);
        asked = true;
    }
    if (!asked) return std::nullopt;
    return request;
}

// A usual rule of thumb.
std::size_t tokens(std::size_t characters) {
    return (characters + 3) / 4;
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

} // namespace

void chat_service::answer(const incoming_request& request, afterwards next,
                          outgoing_response& response) {
    body_.clear();
    response.bytes.clear();
    response.delay = {};
    const auto status = route(request, response);
    append_head(response.bytes, status, next, body_.size());
    response.bytes += body_;
}

std::string chat_service::refusal(unsigned status, std::string_view why) {
    std::string body, bytes;
    append_error(body, why, "invalid_request_error");
    append_head(bytes, status, afterwards::close, body.size());
    return bytes + body;
}

unsigned chat_service::refuse(unsigned status, std::string_view why) {
    append_error(body_, why, status == 401 ? "authentication_error" : "invalid_request_error");
    return status;
}

unsigned chat_service::route(const incoming_request& request, outgoing_response& response) {
    const auto path = path_of(request.target);
    if (path.ends_with("/stats")) {
        if (request.method != http::verb::get) return refuse(405, "/stats is there to be read");
        write_stats();
        return 200;
    }
    constexpr std::string_view bearer = "Bearer ";
    if (!api_key_.empty()) {
        const std::string_view given = request.authorization;
        if (!given.starts_with(bearer) || given.substr(bearer.size()) != api_key_)
            return refuse(401, "Incorrect API key provided.");
    }
    if (path.ends_with("/models")) {
        if (request.method != http::verb::get) return refuse(405, "/models is there to be read");
        body_ = R"({"object":"list","data":[{"id":"simulated","object":"model","created":0,)"
                R"("owned_by":"proctor-sim"}]})";
        return 200;
    }
    if (path.ends_with("/chat/completions")) {
        if (request.method != http::verb::post)
            return refuse(405, "/chat/completions takes POST requests");
        return complete(request, response);
    }
    return refuse(404, fmt::format("there is nothing at {}", path));
}

unsigned chat_service::complete(const incoming_request& incoming, outgoing_response& response) {
    const auto request = read_chat_request(incoming.body);
    if (!request)
        return refuse(400, "the body is not a JSON object with messages, one of them the user's");
    const auto reply = model_.reply_to(request->prompt);
    response.delay = reply.latency;
    auto& counted = asked_[reply.prompt_hash];
    counted.question = reply.question;
    ++counted.times;
    ++requests_;

    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto prompt_tokens = tokens(request->characters);
    const auto completion_tokens = tokens(reply.text.size());
    fmt::format_to(std::back_inserter(body_),
                   R"({{"id":"chatcmpl-sim-{}","object":"chat.completion","created":{},"model":)",
                   requests_, std::chrono::duration_cast<std::chrono::seconds>(now).count());
    append_json_string(body_, request->model);
    body_ += R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
    append_json_string(body_, reply.text);
    fmt::format_to(std::back_inserter(body_),
                   R"(}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},)"
                   R"("completion_tokens":{},"total_tokens":{}}}}})",
                   prompt_tokens, completion_tokens, prompt_tokens + completion_tokens);
    return 200;
}

void chat_service::write_stats() {
    fmt::format_to(std::back_inserter(body_),
                   R"({{"requests":{},"distinct":{},"connections":{},"asked":{{)", requests_,
                   asked_.size(), connections_);
    const char* separator = "";
    for (const auto& [hash, counted] : asked_) {
        if (counted.question != 0)
            fmt::format_to(std::back_inserter(body_), R"({}"{}":{})", separator, counted.question,
                           counted.times);
        else
            fmt::format_to(std::back_inserter(body_), R"({}"{:016x}":{})", separator, hash,
                           counted.times);
        separator = ",";
    }
    body_ += "}}";
}

} // namespace proctor
