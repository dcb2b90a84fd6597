// The same against a server that is not ours: Debian's nginx.
#include "support/nginx.hpp"

#include "kill_loop.hpp"
#include "proctor/eval/chat_protocol.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/eval/prompt.hpp"

#include <boost/test/unit_test.hpp>

#include <openssl/evp.h>

#include <cstdio>

using namespace proctor;
using namespace proctor::test;

namespace {

std::string md5(const std::string& text) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    std::size_t size = 0;
    BOOST_REQUIRE(EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(), digest, &size) ==
                  1);
    std::string hex;
    for (std::size_t i = 0; i < size; ++i) {
        char pair[3];
        std::snprintf(pair, sizeof pair, "%02x", digest[i]);
        hex += pair;
    }
    return hex;
}

// Of each question, by its number: the MD5 of the request that asks it.
std::map<std::uint64_t, std::string> request_names(const std::string& questions) {
    sampling_settings sampling;
    sampling.model = "m";
    std::map<std::uint64_t, std::string> names;
    auto reader = question_reader::open(questions).value();
    while (const auto next = reader.next())
        names[next->value().number] =
            md5(chat_request_body(sampling, "", build_prompt(next->value(), {})));
    return names;
}

void check_every_answer_is_b(const boost::json::array& results, std::size_t total) {
    BOOST_TEST(results.size() == total);
    for (const auto& result : results)
        BOOST_TEST(result.at("model_answer").as_string() == "The answer is (B).");
}

} // namespace

BOOST_AUTO_TEST_SUITE(nginx)

BOOST_AUTO_TEST_CASE(a_whole_set_is_put_to_it) {
    const auto questions = many_questions();
    const workplace where;
    const nginx_server endpoint(nginx_server::fixed());
    const auto run = run_to_end(where.ask(endpoint, questions, {"--parallel", "64"}));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    check_every_answer_is_b(results_in(results_path(where, run.errors)),
                            count_lines(text_of(questions)));
}

BOOST_AUTO_TEST_CASE(kills_lose_nothing_and_no_counted_question_is_asked_twice) {
    const auto questions = many_questions();
    const workplace where;
    const nginx_server endpoint(nginx_server::counting());
    const auto names = request_names(questions);
    kill_plan plan;
    plan.kills = 5;
    plan.longest_life = std::chrono::milliseconds{600};
    plan.start = [&](const words& more) {
        return where.ask(endpoint, questions, words{"--parallel", "4"} + more);
    };
    plan.who = {[&] { return endpoint.asked(); },
                [&](std::uint64_t number) { return names.at(number); }};
    const auto figures = kill_and_resume(where, plan, kill_seed());
    std::cout << figures << std::endl;

    BOOST_TEST(figures.kills == 5u);
    check_nothing_lost(where, figures);
    check_every_answer_is_b(results_in(results_path(where, figures.last.errors)), names.size());
}

BOOST_AUTO_TEST_SUITE_END()
