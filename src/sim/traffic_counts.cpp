// Counting, and the JSON that tells of it.
#include "traffic_counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace proctor {

std::uint64_t traffic_counts::count_request(const simulated_reply& reply) {
    ++requests_;
    auto& counted = asked_[reply.prompt_hash];
    counted.question = reply.question;
    return counted.times++;
}

in_progress_mark traffic_counts::begin_work() {
    most_in_progress_ = std::max(most_in_progress_, ++in_progress_);
    return in_progress_mark(&in_progress_);
}

void traffic_counts::append_json(std::string& out) const {
    fmt::format_to(std::back_inserter(out),
                   R"({{"requests":{},"distinct":{},"answered":{},"in_progress":{},)"
                   R"("most_in_progress":{},"connections":{},"faults":{{)",
                   requests_, asked_.size(), answered_, in_progress_, most_in_progress_,
                   connections_);
    const char* separator = "";
    for (const auto& [name, times] : faults_) {
        fmt::format_to(std::back_inserter(out), R"({}"{}":{})", separator, name, times);
        separator = ",";
    }
    out += R"(},"asked":{)";
    separator = "";
    for (const auto& [hash, counted] : asked_) {
        if (counted.question != 0)
            fmt::format_to(std::back_inserter(out), R"({}"{}":{})", separator, counted.question,
                           counted.times);
        else
            fmt::format_to(std::back_inserter(out), R"({}"{:016x}":{})", separator, hash,
                           counted.times);
        separator = ",";
    }
    out += "}}";
}

} // namespace proctor
