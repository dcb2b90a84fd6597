// Kills a run again and again, and keeps the books of what it had promised each time.
#pragma once

#include "support/programs.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <random>

namespace proctor::test {

struct kill_plan {
    unsigned kills = 20;
    std::chrono::milliseconds longest_life{1200}; // of a process, from its start
    std::function<command(const words& more)> start;
    // How often each question was asked so far.
    std::function<asked_counts()> asked;
    // What the endpoint knows question `number` by.
    std::function<std::string(std::uint64_t number)> name_of;
};

struct kill_figures {
    unsigned kills = 0;           // that met a live run
    std::size_t acknowledged = 0; // before the last kill
    std::size_t lost = 0;         // acknowledged, and not in the results
    std::size_t asked_twice = 0;  // after it was acknowledged
    std::size_t acknowledged_twice = 0;
    finished last; // the process that was left alone
};

std::ostream& operator<<(std::ostream&, const kill_figures&);

// Starts the run, alternately with --save-incremental and without, kills it at a random moment of
// its life, and so on; then lets it come to its end. Requires that the run is so long that all
// kills meet it.
kill_figures kill_and_resume(const workplace&, const kill_plan&, std::uint64_t seed);

// From the environment variable PROCTOR_TEST_SEED, or drawn; printed either way.
std::uint64_t kill_seed();

} // namespace proctor::test
