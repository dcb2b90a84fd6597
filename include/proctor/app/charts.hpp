// Figures as SVG that stands in a page of HTML. Colours and fonts come from the page's style sheet,
// by class; nothing is loaded, no script is needed. What a picture shows is also there as text, for
// those who hover, and for those who listen.
#pragma once

#include "proctor/core/histogram.hpp"
#include "proctor/eval/statistics.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace proctor {

// A line from 0 to 1, with a mean and the interval around it.
std::string interval_chart(double mean, const interval&);
// A bar from 0 to `share` of 1. `kind`: of the style sheet.
std::string share_chart(double share, std::string_view kind);
// How often values of each size came, on a logarithmic axis, with p50, p95 and p99. `named`: a
// value as the axis has it ("200 ms"). Empty if there is none.
std::string spread_chart(const histogram&, const std::function<std::string(double)>& named);

} // namespace proctor
