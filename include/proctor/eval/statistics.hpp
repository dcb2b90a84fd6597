// Figures that can be published.
#pragma once

#include "proctor/core/ledger.hpp"

namespace proctor {

struct interval {
    double low = 0;
    double high = 1;
};

// Wilson's score interval at 95 % for a mean of marks in [0, 1]; {0, 1} if nothing is marked.
// E. B. Wilson, J. Amer. Statist. Assoc. 22 (1927) 209.
interval wilson_interval(const tally&);

} // namespace proctor
