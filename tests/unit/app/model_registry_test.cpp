// model_servers.yaml, and what shortnames do to a configuration.
#include "proctor/app/load_config.hpp"
#include "proctor/app/model_registry.hpp"
#include "proctor/app/run_directory.hpp"
#include "support/scratch_dir.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace proctor;
using proctor::test::scratch_dir;

namespace {

constexpr auto servers = R"(servers:
  - server: gpu1
    shortname: judge
    openai_api_base: https://gpu1.example.org/v1
    openai_api_key: ${JUDGE_KEY}
    openai_model: big/judge-70b
  - shortname: small
    openai_api_base: http://127.0.0.1:8000/v1
    openai_api_key: EMPTY
    openai_model: small-7b
)";

// As the original had it.
constexpr auto run_file = R"(questions_file: q.jsonl
model:
  generator:
    generator_type: vllm
  generator_settings:
    server: gpu1
    port: 8000
    model: m
  grader_shortname: judge
  model_config_file: model_servers.yaml
)";

// A folder with these files, and the command line that names the configuration.
struct folder {
    explicit folder(const std::string& yaml, const std::string& registry = servers) {
        line.command = "run";
        line.config_files.push_back(place.write("run.yaml", yaml));
        line.env_file = place.write("keys.env", "JUDGE_KEY=canary-key\n");
        if (!registry.empty()) place.write("model_servers.yaml", registry);
    }
    void set(std::string_view path, const std::string& text) {
        line.assignments.push_back(assign_text(path, text, "--set").value());
    }
    config load() const { return load_config(line).used; }
    std::string complaint() const {
        try {
            load();
            return "";
        } catch (const cannot_start& wrong) {
            std::string all;
            for (const auto& message : wrong.messages) all += message + "\n";
            return all;
        }
    }

    scratch_dir place;
    command_line line;
};

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(registry_of_models)

BOOST_AUTO_TEST_CASE(an_original_file_that_names_a_grader_loads_as_it_is) {
    const folder here(run_file);
    const auto used = here.load();
    BOOST_REQUIRE(used.grader_server.has_value());
    BOOST_TEST(used.grader_server->base_url == "https://gpu1.example.org/v1");
    BOOST_TEST(used.grader_server->model == "big/judge-70b");
    BOOST_TEST(used.grader_server->api_key.text == "canary-key");
    BOOST_TEST(used.model.registry == here.place.file("model_servers.yaml"));
    BOOST_TEST(used.model.model == "m");
}

BOOST_AUTO_TEST_CASE(the_usual_file_is_found_without_being_named) {
    folder here("questions_file: q.jsonl\nmodel: {generator_settings: {model: m, base_url: "
                "'http://h/v1'}}\n");
    here.set("model.grader_shortname", "small");
    BOOST_TEST(here.load().grader_server->model == "small-7b");
}

BOOST_AUTO_TEST_CASE(a_key_of_the_registry_is_written_nowhere) {
    const auto used = folder(run_file).load();
    BOOST_TEST(!holds(redacted_yaml(used), "canary"));
    BOOST_TEST(!holds(boost::json::serialize(redacted_json(used)), "canary"));
    BOOST_TEST(!holds(boost::json::serialize(identity_settings(used, {})), "canary"));
}

BOOST_AUTO_TEST_CASE(an_unknown_shortname_is_told_with_the_nearest) {
    folder here(run_file);
    here.set("model.grader_shortname", "jugde");
    BOOST_TEST(holds(here.complaint(), "did you mean judge?"));
    folder nowhere(run_file, "");
    BOOST_TEST(holds(nowhere.complaint(), "model_servers.yaml"));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_not_set_matters_only_to_who_uses_it) {
    folder here(run_file);
    here.line.env_file.clear();
    BOOST_TEST(holds(here.complaint(), "JUDGE_KEY is not set"));
    here.set("model.grader_shortname", "small");
    BOOST_TEST(here.load().grader_server->api_key.text == "EMPTY");
}

BOOST_AUTO_TEST_CASE(a_model_may_be_a_shortname_where_no_endpoint_is_named) {
    folder here("questions_file: q.jsonl\nmodel: {generator_settings: {model: judge}}\n");
    const auto used = here.load();
    BOOST_TEST(used.model.model == "big/judge-70b");
    BOOST_TEST(used.model.base_url == "https://gpu1.example.org/v1");
    BOOST_TEST(used.model.api_key.text == "canary-key");
    BOOST_TEST(used.model.api_key.source == "${JUDGE_KEY}");
    here.set("model.generator_settings.base_url", "http://elsewhere/v1");
    BOOST_TEST(here.load().model.model == "judge");
}

BOOST_AUTO_TEST_CASE(without_a_model_that_marks_the_registry_is_not_needed) {
    folder here(run_file, "");
    here.set("processing.grading", "extraction");
    const auto used = here.load();
    BOOST_TEST(!used.grader_server.has_value());
    BOOST_TEST(grader_name(used) == "extraction");
    here.set("processing.grading", "hybrid");
    here.set("model.grader_shortname", "f1");
    BOOST_TEST(grader_name(here.load()) == "f1");
}

BOOST_AUTO_TEST_CASE(who_marks_and_how_is_part_of_a_runs_identity) {
    folder here(run_file);
    const auto identity = [&] { return identity_settings(here.load(), {}).at("grader"); };
    const auto hybrid = identity();
    BOOST_TEST(hybrid.at("model").as_string() == "big/judge-70b");
    here.set("processing.grading", "model");
    BOOST_TEST((identity() != hybrid));
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_registry_is_told_with_its_line) {
    const auto complaint = [](const std::string& registry) {
        return folder(run_file, registry).complaint();
    };
    BOOST_TEST(holds(complaint("servers:\n  - shortname: judge\n"), "model_servers.yaml:2"));
    BOOST_TEST(holds(complaint("servers: 7\n"), "expected servers"));
    BOOST_TEST(holds(complaint("servers: [\n"), "not YAML"));
    BOOST_TEST(holds(complaint(std::string(servers) + std::string(servers).substr(9)), "twice"));
}

BOOST_AUTO_TEST_SUITE_END()
