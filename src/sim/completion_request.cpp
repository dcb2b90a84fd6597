// Reads no more of OpenAI's dialect than a simulated model has use for.
#include "completion_request.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <string_view>

namespace proctor {
namespace {

namespace json = boost::json;

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

bool asks_for_verdict(std::string_view message) {
    return message.find("score") != message.npos && message.find("JSON") != message.npos;
}

std::optional<completion_request> chat_request_in(const json::value& root) {
    const auto* listed = member(root, "messages");
    const auto* messages = listed ? listed->if_array() : nullptr;
    if (!messages) return std::nullopt;

    completion_request request;
    bool asked = false;
    for (const auto& message : *messages) {
        auto text = text_of(message);
        if (!text) continue;
        request.characters += text->size();
        const auto role = string_member(message, "role");
        const bool is_users = role == "user";
        if ((is_users || role == "system") && asks_for_verdict(*text))
            request.wanted = reply_form::verdict;
        if (!is_users) continue;
        request.prompt = std::move(*text);
        asked = true;
    }
    if (!asked) return std::nullopt;
    return request;
}

std::optional<completion_request> completions_request_in(const json::value& root) {
    const auto prompt = string_member(root, "prompt");
    if (!prompt) return std::nullopt;
    completion_request request;
    request.prompt = *prompt;
    request.characters = prompt->size();
    return request;
}

} // namespace

std::optional<completion_request> read_request(dialect spoken, const std::string& body) {
    std::array<unsigned char, 16 * 1024> scratch;
    json::monotonic_resource memory(scratch.data(), scratch.size());
    boost::system::error_code error;
    const auto root = json::parse({body.data(), body.size()}, error, &memory);
    if (error) return std::nullopt;
    auto request = spoken == dialect::chat ? chat_request_in(root) : completions_request_in(root);
    if (!request) return std::nullopt;
    request->spoken = spoken;
    request->model = string_member(root, "model").value_or("simulated");
    return request;
}

} // namespace proctor
