// proctor config: what it says of the keys, and of what a run would use.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

namespace {

struct folder : workplace {
    finished config(const words& arguments = {}) const {
        auto how = proctor(words{"config"} + arguments);
        how.environment = {{"LAB_KEY", "sk-canary-4711"},
                           {"OPENAI_BASE_URL", "https://environment.example/v1"}};
        return run_to_end(how);
    }
};

void check_said(const finished& run, std::initializer_list<std::string_view> parts) {
    BOOST_TEST(run.code == 0, run.errors);
    BOOST_TEST(run.errors == "");
    for (const auto part : parts)
        BOOST_TEST(contains(run.output, part), "\"" << part << "\" is not in: " << run.output);
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(config_alone_tells_every_key_with_default_and_meaning, folder) {
    const auto all = config();
    check_said(all,
               {"processing.parallel_workers: 256\n    requests in flight, at the most\n"
                "    flag: -j, --parallel, --max-connections N\n",
                "processing.max_time: null\n", "rag.enabled: false\n", "    false by: --no-rag\n"});
    // Each key of configs/example.yaml, which has them all.
    std::istringstream example(text_of(source_path("configs/example.yaml")));
    std::size_t keys = 0;
    for (std::string line; std::getline(example, line);) {
        line.erase(0, line.find_first_not_of(' '));
        const auto colon = line.find(':');
        if (line.starts_with('#') || colon == line.npos) continue;
        const auto is_section = line.find_first_not_of(' ', colon + 1) == line.npos ||
                                line[line.find_first_not_of(' ', colon + 1)] == '#';
        if (is_section) continue;
        ++keys;
        const auto key = line.substr(0, colon + 1) + " ";
        BOOST_TEST((contains(all.output, "." + key) || all.output.starts_with(key) ||
                    contains(all.output, "\n" + key)),
                   key << " is not there");
    }
    BOOST_TEST(keys > 60u);
}

BOOST_FIXTURE_TEST_CASE(config_explains_a_key_a_section_and_what_is_ignored, folder) {
    const auto one = config({"--explain", "processing.max_time"});
    check_said(one, {"processing.max_time: null\n", "--max-time 3h50m"});
    BOOST_TEST(count_lines(one.output) == 3u);
    check_said(config({"--explain", "simulated"}),
               {"simulated.latency: 50ms\n", "simulated.accuracy: 0.75\n", "simulated.seed: 1\n"});
    check_said(config({"--explain", "processing.batch_size"}), {"is ignored"});
}

BOOST_FIXTURE_TEST_CASE(config_answers_a_misspelt_key_with_the_nearest_one, folder) {
    for (const auto* key : {"processing.max_tme", "max_time", "output.max_time"}) {
        const auto refused = config({"--explain", key});
        BOOST_TEST(refused.code == 2);
        BOOST_TEST(refused.output == "");
        BOOST_TEST(contains(refused.errors, "did you mean processing.max_time?"), refused.errors);
    }
}

BOOST_FIXTURE_TEST_CASE(config_shows_what_would_be_used_and_no_secret, folder) {
    dir.write("one.yaml", "questions_file: q.jsonl\n"
                          "model:\n"
                          "  generator_settings:\n"
                          "    model: m\n"
                          "    api_key: ${LAB_KEY}\n"
                          "    headers: {X-Token: \"secret ${LAB_KEY}\"}\n"
                          "processing: {parallel_workers: 8, checkpoint_interval: 7}\n");
    dir.write("two.yaml", "processing: {parallel_workers: 9, limit: 3}\n");
    const words how{"-c",      "one.yaml", "-c",    "two.yaml",
                    "--limit", "4",        "--set", "output.output_prefix=mine"};
    const auto used = config(how);
    check_said(used, {"parallel_workers: 9\n", "checkpoint_interval: 7\n", "limit: 4\n",
                      "output_prefix: mine\n", "base_url: https://environment.example/v1\n",
                      "api_key: ${LAB_KEY}\n", "temperature: 0\n"});
    BOOST_TEST(!contains(used.output, "canary"));
    // Where each value comes from.
    const auto explain = [&](const char* key) {
        return config(how + words{"--explain", key}).output;
    };
    BOOST_TEST(contains(explain("processing.parallel_workers"), "used: 9 (two.yaml:1)"));
    BOOST_TEST(contains(explain("processing.limit"), "used: 4 (--limit)"));
    BOOST_TEST(
        contains(explain("output.output_prefix"), "used: mine (--set output.output_prefix)"));
    BOOST_TEST(contains(explain("processing.max_time"), "used: null (the default)"));
    BOOST_TEST(contains(explain("model.generator_settings.base_url"), "the environment"));
}

BOOST_FIXTURE_TEST_CASE(config_tells_what_a_run_would_lack, folder) {
    const auto shown = config({"--parallel", "77"});
    BOOST_TEST(shown.code == 2);
    BOOST_TEST(contains(shown.output, "parallel_workers: 77\n"));
    BOOST_TEST(contains(shown.errors, "no question file"));
    BOOST_TEST(contains(shown.errors, "no model"));
    dir.write("wrong.yaml", "processing:\n  parallel_workers: many\n");
    const auto wrong = config({"-c", "wrong.yaml"});
    BOOST_TEST(wrong.code == 2);
    BOOST_TEST(wrong.output == "");
    BOOST_TEST(contains(wrong.errors, "wrong.yaml:2"));
}

BOOST_FIXTURE_TEST_CASE(config_shows_no_password_of_a_url, folder) {
    const auto shown = config({"--base-url", "https://me:canary@host/v1"});
    BOOST_TEST(!contains(shown.output + shown.errors, "canary"));
}

BOOST_AUTO_TEST_SUITE_END()
