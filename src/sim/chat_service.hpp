// The simulated endpoint's answers as HTTP, apart from sockets: one request in, one response out.
// Used on the server's thread only.
#pragma once

#include "proctor/sim/simulated_model.hpp"
#include "request_parser.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace proctor {

struct outgoing_response {
    std::string bytes; // head and body
    duration delay{};  // to be waited for before it is sent
};

class chat_service {
public:
    enum class afterwards { keep_alive, close };

    chat_service(simulated_model model, std::string api_key)
        : model_(std::move(model)), api_key_(std::move(api_key)) {}

    void count_connection() { ++connections_; }
    // Replaces what is in `response`.
    void answer(const incoming_request&, afterwards, outgoing_response& response);
    // For what is not even a request.
    static std::string refusal(unsigned status, std::string_view why);

private:
    struct tally {
        question_id question = 0;
        std::uint64_t times = 0;
    };

    unsigned route(const incoming_request&, outgoing_response& response);
    unsigned complete(const incoming_request&, outgoing_response& response);
    unsigned refuse(unsigned status, std::string_view why);
    void write_stats();

    simulated_model model_;
    std::string api_key_;
    std::string body_;                               // of the response that is being made
    std::unordered_map<std::uint64_t, tally> asked_; // by prompt hash
    std::uint64_t requests_ = 0;
    std::uint64_t connections_ = 0;
};

} // namespace proctor
