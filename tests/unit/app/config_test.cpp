// Keys in, values out: what is accepted, what is refused, and where the error says it is.
#include "proctor/app/config.hpp"
#include "proctor/app/load_config.hpp"

#include "support/scratch_dir.hpp"
#include "support/source_dir.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <yaml-cpp/yaml.h>

#include <map>
#include <set>
#include <string>

namespace {

using namespace proctor;
using proctor::test::scratch_dir;

environment variables(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

struct loaded {
    config used;
    std::vector<failure> problems;
    std::vector<std::string> notes;
};

loaded load(const std::string& yaml, const environment& look_up = variables({})) {
    scratch_dir directory;
    auto file = read_config_file(directory.write("run.yaml", yaml));
    loaded out;
    out.notes = file.notes;
    out.problems = file.problems;
    for (auto& problem : apply(out.used, file.assignments, look_up))
        out.problems.push_back(problem);
    return out;
}

bool mentions(const std::vector<failure>& problems, std::string_view text) {
    for (const auto& problem : problems)
        if (problem.message().find(text) != std::string::npos) return true;
    return false;
}

BOOST_AUTO_TEST_SUITE(configuration)

BOOST_AUTO_TEST_CASE(the_layout_of_the_original_loads) {
    const auto got = load(R"(
questions_file: q.json
model:
  generator:
    generator_type: vllm
  generator_settings:
    server: gpu1
    port: 8000
    model: mistralai/Mistral-7B
    temperature: 0.2
    max_tokens: 256
rag:
  enabled: false
  retriever_config: {index: x}
processing:
  parallel_workers: 32
  enable_batching: true
  batch_size: 16
  resume_from_checkpoint: null
)");
    BOOST_TEST(got.problems.empty());
    BOOST_TEST(got.used.model.server == "gpu1");
    BOOST_TEST(*got.used.model.port == 8000);
    BOOST_TEST(got.used.model.temperature == 0.2);
    BOOST_TEST(got.used.processing.parallel_workers == 32);
    BOOST_TEST(got.notes.size() == 3); // batching twice, the retriever once
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_told_with_line_and_the_nearest_known_one) {
    const auto got = load("processing:\n  parallel_worker: 3\n");
    BOOST_REQUIRE(got.problems.size() == 1);
    BOOST_TEST(got.problems[0].where.ends_with("run.yaml:2: processing.parallel_worker"));
    BOOST_TEST(mentions(got.problems, "did you mean processing.parallel_workers?"));
    BOOST_TEST(mentions(load("parallel_workers: 3\n").problems,
                        "did you mean processing.parallel_workers?"));
}

BOOST_AUTO_TEST_CASE(what_may_have_been_meant_is_found_by_leaf_or_by_letters) {
    BOOST_TEST(unknown_key("output.max_time").find("processing.max_time?") != std::string::npos);
    BOOST_TEST(unknown_key("output.formt").find("output.format?") != std::string::npos);
    BOOST_TEST(unknown_key("processing.paralel").find("processing.parallel_workers?") !=
               std::string::npos); // and cut short
    BOOST_TEST(unknown_key("weather").find("proctor config lists them") != std::string::npos);
    BOOST_TEST(!inert_reason("processing.batch_size").empty());
    BOOST_TEST(inert_reason("processing.max_time").empty());
}

BOOST_AUTO_TEST_CASE(user_information_in_a_url_is_not_shown) {
    config used;
    used.model.base_url = "https://me:canary@host/v1";
    BOOST_TEST(redacted_yaml(used).find("canary") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_problem_is_told_at_once) {
    const auto got = load("processing:\n  parallel_workers: many\n  save_incremental: perhaps\n"
                          "model:\n  generator_settings:\n    timeout: soon\n");
    BOOST_TEST(got.problems.size() == 3);
    BOOST_TEST(
        mentions(got.problems,
                 "run.yaml:2: processing.parallel_workers: expected a whole number, got 'many'"));
    BOOST_TEST(mentions(got.problems, "expected true or false, got 'perhaps'"));
    BOOST_TEST(mentions(got.problems, "expected a time"));
}

BOOST_AUTO_TEST_CASE(broken_yaml_is_told_with_its_line) {
    const auto got = load("a: b\n  c: [\n");
    BOOST_REQUIRE(got.problems.size() == 1);
    BOOST_TEST((got.problems[0].code == failure_code::bad_syntax));
    BOOST_TEST(got.problems[0].where.find("run.yaml:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_header_whose_name_is_a_list_is_told_and_not_thrown) {
    const std::string headers = "model:\n  generator_settings:\n    headers:\n";
    for (const auto* header : {"      ? [a, b]\n      : c\n", "      ~: c\n"})
        BOOST_TEST(mentions(load(headers + header).problems, "expected headers as name: value"));
}

BOOST_AUTO_TEST_CASE(fields_of_questions_have_the_names_that_are_given) {
    auto got = load("questions:\n  fields: {question: prompt, answer: target}\n");
    BOOST_TEST(got.problems.empty());
    BOOST_TEST(fields_of(got.used).text() == "question=prompt, answer=target");
    got = load("questions: {fields: '{question: prompt}'}\n"); // as a run records it
    BOOST_TEST(got.problems.empty());
    BOOST_TEST(fields_of(got.used).text() == "question=prompt");
    BOOST_TEST(
        mentions(load("questions: {fields: [a]}\n").problems, "run.yaml:1: questions.fields"));
    got = load("questions: {fields: {quesion: prompt, answer: 3}}\n");
    const auto problems = check(got.used);
    BOOST_TEST(mentions(problems, "questions.fields: there is no quesion; there are question, "));
    BOOST_TEST(mentions(problems, "questions.fields: expected the name of a field for answer"));
}

BOOST_AUTO_TEST_CASE(fields_to_keep_are_a_list_or_a_text_with_commas) {
    const name_list wanted{"source", "difficulty"};
    for (const auto* text : {"questions: {keep: [source, difficulty]}\n",
                             "questions: {keep: 'source, difficulty'}\n"}) {
        const auto got = load(text);
        BOOST_TEST(got.problems.empty());
        BOOST_TEST((fields_of(got.used).kept == wanted));
        BOOST_TEST(fields_of(got.used).text().empty());
        BOOST_TEST((load(redacted_yaml(got.used)).used.questions_keep == wanted));
        BOOST_TEST((kept_fields(redacted_json(got.used)) == wanted));
    }
    BOOST_TEST(kept_fields(redacted_json(config{})).empty());
    BOOST_TEST(mentions(load("questions: {keep: {source: 1}}\n").problems, "questions.keep"));
    BOOST_TEST(mentions(load("questions: {keep: [[source]]}\n").problems, "expected a list"));
}

BOOST_AUTO_TEST_CASE(a_field_to_keep_has_a_name_that_no_result_has) {
    const auto problems = [](name_list keep) {
        config used;
        used.questions_keep = std::move(keep);
        return check(used);
    };
    BOOST_TEST(mentions(problems({"category"}),
                        "questions.keep: a result has the question's category without it; leave "
                        "category out"));
    for (const auto* taken : {"score", "repeat", "choice_order", "error_kind", "usage", "skipped",
                              "model_choice", "prompt_tokens"}) // the last two: columns of CSV
        BOOST_TEST(mentions(problems({taken}), std::string("questions.keep: ") + taken +
                                                   " is what a result calls something of its own"),
                   taken);
    BOOST_TEST(mentions(problems({"a", "b", "a"}), "questions.keep: a is named twice"));
    BOOST_TEST(!mentions(problems({"source", "answer", "context"}), "questions.keep"));
}

BOOST_AUTO_TEST_CASE(an_extra_body_keeps_its_types_through_a_record_of_it) {
    const auto got = load(R"(
model:
  generator_settings:
    extra_body: {top_p: 0.9, seed: 7, stop: ["7", end], logprobs: true, user: null, k: {on: "true"}}
)");
    BOOST_TEST(got.problems.empty());
    const auto wanted =
        boost::json::parse(R"({"top_p": 0.9, "seed": 7, "stop": ["7", "end"], )"
                           R"("logprobs": true, "user": null, "k": {"on": "true"}})");
    BOOST_TEST((got.used.model.extra_body == wanted.as_object()));
    const auto again = load(redacted_yaml(got.used));
    BOOST_TEST(again.problems.empty());
    BOOST_TEST((again.used.model.extra_body == wanted.as_object()));
    BOOST_TEST(
        mentions(check(load("model: {generator_settings: {extra_body: {stream: true}}}").used),
                 "extra_body: stream is not for it to say"));
}

BOOST_AUTO_TEST_CASE(a_server_to_boot_is_told_how_or_named) {
    auto got = load(R"(
questions_file: q.json
model:
  generator: {generator_type: vllm}
  generator_settings: {boot_local: true, port: 8077, model: mistralai/Mistral-7B}
)");
    BOOST_TEST(got.problems.empty());
    const auto problems = check(got.used);
    BOOST_TEST(problems.size() == 1u);
    BOOST_TEST(mentions(problems, "vllm serve mistralai/Mistral-7B --port 8077; and say --base-url "
                                  "http://127.0.0.1:8077/v1"));
    got.used.model.base_url = "https://gpu1/v1";
    BOOST_TEST(check(got.used).empty());
}

BOOST_AUTO_TEST_CASE(a_template_without_the_question_is_told) {
    BOOST_TEST(mentions(check(load("prompt: {template: 'Q: {choices}'}").used),
                        "prompt.template: there is no {question} in it"));
    BOOST_TEST(!mentions(check(load("prompt: {template: 'Q: {question}'}").used), "prompt."));
}

BOOST_AUTO_TEST_CASE(prices_are_numbers_from_0_and_go_together) {
    BOOST_TEST(mentions(check(load("prices: {prompt: 0.5}").used), "go together"));
    BOOST_TEST(mentions(check(load("prices: {prompt: 0.5, completion: -1}").used), "from 0"));
    BOOST_TEST(mentions(load("prices: {prompt: cheap}").problems, "expected a number"));
    const auto got = load("prices: {prompt: 0.5, completion: 0, currency: EUR}");
    BOOST_TEST(!mentions(check(got.used), "prices"));
    const auto recorded = prices_in(redacted_json(got.used));
    BOOST_TEST(*recorded.prompt == 0.5);
    BOOST_TEST(*recorded.completion == 0.0);
    BOOST_TEST(recorded.currency == "EUR");
    BOOST_TEST(!prices_in(redacted_json(config{})).prompt);
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_told) {
    BOOST_TEST(mentions(read_config_file("/does/not/exist.yaml").problems, "cannot open"));
}

BOOST_AUTO_TEST_CASE(keys_come_from_the_environment_and_an_unset_one_is_told) {
    const std::string yaml = "model: {generator_settings: {api_key: '${MY_KEY}'}}\n";
    BOOST_TEST(load(yaml, variables({{"MY_KEY", "sk-1"}})).used.model.api_key.text == "sk-1");
    BOOST_TEST(mentions(load(yaml).problems, "the environment variable MY_KEY is not set"));
    const auto header = load("model: {generator_settings: {headers: {X-Token: 'a ${MY_KEY}'}}}\n",
                             variables({{"MY_KEY", "sk-1"}}));
    BOOST_REQUIRE(header.used.model.headers.size() == 1);
    BOOST_TEST(header.used.model.headers[0].second == "a sk-1");
}

BOOST_AUTO_TEST_CASE(a_later_value_wins_and_null_is_the_default_again) {
    config used;
    std::vector<assignment> order;
    for (const char* value : {"100", "200"})
        order.push_back(*assign_text("processing.parallel_workers", value, "--parallel"));
    BOOST_TEST(apply(used, order, variables({})).empty());
    BOOST_TEST(used.processing.parallel_workers == 200);
    BOOST_TEST(load("processing: {parallel_workers: null}").used.processing.parallel_workers ==
               256);
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_one_for_chat_or_for_completions) {
    BOOST_TEST(config{}.model.endpoint == "chat");
    const auto got = load("model: {generator_settings: {endpoint: completions}}");
    BOOST_TEST(got.used.model.endpoint == "completions");
    BOOST_TEST(!mentions(check(got.used), "settings.endpoint"));
    BOOST_TEST(mentions(check(load("model: {generator_settings: {endpoint: completion}}").used),
                        "model.generator_settings.endpoint: expected chat or completions, got "
                        "'completion'"));
    BOOST_TEST(mentions(check(load("model: {generator_settings: {extra_body: {prompt: x}}}").used),
                        "extra_body: prompt is not for it to say"));
}

BOOST_AUTO_TEST_CASE(a_key_goes_only_to_whom_it_belongs) {
    const auto look_up =
        variables({{"OPENAI_API_KEY", "sk-1"}, {"OPENAI_BASE_URL", "https://here/v1"}});
    config from_environment;
    fill_from_environment(from_environment, look_up);
    BOOST_TEST(from_environment.model.base_url == "https://here/v1");
    BOOST_TEST(from_environment.model.api_key.text == "sk-1");

    config elsewhere;
    elsewhere.model.base_url = "https://elsewhere/v1";
    fill_from_environment(elsewhere, look_up);
    BOOST_TEST(elsewhere.model.api_key.text.empty());

    config openai;
    openai.model.base_url = "https://api.openai.com/v1";
    fill_from_environment(openai, look_up);
    BOOST_TEST(openai.model.api_key.text == "sk-1");

    config lookalike;
    lookalike.model.base_url = "https://api.openai.com.evil.example/v1";
    fill_from_environment(lookalike, look_up);
    BOOST_TEST(lookalike.model.api_key.text.empty());
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_told_together) {
    const auto problems = check(config{});
    BOOST_TEST(mentions(problems, "no question file"));
    BOOST_TEST(mentions(problems, "no model"));
    BOOST_TEST(mentions(problems, "no endpoint"));
    config simulated;
    simulated.model.generator_type = "simulated";
    simulated.questions_file = "q.jsonl";
    BOOST_TEST(check(simulated).empty());
    simulated.rag.enabled = true;
    BOOST_TEST(mentions(check(simulated), "retrieval is not available"));
}

BOOST_AUTO_TEST_CASE(no_secret_leaves_through_the_redacted_forms) {
    config used;
    used.model.api_key.text = "canary-key-1";
    used.model.headers = {{"X-Token", "canary-key-2"}};
    const auto shown = redacted_yaml(used) + boost::json::serialize(redacted_json(used));
    BOOST_TEST(shown.find("canary") == std::string::npos);
    BOOST_TEST(shown.find("***") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_redacted_yaml_loads_again) {
    config used;
    used.processing.parallel_workers = 77;
    used.processing.max_failures.share = 0.05;
    used.model.timeout = std::chrono::milliseconds{1500};
    const auto again = load(redacted_yaml(used));
    BOOST_TEST(again.problems.empty());
    BOOST_TEST(redacted_yaml(again.used) == redacted_yaml(used));
}

BOOST_AUTO_TEST_CASE(the_example_has_every_key_with_its_default) {
    const auto path = (proctor::test::source_dir() / "configs" / "example.yaml").string();
    const auto file = read_config_file(path);
    for (const auto& problem : file.problems) BOOST_ERROR(problem.message());
    std::set<std::string_view> there;
    for (const auto& each : file.assignments) there.insert(each.path);
    for (const auto& entry : all_settings())
        BOOST_TEST(there.contains(entry.path), entry.path << " is not in configs/example.yaml");
    config used;
    const auto problems = apply(used, file.assignments, variables({{"LAB_API_KEY", ""}}));
    for (const auto& problem : problems) BOOST_ERROR(problem.message());
    // What a run needs of its own has no default that could be shown.
    const std::set<std::string_view> own = {"questions_file", "model.generator_settings.model",
                                            "model.generator_settings.base_url"};
    for (const auto& entry : all_settings())
        if (!own.contains(entry.path))
            BOOST_TEST(value_text(used, entry) == value_text(config{}, entry), entry.path);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
