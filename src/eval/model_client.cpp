// One attempt at one question. Whether there will be another is decide_retry's to say, and when it
// is sent the caller's.
#include "proctor/eval/model_client.hpp"

#include <algorithm>

namespace proctor {
namespace {

attempt_failure http_failure(std::string_view path, const http_response& response) {
    attempt_failure failed(failure(failure_code::http_status, std::string(path),
                                   "HTTP " + std::to_string(response.status) + ": " +
                                       error_message_of(response.body)));
    failed.status = response.status;
    failed.retry_after = response.retry_after;
    failed.should_retry = response.should_retry;
    failed.limit_reset = response.limit_reset;
    failed.no_credit = says_no_credit(response.body);
    return failed;
}

std::string_view trim_front(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    return text.substr(std::min(begin, text.size()));
}

std::string_view trim(std::string_view text) {
    text = trim_front(text);
    const auto end = text.find_last_not_of(" \t\r\n");
    return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// Endpoints that do not tell thoughts from the answer leave them in <think> … </think> at its
// front. Thoughts that were cut off before their end are no answer.
void take_thoughts_out(answer& said) {
    constexpr std::string_view opening = "<think>";
    constexpr std::string_view closing = "</think>";
    const auto text = trim_front(said.text);
    if (text.substr(0, opening.size()) != opening) return;
    const auto end = text.find(closing);
    const auto thoughts =
        trim(text.substr(opening.size(), end == std::string_view::npos ? std::string_view::npos
                                                                       : end - opening.size()));
    if (!said.reasoning.empty()) said.reasoning += '\n';
    said.reasoning += thoughts;
    said.text = end == std::string_view::npos
                    ? std::string()
                    : std::string(trim_front(text.substr(end + closing.size())));
}

} // namespace

void throw_exception_from_error(const attempt_failure& what, const boost::source_location&) {
    throw failure_error(what.why);
}

void scrubber::add(std::string secret) {
    constexpr std::size_t shortest = 4; // bytes; replacing less would garble ordinary text
    if (secret.size() < shortest) return;
    secrets_.push_back(std::move(secret));
    // A secret that contains another one must go first.
    std::sort(secrets_.begin(), secrets_.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string scrubber::clean(std::string text) const {
    constexpr std::string_view mask = "***";
    for (const auto& secret : secrets_)
        for (auto at = text.find(secret); at != std::string::npos;
             at = text.find(secret, at + mask.size()))
            text.replace(at, secret.size(), mask);
    return text;
}

model_client::model_client(transport& transport, clock& clock, const scrubber& scrubber,
                           model_settings settings)
    : transport_(transport), clock_(clock), scrubber_(scrubber), settings_(std::move(settings)) {}

std::string model_client::request_body(const question& asked) const {
    const auto prompt = build_prompt(asked, settings_.prompt);
    if (settings_.prompt.spoken == dialect::completions)
        return completions_request_body(settings_.sampling, prompt);
    return chat_request_body(settings_.sampling, settings_.prompt.system, prompt,
                             settings_.prompt.examples);
}

asio::awaitable<attempt_result> model_client::ask(const question& asked) {
    const auto path = path_of(settings_.prompt.spoken);
    http_request request(http_method::post, std::string(path), request_body(asked));
    const auto began = clock_.now();
    auto response = co_await transport_.exchange(std::move(request));
    if (!response) co_return scrubbed(attempt_failure(response.error()));
    const auto took = response->took.value_or(clock_.now() - began);
    if (response->status != 200) {
        // Before it is shortened too: what is left of a key is a piece of the key.
        response->body = scrubber_.clean(std::move(response->body));
        co_return scrubbed(http_failure(path, *response));
    }

    auto said = settings_.prompt.spoken == dialect::completions
                    ? parse_completions_reply(response->body)
                    : parse_chat_reply(response->body);
    if (!said) {
        attempt_failure failed(
            failure(failure_code::bad_response, std::string(path), said.error().detail));
        failed.status = response->status;
        failed.retry_after = response->retry_after;
        failed.should_retry = response->should_retry;
        co_return scrubbed(std::move(failed));
    }
    take_thoughts_out(*said);
    said->model_seconds = std::chrono::duration<double>(took).count();
    model_reply reply;
    reply.said = std::move(*said);
    reply.limit_reset = response->limit_reset;
    co_return std::move(reply);
}

asio::awaitable<boost::system::result<void, attempt_failure>> model_client::probe() {
    http_request request(http_method::get, std::string(models_path));
    auto response = co_await transport_.exchange(std::move(request));
    if (!response) co_return scrubbed(attempt_failure(response.error()));
    const auto status = response->status;
    if (status == 401 || status == 403 || status == 503) {
        response->body = scrubber_.clean(std::move(response->body));
        co_return scrubbed(http_failure(models_path, *response));
    }
    co_return boost::system::result<void, attempt_failure>();
}

attempt_failure model_client::scrubbed(attempt_failure failed) const {
    failed.why.where = scrubber_.clean(std::move(failed.why.where));
    failed.why.detail = scrubber_.clean(std::move(failed.why.detail));
    return failed;
}

} // namespace proctor
