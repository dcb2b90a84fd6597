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
    BOOST_TEST(changes([](config& c) { c.processing.question_format = "qa"; }) == 1u);
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

// Runs that were made before there were shards say nothing of them, and put all questions.
BOOST_AUTO_TEST_CASE(a_shard_is_part_of_it) {
    config all, third;
    third.processing.shard = "3/4";
    third.processing.repeats = all.processing.repeats = 2;
    const auto whole = identity_settings(all, census_of(10));
    const auto part = identity_settings(third, census_of(10));
    BOOST_TEST(!whole.at("selection").as_object().contains("shard"));
    BOOST_TEST(run_differences(part, part).empty());
    BOOST_TEST(
        (run_differences(whole, part) ==
         std::vector<std::string>{R"(selection.shard: the run has "none", you ask for "3/4")"}));
    BOOST_TEST(run_differences(part, whole).size() == 1u);
    BOOST_TEST(task_count(third, census_of(10)) == 4u); // questions 3 and 7, twice
    run_identity identity;
    identity.settings = part;
    BOOST_TEST(tasks_of(identity).value() == 4u);
    const auto chosen = selection_of(part);
    BOOST_TEST(chosen.count(10) == 2u);
    BOOST_TEST(chosen.contains(7));
    BOOST_TEST(!chosen.contains(8));
}

BOOST_AUTO_TEST_CASE(of_a_sample_shards_have_even_shares) {
    config used;
    used.processing.random_selection = 40;
    used.processing.random_seed = 1;
    question_set all;
    for (const auto* part : {"1/4", "2/4", "3/4", "4/4"}) {
        used.processing.shard = part;
        const auto chosen = selection_of(identity_settings(used, census_of(1000)));
        BOOST_TEST(chosen.count(1000) == 10u);
        all |= chosen.drawn.value();
    }
    BOOST_TEST((all == draw_questions(1000, 40, 1)));
}

// Runs that were made before choices could be shuffled say nothing of it.
BOOST_AUTO_TEST_CASE(a_shuffle_of_choices_is_part_of_it_with_its_seed) {
    config plain, shuffling;
    shuffling.processing.shuffle_choices = true;
    const auto as_in_the_set = identity_settings(plain, census_of(10));
    auto drawn = identity_settings(shuffling, census_of(10));
    BOOST_TEST(!as_in_the_set.contains("shuffle"));
    BOOST_TEST(!shuffle_seed_of(as_in_the_set).has_value());
    BOOST_TEST(!shuffle_seed_of(drawn).has_value());
    give_seed(drawn, 7);
    BOOST_TEST(shuffle_seed_of(drawn).value() == 7u);
    BOOST_TEST(drawn.at("selection").at("random_seed") == "none"); // there is no sample
    BOOST_TEST((run_differences(as_in_the_set, drawn) ==
                std::vector<std::string>{"shuffle.choices: the run has false, you ask for true"}));
    BOOST_TEST((run_differences(drawn, as_in_the_set) ==
                std::vector<std::string>{"shuffle.choices: the run has true, you ask for false"}));
    BOOST_TEST(run_differences(drawn, identity_settings(shuffling, census_of(10))).empty());
    shuffling.processing.random_seed = 7;
    BOOST_TEST(run_differences(drawn, identity_settings(shuffling, census_of(10))).empty());
    shuffling.processing.random_seed = 8;
    BOOST_TEST((run_differences(drawn, identity_settings(shuffling, census_of(10))) ==
                std::vector<std::string>{"shuffle.seed: the run has 7, you ask for 8"}));
}

BOOST_AUTO_TEST_CASE(one_seed_is_drawn_for_sample_and_shuffle) {
    config used;
    used.processing.random_selection = 3;
    used.processing.shuffle_choices = true;
    auto settings = identity_settings(used, census_of(10));
    give_seed(settings, 7);
    used.processing.random_seed = 7;
    BOOST_TEST(settings == identity_settings(used, census_of(10)));
    give_seed(settings, 8); // there is one
    BOOST_TEST(shuffle_seed_of(settings).value() == 7u);
}

// It decides nothing: a run goes on with it, and what was paid for is not asked again.
BOOST_AUTO_TEST_CASE(what_is_kept_of_questions_is_no_part_of_it) {
    config plain, keeping;
    keeping.questions_keep = {"source"};
    BOOST_TEST(identity_settings(plain, census_of(10)) ==
               identity_settings(keeping, census_of(10)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
