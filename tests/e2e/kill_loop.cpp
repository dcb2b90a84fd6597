// The loop, and its oracle. A process is given a random time to live, in which it may end by
// itself: then there is nothing left to kill.
#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <ostream>

namespace proctor::test {
namespace {

// Whole lines only: the kill may have cut the last one.
std::vector<std::uint64_t> numbers_in(const std::string& text) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
        numbers.push_back(std::stoull(text.substr(begin, end - begin)));
    return numbers;
}

// Small intervals, so that the default mode gets to acknowledge something in a short life.
words mode_of(std::size_t session) {
    return session % 2 == 0 ? words{"--checkpoint-interval", "10"} : words{"--save-incremental"};
}

using signals = std::vector<int>; // that end one process

// Two signals are two different ones: of one and the same the second may be swallowed.
std::vector<signals> deaths_of(const kill_plan& plan, std::mt19937_64& random) {
    static const signals polite[] = {{SIGTERM}, {SIGINT}, {SIGTERM, SIGINT}, {SIGINT, SIGTERM}};
    std::vector<signals> deaths(plan.kills, {SIGKILL});
    for (unsigned i = 0; i < plan.interruptions; ++i)
        deaths.push_back(polite[i % std::size(polite)]);
    std::shuffle(deaths.begin(), deaths.end(), random);
    return deaths;
}

// Before it has its handlers, a signal kills it; afterwards it says which one it was.
bool died_of(const ending& how, const signals& sent) {
    return std::any_of(sent.begin(), sent.end(), [&](int signal) {
        return how.signal == signal || how.code == 128 + signal;
    });
}

} // namespace

witnesses witnesses_of(const simulator& endpoint) {
    return {[&endpoint] { return endpoint.asked(); },
            [](std::uint64_t number) { return std::to_string(number); }};
}

complaints& complaints::operator+=(const complaints& more) {
    acknowledged += more.acknowledged;
    lost += more.lost;
    asked_twice += more.asked_twice;
    acknowledged_twice += more.acknowledged_twice;
    return *this;
}

void run_books::note_acknowledged(const std::string& text) {
    for (const auto number : numbers_in(text))
        if (!acknowledged_.insert(number).second) ++acknowledged_twice_;
}

void run_books::note_end() {
    const auto counts = who_.asked();
    for (const auto number : acknowledged_)
        asked_.try_emplace(number, counts.at(who_.name_of(number)));
}

complaints run_books::settle(const boost::json::array& results) const {
    complaints found;
    std::set<std::uint64_t> present;
    for (const auto& result : results)
        present.insert(result.at("question_id").to_number<std::uint64_t>());
    for (const auto number : acknowledged_) found.lost += !present.contains(number);
    const auto counts = who_.asked();
    for (const auto& [number, times] : asked_)
        found.asked_twice += counts.at(who_.name_of(number)) != times;
    found.acknowledged = asked_.size();
    found.acknowledged_twice = acknowledged_twice_;
    return found;
}

kill_figures& kill_figures::operator+=(const kill_figures& more) {
    kills += more.kills;
    interruptions += more.interruptions;
    found += more.found;
    return *this;
}

std::ostream& operator<<(std::ostream& out, const kill_figures& figures) {
    return out << "kills " << figures.kills << ", interruptions " << figures.interruptions
               << ", acknowledged before the last process " << figures.found.acknowledged
               << ", lost " << figures.found.lost << ", asked twice " << figures.found.asked_twice
               << ", acknowledged twice " << figures.found.acknowledged_twice;
}

kill_figures kill_and_resume(const workplace& where, const kill_plan& plan, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::chrono::milliseconds::rep> moment(0,
                                                                         plan.longest_life.count());
    run_books books(plan.who);
    kill_figures figures;
    std::size_t session = 0;
    for (const auto& death : deaths_of(plan, random)) {
        child_process run(plan.start(mode_of(session) + words{"--ack-fd", "3"}));
        // However long a start takes (under sanitizers, on a busy machine), some get beyond it.
        if (session++ % each_patient == each_patient - 1)
            while (run.acknowledged.so_far().empty() &&
                   !run.ends_within(std::chrono::milliseconds{5})) {
            }
        const bool ended = run.ends_within(std::chrono::milliseconds{moment(random)});
        if (!ended)
            for (const int signal : death) run.send(signal);
        const auto how = run.wait();
        books.note_acknowledged(run.acknowledged.all());
        books.note_end();
        // Ended by itself, in time or just before the signal: nothing is left to disturb.
        if (ended || how.code == 0) break;
        BOOST_TEST(died_of(how, death), "it ended with status " << how.code << ", signal "
                                                                << how.signal << ": "
                                                                << run.errors.all());
        ++(death.front() == SIGKILL ? figures.kills : figures.interruptions);
    }
    child_process run(plan.start(plan.last_words + words{"--ack-fd", "3"}));
    figures.last.code = run.wait().code;
    figures.last.output = run.output.all();
    figures.last.errors = run.errors.all();
    books.note_acknowledged(run.acknowledged.all());
    figures.found =
        books.settle(figures.last.code == 0 ? results_in(results_path(where, figures.last.errors))
                                            : boost::json::array());
    return figures;
}

void check_nothing_lost(const workplace& where, const kill_figures& figures) {
    BOOST_REQUIRE_MESSAGE(figures.last.code == 0, figures.last.errors);
    BOOST_TEST(figures.found.lost == 0u);
    BOOST_TEST(figures.found.asked_twice == 0u);
    BOOST_TEST(figures.found.acknowledged_twice == 0u);
    // A directory without run.json is what a kill left of a run that never began.
    auto runs = where.runs();
    std::erase_if(runs,
                  [](const auto& run) { return !std::filesystem::exists(run + "/run.json"); });
    BOOST_REQUIRE(runs.size() == 1u);
    const auto verdict = run_to_end({{program("proctor-dump"), "--verify", runs.front()}, {}, "."});
    BOOST_TEST((verdict.code == 0 || verdict.code == 1), verdict.output << verdict.errors);
}

std::uint64_t kill_seed() {
    const char* given = std::getenv("PROCTOR_TEST_SEED");
    const auto seed = given ? std::stoull(given) : std::random_device{}();
    std::cout << "PROCTOR_TEST_SEED=" << seed << " repeats the moments of these kills" << std::endl;
    return seed;
}

} // namespace proctor::test
