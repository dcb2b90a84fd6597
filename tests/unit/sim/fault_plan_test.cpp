#include "proctor/sim/fault_plan.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <string>

namespace proctor {
namespace {

// How often each of many draws brings each fault; without those that bring none.
std::map<std::string, int> tally(const fault_plan& plan, std::uint64_t seed, int draws) {
    std::map<std::string, int> times;
    for (int i = 0; i < draws; ++i) {
        const auto prompt = static_cast<std::uint64_t>(i / 2);
        const auto drawn = draw_fault(plan, seed, prompt, static_cast<std::uint64_t>(i % 2));
        if (drawn.kind != fault_kind::none) ++times[name_of(drawn)];
    }
    return times;
}

} // namespace

BOOST_AUTO_TEST_SUITE(fault_plans)

BOOST_AUTO_TEST_CASE(faults_and_their_shares_are_read) {
    const auto plan =
        parse_faults("429:5%,quota:1%,reset:0.5%,truncate:1%,garbage:0%,stall:.25%,drip:90%");
    const auto& shares = plan.value().shares;
    BOOST_REQUIRE(shares.size() == 7u);
    BOOST_TEST((shares[0].what.kind == fault_kind::status));
    BOOST_TEST(shares[0].what.status == 429u);
    BOOST_TEST(shares[2].percent == 0.5);
    BOOST_TEST(shares[5].percent == 0.25);
    std::string names;
    for (const auto& share : shares) names += name_of(share.what) + " ";
    BOOST_TEST(names == "429 quota reset truncate garbage stall drip ");
    BOOST_TEST(parse_faults("").value().shares.empty());
    BOOST_TEST(parse_faults("400:33.3%,500:33.3%,599:33.4%").has_value());
}

BOOST_AUTO_TEST_CASE(other_texts_are_explained) {
    struct {
        const char* text;
        const char* complaint;
    } const table[] = {
        {"429", "\"429\" has no share"},
        {"429:5%,,500:1%", "\"\" has no share"},
        {"399:5%", "\"399\" is no fault"},
        {"600:5%", "\"600\" is no fault"},
        {"42x:5%", "\"42x\" is no fault"},
        {"Reset:5%", "\"Reset\" is no fault"},
        {"none:5%", "\"none\" is no fault"},
        {":5%", "\"\" is no fault"},
        {"reset:5", "\"5\" is no percentage"},
        {"reset:%", "\"%\" is no percentage"},
        {"reset:-1%", "\"-1%\" is no percentage"},
        {"reset:101%", "\"101%\" is no percentage"},
        {"reset:nan%", "\"nan%\" is no percentage"},
        {"reset:5 %", "\"5 %\" is no percentage"},
        {"reset:5%,500:1%,reset:5%", "\"reset\" stands there twice"},
        {"429:1%,0429:1%", "\"429\" stands there twice"},
        {"reset:60%,stall:40.1%", "more than 100%"},
    };
    for (const auto& [text, complaint] : table) {
        BOOST_TEST_CONTEXT(text) {
            const auto parsed = parse_faults(text);
            BOOST_REQUIRE(parsed.has_error());
            BOOST_TEST((parsed.error().code == failure_code::bad_value));
            BOOST_TEST(parsed.error().detail.find(complaint) != std::string::npos,
                       parsed.error().detail);
            BOOST_TEST(parsed.error().detail.find("429:5%,reset:0.5%") != std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(shares_are_kept) {
    const auto plan = parse_faults("429:5%,500:0.5%,reset:20%").value();
    constexpr int draws = 200'000;
    const auto times = tally(plan, 1, draws);
    for (const auto& share : plan.shares) {
        const double expected = draws * share.percent / 100;
        const int got = times.at(name_of(share.what));
        BOOST_TEST(std::abs(got - expected) < 5 * std::sqrt(expected), name_of(share.what));
    }
    BOOST_TEST(tally({}, 1, 1000).empty());
    BOOST_TEST(tally(parse_faults("stall:0%").value(), 1, 1000).empty());
    BOOST_TEST(tally(parse_faults("stall:60%,drip:40%").value(), 1, 1000).size() == 2u);
    BOOST_TEST(tally(parse_faults("stall:100%").value(), 1, 1000).at("stall") == 1000);
}

BOOST_AUTO_TEST_CASE(draws_are_reproducible_and_those_of_a_retry_are_independent) {
    const auto plan = parse_faults("500:30%").value();
    int first = 0, both = 0, other_seed = 0;
    constexpr std::uint64_t prompts = 100'000;
    for (std::uint64_t prompt = 0; prompt < prompts; ++prompt) {
        const bool fails = draw_fault(plan, 7, prompt, 0).kind != fault_kind::none;
        BOOST_REQUIRE((draw_fault(plan, 7, prompt, 0).kind != fault_kind::none) == fails);
        if (!fails) continue;
        ++first;
        both += draw_fault(plan, 7, prompt, 1).kind != fault_kind::none;
        other_seed += draw_fault(plan, 8, prompt, 0).kind != fault_kind::none;
    }
    BOOST_TEST(std::abs(first / double(prompts) - 0.3) < 0.01);
    BOOST_TEST(std::abs(both / double(first) - 0.3) < 0.02);
    BOOST_TEST(std::abs(other_seed / double(first) - 0.3) < 0.02);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace proctor
