// What the simulated endpoint counts, for /stats; the members' meaning is told in
// simulated_endpoint.hpp.
#pragma once

#include "proctor/sim/simulated_model.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace proctor {

struct decrement {
    void operator()(std::uint64_t* count) const { --*count; }
};
// Counts one request among those in progress for as long as it lives.
using in_progress_mark = std::unique_ptr<std::uint64_t, decrement>;

class traffic_counts {
public:
    void count_connection() { ++connections_; }
    // Returns how often the prompt had come before.
    std::uint64_t count_request(const simulated_reply&);
    void count_fault(const std::string& name) { ++faults_[name]; }
    void count_answered() { ++answered_; }
    // The counts outlive the mark.
    in_progress_mark begin_work();

    std::uint64_t requests() const { return requests_; }
    std::uint64_t in_progress() const { return in_progress_; }

    void append_json(std::string& out) const;

private:
    struct tally {
        question_id question = 0;
        std::uint64_t times = 0;
    };

    std::unordered_map<std::uint64_t, tally> asked_; // by prompt hash
    std::map<std::string, std::uint64_t> faults_;
    std::uint64_t connections_ = 0;
    std::uint64_t requests_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t in_progress_ = 0;
    std::uint64_t most_in_progress_ = 0;
};

} // namespace proctor
