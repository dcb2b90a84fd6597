// What of a configuration pins a run's identity, and what its selection is by that.
#include "proctor/app/run_directory.hpp"
#include "proctor/app/run_lookup.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace proctor;

question_census census_of(std::uint64_t questions) {
    question_census census;
    census.records = census.questions = questions;
    return census;
}

BOOST_AUTO_TEST_SUITE(what_decides_results)

BOOST_AUTO_TEST_CASE(a_sample_is_found_again_by_what_was_recorded) {
    config used;
    used.processing.random_selection = 3;
    used.processing.random_seed = 1;
    auto chosen = selection_of(identity_settings(used, census_of(10)));
    BOOST_TEST(chosen.count(10) == 3u);
    BOOST_TEST((chosen.drawn == draw_questions(10, 3, 1)));

    used.processing.limit = 8; // drawn from the first eight
    chosen = selection_of(identity_settings(used, census_of(10)));
    BOOST_TEST((chosen.drawn == draw_questions(8, 3, 1)));
    BOOST_TEST(selected_count(used, census_of(10)) == 3u);

    used.processing.random_selection = 8; // all of them
    chosen = selection_of(identity_settings(used, census_of(10)));
    BOOST_TEST(!chosen.drawn.has_value());
    BOOST_TEST(chosen.count(10) == 8u);
    used.processing.limit.reset();
    used.processing.random_selection = 10;
    BOOST_TEST(selection_of(identity_settings(used, census_of(10))).count(10) == 10u);
}

BOOST_AUTO_TEST_CASE(a_seed_that_is_not_said_fits_the_one_that_was_drawn) {
    config first;
    first.processing.random_selection = 3;
    first.processing.random_seed = 77;
    const auto recorded = identity_settings(first, census_of(10));
    config later = first;
    later.processing.random_seed.reset();
    BOOST_TEST(differences(recorded, identity_settings(later, census_of(10))).empty());
    later.processing.random_seed = 78;
    BOOST_TEST(differences(recorded, identity_settings(later, census_of(10))).size() == 1u);
    // A seed without a sample is no part of identity, and a limit is no sample.
    config whole, seeded;
    seeded.processing.random_seed = 5;
    BOOST_TEST(differences(identity_settings(whole, census_of(10)),
                           identity_settings(seeded, census_of(10)))
                   .empty());
    config limited;
    limited.processing.limit = 3;
    later.processing.random_seed.reset();
    BOOST_TEST(!differences(identity_settings(limited, census_of(10)),
                            identity_settings(later, census_of(10)))
                    .empty());
}

BOOST_AUTO_TEST_CASE(what_changes_prompts_requests_or_questions_changes_identity) {
    const auto before = identity_settings(config{}, census_of(10));
    const auto changes = [&](auto change) {
        config used;
        change(used);
        return differences(before, identity_settings(used, census_of(10))).size();
    };
    BOOST_TEST(changes([](config&) {}) == 0u);
    BOOST_TEST(changes([](config& c) { c.prompt.template_text = "{question}"; }) == 1u);
    BOOST_TEST(changes([](config& c) { c.prompt.examples_sha256 = "ab"; }) == 1u);
    BOOST_TEST(changes([](config& c) { c.prompt.examples_file = "elsewhere"; }) == 0u);
    BOOST_TEST(changes([](config& c) { c.model.extra_body["top_p"] = 0.5; }) == 1u);
    BOOST_TEST(changes([](config& c) { c.questions_fields["question"] = "prompt"; }) == 1u);
}

// Runs that were made before there was a choice say nothing of it, and were chats.
BOOST_AUTO_TEST_CASE(the_dialect_is_part_of_it_where_it_is_not_chat) {
    config chat, completions;
    completions.model.endpoint = "completions";
    const auto one = identity_settings(chat, census_of(10));
    const auto other = identity_settings(completions, census_of(10));
    BOOST_TEST(!one.contains("endpoint"));
    BOOST_TEST(run_differences(one, one).empty());
    BOOST_TEST(run_differences(other, other).empty());
    BOOST_TEST(fingerprint(one) != fingerprint(other));
    BOOST_TEST(
        (run_differences(one, other) ==
         std::vector<std::string>{R"(endpoint: the run has "chat", you ask for "completions")"}));
    BOOST_TEST(
        (run_differences(other, one) ==
         std::vector<std::string>{R"(endpoint: the run has "completions", you ask for "chat")"}));
}

// Runs that were made before there were repeats say nothing of them.
BOOST_AUTO_TEST_CASE(how_often_questions_are_asked_is_part_of_it) {
    config once, thrice;
    thrice.processing.repeats = 3;
    const auto one = identity_settings(once, census_of(10));
    const auto three = identity_settings(thrice, census_of(10));
    BOOST_TEST(!one.contains("repeats"));
    BOOST_TEST(run_differences(one, one).empty());
    BOOST_TEST(run_differences(three, three).empty());
    BOOST_TEST((run_differences(one, three) ==
                std::vector<std::string>{"repeats: the run has 1, you ask for 3"}));
    BOOST_TEST((run_differences(three, one) ==
                std::vector<std::string>{"repeats: the run has 3, you ask for 1"}));
    BOOST_TEST(task_count(thrice, census_of(10)) == 30u);
    run_identity identity;
    identity.settings = three;
    BOOST_TEST(tasks_of(identity).value() == 30u);
    BOOST_TEST(repeats_of(three) == 3u);
    BOOST_TEST(repeats_of(one) == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
