// Kills a run again and again, and keeps the books of what it had promised each time.
#pragma once

#include "support/programs.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <random>
#include <set>
#include <vector>

namespace proctor::test {

// What an endpoint and a run say of each question, by its number.
struct witnesses {
    // How often each question was asked so far.
    std::function<asked_counts()> asked;
    // What the endpoint knows question `number` by.
    std::function<std::string(std::uint64_t number)> name_of;
};

// Of a simulator that has the answer key and serves nobody else; it must outlive them.
witnesses witnesses_of(const simulator&);

// What is wrong with what a run promised.
struct complaints {
    std::size_t acknowledged = 0; // before the last process began
    std::size_t lost = 0;         // acknowledged, and not in the results
    std::size_t asked_twice = 0;  // asked again after it was acknowledged
    std::size_t acknowledged_twice = 0;

    bool none() const { return lost + asked_twice + acknowledged_twice == 0; }
    complaints& operator+=(const complaints&);
};

// The oracle: what came through the pipe of acknowledgements must be in the results, once, and must
// not be asked again.
class run_books {
public:
    explicit run_books(witnesses who) : who_(std::move(who)) {}

    // All that one process wrote to the pipe.
    void note_acknowledged(const std::string& text);
    // That process has ended: what is acknowledged must not be asked from now on.
    void note_end();
    complaints settle(const boost::json::array& results) const;

private:
    witnesses who_;
    std::set<std::uint64_t> acknowledged_;
    std::map<std::uint64_t, std::uint64_t> asked_; // how often, when its process had ended
    std::size_t acknowledged_twice_ = 0;
};

// Of so many processes one lives from its first acknowledgement on.
inline constexpr unsigned each_patient = 5;

struct kill_plan {
    unsigned kills = 20;
    // Of a process, from its start, or from its first acknowledgement on.
    std::chrono::milliseconds longest_life{1200};
    // Besides the kills, and spread among them: processes that get SIGTERM or SIGINT, or both.
    unsigned interruptions = 0;
    std::function<command(const words& more)> start;
    words last_words; // what only the process that is left alone is told
    witnesses who;
};

struct kill_figures {
    unsigned kills = 0; // that met a live run
    unsigned interruptions = 0;
    complaints found;
    finished last; // the process that was left alone

    kill_figures& operator+=(const kill_figures&); // `last` apart
};

std::ostream& operator<<(std::ostream&, const kill_figures&);

// Starts the run, alternately with --save-incremental and without, kills it at a random moment of
// its life, and so on; then lets it come to its end, which settles the books: if it fails, there
// are no results, and all is lost. All kills meet the run only if it is long enough.
kill_figures kill_and_resume(const workplace&, const kill_plan&, std::uint64_t seed);

// Requires a good end, and checks that the books have no complaint and the log no damage.
void check_nothing_lost(const workplace&, const kill_figures&);

// From the environment variable PROCTOR_TEST_SEED, or drawn; printed either way.
std::uint64_t kill_seed();

} // namespace proctor::test
