// The marks of a run's groups with their 95 % intervals: whoever publishes them takes them from
// here.
#pragma once

#include "proctor/core/ledger.hpp"
#include "proctor/eval/repeat_statistics.hpp"
#include "proctor/eval/statistics.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace proctor {

// By Wilson; where questions are asked several times, clustered by question.
struct group_accuracy {
    tally marks;
    interval range;
};

struct accuracy_figures {
    group_accuracy overall, multiple_choice, free_text;
    std::map<std::string, group_accuracy, std::less<>> by_category;
    // As if every question that has no mark were wrong, whatever the reason.
    group_accuracy at_worst;
};

// `total`: results that the run is to have. `repeats`: null where each question is asked once.
accuracy_figures accuracy_of(const ledger&, std::uint64_t total, const repeat_statistics* repeats);

} // namespace proctor
