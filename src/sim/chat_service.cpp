// JSON and HTTP written by hand: the server shares the machine with the client whose speed it is
// there to show.
#include "chat_service.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/chat_protocol.hpp"

#include <boost/beast/http/status.hpp>

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

namespace http = boost::beast::http;

std::string_view reason_of(unsigned status) {
    return http::obsolete_reason(http::int_to_status(status));
}

std::string_view error_type_of(unsigned status) {
    if (status == 401) return "authentication_error";
    if (status == 429) return "requests";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

// As OpenAI sends it when there is nothing left to spend.
constexpr std::string_view empty_account =
    R"({"error":{"message":"simulated: You exceeded your current quota, please check your plan and )"
    R"(billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}})";

void append_error(std::string& out, unsigned status, std::string_view why) {
    out += R"({"error":{"message":)";
    append_json_string(out, why);
    out += fmt::format(R"(,"type":"{}","param":null,"code":{}}}}})", error_type_of(status),
                       status == 429 ? R"("rate_limit_exceeded")" : "null");
}

// `headers`: lines beyond the usual.
void append_head(std::string& out, unsigned status, chat_service::afterwards next,
                 std::string_view headers, std::size_t body_size) {
    fmt::format_to(std::back_inserter(out),
                   "HTTP/1.1 {} {}\r\nServer: proctor-sim\r\nContent-Type: application/json\r\n{}{}"
                   "Content-Length: {}\r\n\r\n",
                   status, reason_of(status),
                   next == chat_service::afterwards::close ? "Connection: close\r\n" : "", headers,
                   body_size);
}

std::string retry_after(duration time) {
    using namespace std::chrono;
    return fmt::format("Retry-After: {}\r\nretry-after-ms: {}\r\n", ceil<seconds>(time).count(),
                       ceil<milliseconds>(time).count());
}

constexpr std::string_view retry_in_a_second = "Retry-After: 1\r\n";

// As proxies send it in the place of what was asked for.
constexpr std::string_view garbage = "<!doctype html><title>This is not an answer</title>";

// A usual rule of thumb.
std::size_t tokens(std::size_t characters) {
    return (characters + 3) / 4;
}

std::string_view path_of(std::string_view target) {
    return target.substr(0, target.find('?'));
}

} // namespace

chat_service::chat_service(simulator_options options)
    : model_(std::move(options.key), options.accuracy, options.seed, options.latency,
             options.verdicts),
      api_key_(std::move(options.api_key)), seed_(options.seed), faults_(std::move(options.faults)),
      capacity_(options.capacity) {
    if (options.requests_per_minute > 0) budget_.emplace(options.requests_per_minute);
}

void chat_service::answer(const incoming_request& request, afterwards next,
                          outgoing_response& response) {
    headers_.clear();
    body_.clear();
    outgoing_response made;
    made.bytes = std::move(response.bytes); // for its memory
    made.bytes.clear();
    response = std::move(made);
    const auto status = route(request, response);
    append_head(response.bytes, status, next, headers_, body_.size());
    response.head_size = response.bytes.size();
    response.bytes += body_;
}

void chat_service::count_sent(outgoing_response& response) {
    if (response.is_completion) counts_.count_answered();
    response.in_progress.reset();
}

std::string chat_service::refusal(unsigned status, std::string_view why) {
    std::string body, bytes;
    append_error(body, status, why);
    append_head(bytes, status, afterwards::close, "", body.size());
    return bytes + body;
}

unsigned chat_service::refuse(unsigned status, std::string_view why) {
    append_error(body_, status, why);
    return status;
}

