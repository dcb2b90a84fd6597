// The simulated endpoint's answers as HTTP, apart from sockets: one request in, one response out.
// Used on the server's thread only.
#pragma once

#include "completion_request.hpp"
#include "proctor/sim/minute_budget.hpp"
#include "proctor/sim/simulated_endpoint.hpp"
#include "proctor/sim/simulated_model.hpp"
#include "request_parser.hpp"
#include "traffic_counts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proctor {

struct outgoing_response {
    std::string bytes;         // head and body
    std::size_t head_size = 0; // of these
    duration delay{};          // to be waited for before anything is sent
    // How to send it; none, status and garbage are sent like any other.
    fault_kind spoiled_by = fault_kind::none;
    bool is_completion = false;
    in_progress_mark in_progress; // of a request that is worked on
};

class chat_service {
public:
    enum class afterwards { keep_alive, close };

    // Takes of the options what is about the things that are said.
    explicit chat_service(simulator_options);

    void count_connection() { counts_.count_connection(); }
    // Replaces what is in `response`.
    void answer(const incoming_request&, afterwards, outgoing_response& response);
    // To be told of each response that was sent to its last byte.
    void count_sent(outgoing_response&);
    // For what is not even a request.
    static std::string refusal(unsigned status, std::string_view why);

private:
    unsigned route(const incoming_request&, outgoing_response& response);
    unsigned post(const incoming_request&, dialect, outgoing_response& response);
    unsigned complete(const completion_request&, outgoing_response& response);
    std::string_view asked_in(const completion_request&) const;
    // False: beyond a limit, and the refusal is written.
    [[nodiscard]] bool admit();
    void write_completion(const completion_request&, const simulated_reply&);
    void write_budget(time_point now);
    unsigned refuse(unsigned status, std::string_view why);

    simulated_model model_;
    std::string api_key_;
    std::uint64_t seed_;
    fault_plan faults_;
    std::uint64_t capacity_;
    std::optional<minute_budget> budget_;
    traffic_counts counts_;
    std::string headers_; // beyond the usual, of the response that is being made
    std::string body_;    // of the same
};

} // namespace proctor
