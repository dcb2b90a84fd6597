// The command line.
#include "proctor/app/exit_status.hpp"
#include "proctor/app/options.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace proctor;

parsed_line parse(std::vector<std::string> words) {
    words.insert(words.begin(), "proctor");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

template <class Options>
Options taken(const std::vector<std::string>& words) {
    const auto parsed = parse(words);
    BOOST_REQUIRE(parsed.command.has_value());
    BOOST_REQUIRE(std::holds_alternative<Options>(*parsed.command));
    return std::get<Options>(*parsed.command);
}

config configured(const parsed_line& parsed) {
    BOOST_REQUIRE(parsed.command.has_value());
    config used;
    const auto problems = apply(used, std::get<command_line>(*parsed.command).assignments,
                                [](const std::string&) { return std::optional<std::string>(); });
    for (const auto& problem : problems) BOOST_ERROR(problem.message());
    return used;
}

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(every_flag_of_the_guide_does_its_job) {
    const auto used = configured(
        parse({"run", "q.jsonl", "--config", "x.yaml", "--disable-checkpointing",
               "--checkpoint-interval", "100", "--checkpoint-dir", "elsewhere", "--resume-from",
               "run-1", "--no-auto-resume", "--save-incremental", "--no-progress-bar"}));
    BOOST_TEST(used.questions_file == "q.jsonl");
    BOOST_TEST(!used.processing.enable_checkpointing);
    BOOST_TEST(used.processing.checkpoint_interval == 100);
    BOOST_TEST(used.processing.checkpoint_directory == "elsewhere");
    BOOST_TEST(used.processing.resume_from_checkpoint == "run-1");
    BOOST_TEST(!used.processing.auto_resume);
    BOOST_TEST(used.processing.save_incremental);
    BOOST_TEST(!used.processing.progress_bar);
}

BOOST_AUTO_TEST_CASE(config_takes_what_run_takes) {
    const auto asked = taken<config_options>(
        {"config", "q.jsonl", "-c", "a.yaml", "-c", "b.yaml", "--parallel", "9", "--explain", "x"});
    BOOST_TEST(asked.explain == "x");
    BOOST_TEST(asked.line.config_files.size() == 2u);
    BOOST_REQUIRE(asked.line.assignments.size() == 2u);
    BOOST_TEST(asked.line.assignments[1].path == "processing.parallel_workers");
    BOOST_TEST(asked.line.assignments[1].origin == "--parallel");
    BOOST_TEST(taken<config_options>({"config"}).explain == "");
}

BOOST_AUTO_TEST_CASE(a_dry_run_is_asked_for_by_its_flag_alone) {
    BOOST_TEST(taken<command_line>({"run", "q.jsonl", "--dry-run"}).dry_run);
    BOOST_TEST(!taken<command_line>({"run", "q.jsonl"}).dry_run);
}

BOOST_AUTO_TEST_CASE(parallel_has_three_names) {
    for (const char* name : {"-j", "--parallel", "--max-connections"})
        BOOST_TEST(configured(parse({"run", name, "99"})).processing.parallel_workers == 99);
}

BOOST_AUTO_TEST_CASE(a_base_model_is_asked_by_its_endpoint) {
    BOOST_TEST(configured(parse({"run", "--endpoint", "completions"})).model.endpoint ==
               "completions");
}

BOOST_AUTO_TEST_CASE(of_a_repeated_flag_the_last_wins) {
    const auto used = configured(parse({"run", "-j", "1", "--strict", "-j", "7", "--strict"}));
    BOOST_TEST(used.processing.parallel_workers == 7);
    BOOST_TEST(used.processing.strict);
}

BOOST_AUTO_TEST_CASE(set_reaches_any_key_but_no_secret) {
    const auto used =
        configured(parse({"run", "--set", "output.format=jsonl", "--set", "prompt.system=a=b"}));
    BOOST_TEST(used.output.format == "jsonl");
    BOOST_TEST(used.prompt.system == "a=b");
    const auto secret = parse({"run", "--set", "model.generator_settings.api_key=sk-1"});
    BOOST_TEST(!secret.command.has_value());
    BOOST_TEST(secret.status == exit_usage);
    BOOST_TEST(parse({"run", "--set", "no.such.key=1"}).status == exit_usage);
}

BOOST_AUTO_TEST_CASE(what_nobody_knows_is_a_usage_error) {
    for (const auto& words : {std::vector<std::string>{"run", "--paralel", "3"},
                              {"run", "a.jsonl", "b.jsonl"},
                              {"walk"},
                              {"--walk"},
                              {"--parallel", "4", "run", "q.jsonl"},
                              {},
                              {"run", "--ack-fd", "x"},
                              {"status"},
                              {"status", "a", "b"},
                              {"status", "a", "run"},
                              {"status", "a", "--jsno"},
                              {"get", "a"},
                              {"get", "a", "seven"},
                              {"export", "a"},
                              {"export", "a", "--format", "xml"},
                              {"export", "a", "--format", "checkpoint", "--incorrect"},
                              {"merge", "out"},
                              {"compare", "a"},
                              {"compare", "a", "b", "c"},
                              {"prune", "a"},
                              {"prune", "a", "--keep", "0"},
                              {"prune", "a", "--older-than", "yesterday"}}) {
        const auto parsed = parse(words);
        BOOST_TEST(!parsed.command.has_value());
        BOOST_TEST(parsed.status == exit_usage);
    }
}

BOOST_AUTO_TEST_CASE(the_command_can_be_typed_again) {
    const auto line = taken<command_line>({"run", "my questions.jsonl", "--model", "it's"});
    BOOST_TEST(line.command == "run");
    BOOST_TEST(line.again == "proctor run 'my questions.jsonl' --model 'it'\\''s'");
}

BOOST_AUTO_TEST_CASE(each_command_on_runs_has_its_own_words) {
    const auto status = taken<status_options>({"status", "--watch", "r", "--json"});
    BOOST_TEST(status.run == "r");
    BOOST_TEST(status.as_json);
    BOOST_TEST(status.watch);

    const auto get = taken<get_options>({"get", "r", "7", "3"});
    BOOST_TEST(get.run == "r");
    BOOST_TEST((get.questions == std::vector<question_id>{7, 3}));

    const auto exported =
        taken<export_options>({"export", "r", "--format", "csv", "-o", "f", "--incorrect"});
    BOOST_TEST(exported.run == "r");
    BOOST_TEST((exported.format == results_format::csv));
    BOOST_TEST((exported.choice == results_choice::incorrect));
    BOOST_TEST(exported.output == "f");

    const auto merge = taken<merge_options>({"merge", "out", "a", "b"});
    BOOST_TEST(merge.output == "out");
    BOOST_TEST((merge.runs == std::vector<std::string>{"a", "b"}));

    const auto compare = taken<compare_options>({"compare", "a", "b", "--json"});
    BOOST_TEST((compare.runs == std::vector<std::string>{"a", "b"}));
    BOOST_TEST(compare.as_json);

    const auto prune =
        taken<prune_options>({"prune", "d", "--keep", "3", "--older-than", "30d", "--dry-run"});
    BOOST_TEST(prune.directory == "d");
    BOOST_TEST(prune.keep.value() == 3u);
    BOOST_TEST((prune.older_than == std::chrono::hours{30 * 24}));
    BOOST_TEST(prune.dry_run);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