unsigned chat_service::route(const incoming_request& request, outgoing_response& response) {
    const auto path = path_of(request.target);
    if (path.ends_with("/stats")) {
        if (request.method != http::verb::get) return refuse(405, "/stats is there to be read");
        counts_.append_json(body_);
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
    for (const auto spoken : {dialect::chat, dialect::completions})
        if (path.ends_with(path_of(spoken))) return post(request, spoken, response);
    return refuse(404, fmt::format("there is nothing at {}", path));
}

unsigned chat_service::post(const incoming_request& incoming, dialect spoken,
                            outgoing_response& response) {
    if (incoming.method != http::verb::post)
        return refuse(405, fmt::format("{} takes POST requests", path_of(spoken)));
    const bool is_chat = spoken == dialect::chat;
    const auto request = read_request(spoken, incoming.body);
    const auto status = request
                            ? complete(*request, response)
                            : refuse(400, fmt::format("the body is not a JSON object with {}",
                                                      is_chat ? "messages, one of them the user's"
                                                              : "a prompt, which is a string"));
    if (budget_) write_budget(std::chrono::steady_clock::now());
    return status;
}

unsigned chat_service::complete(const completion_request& request, outgoing_response& response) {
    const auto reply = model_.reply_to(asked_in(request), request.wanted);
    const auto asked_before = counts_.count_request(reply);
    if (!admit()) return 429;

    response.in_progress = counts_.begin_work();
    const auto spoiled = draw_fault(faults_, seed_, reply.prompt_hash, asked_before);
    if (spoiled.kind != fault_kind::none) counts_.count_fault(name_of(spoiled));
    if (spoiled.kind == fault_kind::status) {
        if (spoiled.status == 429 || spoiled.status == 503) headers_ += retry_in_a_second;
        return refuse(spoiled.status, fmt::format("simulated: {}", reason_of(spoiled.status)));
    }
    if (spoiled.kind == fault_kind::quota) {
        body_ = empty_account;
        return 429;
    }
    response.spoiled_by = spoiled.kind;
    response.delay = reply.latency;
    if (spoiled.kind == fault_kind::garbage) {
        body_ = garbage;
        return 200;
    }
    write_completion(request, reply);
    response.is_completion = true;
    return 200;
}

// A key of chat prompts knows the question in a text for completions.
std::string_view chat_service::asked_in(const completion_request& request) const {
    const bool as_it_is = request.spoken == dialect::chat || model_.knows(request.prompt);
    return as_it_is ? std::string_view(request.prompt) : question_in(request.prompt);
}

bool chat_service::admit() {
    if (budget_) {
        const auto wait = budget_->take(std::chrono::steady_clock::now());
        if (wait > duration{}) {
            counts_.count_fault("rpm");
            headers_ += retry_after(wait);
            refuse(429, fmt::format("Rate limit reached: {} requests a minute. Please try again "
                                    "in {}.",
                                    budget_->limit(), reset_text(wait)));
            return false;
        }
    }
    if (capacity_ > 0 && counts_.in_progress() >= capacity_) {
        counts_.count_fault("capacity");
        headers_ += retry_in_a_second;
        refuse(429, fmt::format("Capacity reached: {} requests at once.", capacity_));
        return false;
    }
    return true;
}

void chat_service::write_completion(const completion_request& request,
                                    const simulated_reply& reply) {
    const bool is_chat = request.spoken == dialect::chat;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto prompt_tokens = tokens(request.characters);
    const auto completion_tokens = tokens(reply.text.size());
    fmt::format_to(std::back_inserter(body_),
                   R"({{"id":"{}-sim-{}","object":"{}","created":{},"model":)",
                   is_chat ? "chatcmpl" : "cmpl", counts_.requests(),
                   is_chat ? "chat.completion" : "text_completion",
                   std::chrono::duration_cast<std::chrono::seconds>(now).count());
    append_json_string(body_, request.model);
    if (is_chat) {
        body_ += R"(,"choices":[{"index":0,"message":{"role":"assistant","content":)";
        append_json_string(body_, reply.text);
        body_ += '}';
    } else { // a word that follows "Answer:" begins with a blank
        body_ += R"(,"choices":[{"index":0,"logprobs":null,"text":)";
        append_json_string(body_, " " + reply.text);
    }
    fmt::format_to(std::back_inserter(body_),
                   R"(,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{},)"
                   R"("completion_tokens":{},"total_tokens":{}}}}})",
                   prompt_tokens, completion_tokens, prompt_tokens + completion_tokens);
}

void chat_service::write_budget(time_point now) {
    fmt::format_to(std::back_inserter(headers_),
                   "x-ratelimit-limit-requests: {}\r\nx-ratelimit-remaining-requests: {}\r\n"
                   "x-ratelimit-reset-requests: {}\r\n",
                   budget_->limit(), budget_->remaining(now), reset_text(budget_->until_full(now)));
}

} // namespace proctor
