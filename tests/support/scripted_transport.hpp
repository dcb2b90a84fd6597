// A transport without a network: a function answers, and every request is kept.
#pragma once

#include "proctor/codec/json_fields.hpp"
#include "proctor/net/transport.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::test {

class scripted_transport final : public transport {
public:
    using script = std::function<result<http_response>(const http_request&)>;

    explicit scripted_transport(script answer) : answer_(std::move(answer)) {}
    // Every exchange takes `time` on `time_source`, which outlives the transport.
    scripted_transport(script answer, clock& time_source, duration time)
        : answer_(std::move(answer)), clock_(&time_source), time_(time) {}

    asio::awaitable<result<http_response>> exchange(http_request request) override {
        requests_.push_back(request);
        const in_flight_count counted(*this);
        if (clock_) co_await clock_->sleep_for(time_);
        co_return answer_(request);
    }

    asio::awaitable<void> stop() override {
        stopped_ = true;
        co_return;
    }

    const std::vector<http_request>& requests() const { return requests_; }
    std::size_t in_flight() const { return in_flight_; }
    std::size_t most_in_flight() const { return most_in_flight_; }
    bool stopped() const { return stopped_; }

private:
    // Goes down when the exchange ends, cancelled or not.
    class in_flight_count {
    public:
        explicit in_flight_count(scripted_transport& owner) : owner_(owner) {
            owner_.most_in_flight_ = std::max(owner_.most_in_flight_, ++owner_.in_flight_);
        }
        in_flight_count(const in_flight_count&) = delete;
        in_flight_count& operator=(const in_flight_count&) = delete;
        ~in_flight_count() { --owner_.in_flight_; }

    private:
        scripted_transport& owner_;
    };

    script answer_;
    clock* clock_ = nullptr;
    duration time_{};
    std::vector<http_request> requests_;
    std::size_t in_flight_ = 0;
    std::size_t most_in_flight_ = 0;
    bool stopped_ = false;
};

inline http_response response(unsigned status, std::string body) {
    http_response made;
    made.status = status;
    made.body = std::move(body);
    return made;
}

// A 200 reply of the chat dialect in which the model says `text`.
inline http_response chat_reply(std::string_view text) {
    std::string body = R"({"choices":[{"index":0,"message":{"role":"assistant","content":)";
    append_json_string(body, text);
    body += R"(},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":2}})";
    return response(200, std::move(body));
}

} // namespace proctor::test
