// The store's claim, put to the test: whatever the machine or the disk does at whatever call, what
// was acknowledged is there bit for bit, nothing else appears, and the run goes on.
//
// PROCTOR_CRASH_TRAIL=<trail> walks again what led to a violation, alone.
#include "crash_programme.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;

const std::vector<run_shape> shapes = {
    {1, 3, 3 * page_size, 12}, {8, 1, 6 * page_size, 15},
#ifndef PROCTOR_SANITIZE
    {1, 1, 3 * page_size, 11}, {3, 1, page_size, 13},      {3, 3, 4 * page_size, 14},
    {8, 2, 1 << 20, 16},       {64, 1, 8 * page_size, 17}, {64, 3, 1 << 20, 18},
#endif
};

#ifdef PROCTOR_SANITIZE
constexpr thoroughness how{1, 1};
constexpr std::uint64_t least_crashes = 2'000, least_failures = 1'000;
#else
constexpr thoroughness how{3, 2};
constexpr std::uint64_t least_crashes = 100'000, least_failures = 20'000;
#endif

template <class Explore>
void explore_all(std::string_view name, std::uint64_t least, Explore explore) {
    std::uint64_t states = 0, flips = 0, violations = 0;
    for (const auto& shaped : shapes) {
        programme all(shaped, how);
        explore(all);
        states += all.states();
        flips += all.flips();
        if (all.found().empty()) continue;
        ++violations;
        BOOST_ERROR(all.found());
    }
    fmt::print("{} states: {}, violations: {} (and {} flipped bits)\n", name, states, violations,
               flips);
    BOOST_TEST(violations == 0u);
    BOOST_TEST(states >= least);
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_acknowledged_is_lost_wherever_it_dies) {
    if (const char* trail = std::getenv("PROCTOR_CRASH_TRAIL")) {
        const auto found = walk_again(trail);
        BOOST_TEST(found.empty(), found);
        return;
    }
    explore_all("crash", least_crashes, [](programme& all) { all.die_everywhere(); });
}

BOOST_AUTO_TEST_CASE(nothing_is_acknowledged_after_a_failure) {
    if (std::getenv("PROCTOR_CRASH_TRAIL")) return;
    explore_all("failure", least_failures, [](programme& all) { all.fail_everywhere(); });
}
