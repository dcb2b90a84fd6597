// How far a run is, as text. Pure functions; who prints them, and when, is decided elsewhere.
#pragma once

#include "proctor/core/ledger.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

struct progress {
    std::uint64_t total = 0;            // questions of the selection
    std::uint64_t completed = 0;        // durable
    std::uint64_t completed_before = 0; // by earlier sessions
    std::uint64_t failed = 0;
    std::uint64_t in_flight = 0;
    double elapsed_seconds = 0; // of this session
    tally marks;
    std::string cost; // so far, as text; empty: nobody named prices

    double rate() const;              // completed in this session, per second
    double remaining_seconds() const; // 0 if nothing is known
};

// "Processing questions: 32.4%|████    | 3,240/10,000 [15:32<32:45, 3.5 questions/s]" and what
// else fits into `width` columns: accuracy and cost so far, in flight, failed.
std::string progress_bar(const progress&, std::size_t width, bool unicode);
// The same figures as one plain line, for logs and pipes.
std::string progress_line(const progress&);

// 1234567 as "1,234,567".
std::string thousands(std::uint64_t);
// 15:32, 2:15:30.
std::string clock_time(double seconds);

} // namespace proctor
