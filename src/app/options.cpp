// Flags are made from config's table; only what is no key of the configuration stands here.
#include "proctor/app/options.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/async/clock.hpp"
#include "proctor/cli/help_pages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

namespace proctor {
namespace {

constexpr auto program_examples = R"(Examples:
  proctor run --config configs/demo.yaml         the demonstration, without any endpoint of yours
  proctor run questions.jsonl --model NAME --base-url https://host/v1
  proctor resume checkpoints                     the latest run goes on
  proctor status checkpoints                     every run that is there, and how far it is
  proctor export checkpoints --format csv -o results.csv
  proctor run --help                             every flag
  proctor config                                 every key of the configuration)";

constexpr auto run_examples =
    R"(Flags that say what a run does have a key in the YAML file (configs/example.yaml), and win over it.

Examples:
  proctor run questions.jsonl --model mistral-7b --base-url https://gpu1:8000/v1 --ca-file ca.pem
  zstdcat questions/*.zst | proctor run - --model NAME --base-url https://host/v1
  proctor run questions.jsonl --model NAME --base-url https://host/v1 --endpoint completions
                                                 a base model
  proctor run --config run.yaml --parallel 1000
  proctor run --config run.yaml --checkpoint-interval 25 --save-incremental
  OPENAI_BASE_URL=https://host/v1 OPENAI_API_KEY=… proctor run questions.jsonl --model NAME
  proctor run --config run.yaml --dry-run        is all in order? (an endpoint that is not there
                                                 is not waited for)

Interrupted, killed, or out of disk: the same command goes on where it was.

Exit status: 0 complete, 1 internal error, 2 usage, 3 some questions failed, 4 run does not fit or
is damaged, 5 run is held, 6 disk, 7 a limit was reached, 75 endpoint away, 77 endpoint refuses,
128+n signal n.)";

constexpr auto config_examples =
    R"(Alone: every key of the configuration, its default and its meaning. With files or flags, which
are those of proctor run: the configuration as that would use it, secrets left out; what it lacks
is told, and is an error. No file that it names is opened, and nothing is asked.

Examples:
  proctor config                                 every key
  proctor config --explain processing.max_time   one of them; of a section: all of its keys
  proctor config -c run.yaml -c mine.yaml --parallel 1000
  proctor config -c run.yaml --explain model     and where each value comes from

Exit status: 0 shown, 2 usage, or this configuration cannot be used.)";

constexpr auto resume_examples =
    R"(RUN is a run directory, or a checkpoint directory, whose latest run is meant. The configuration is
the one that the run was begun with; flags change what may change: how many requests are in flight,
the URL, keys, time-outs, intervals. Keys that were given as ${VAR}, or came from the environment,
are taken from there again.

Examples:
  proctor resume checkpoints
  proctor resume checkpoints/checkpoint_q_m_20261123_180259 --parallel 1000

Exit status: as of proctor run.)";

constexpr auto regrade_examples =
    R"(Marks the answers of a run again, by another grader or another way. The examined model is not
asked: what was answered is marked, what failed stays failed, and the run itself stays as it is. A
new run beside it holds the marks, and results are written as by proctor run. Interrupted, the same
command goes on (or proctor resume with the new run): nothing is marked twice by a model.

RUN is a run directory, or a checkpoint directory, whose latest run is meant; one that regrade made
stands for the one that it was made from. It must have ended. The configuration is the one that it
was begun with; of the flags those count that say who marks and how. The question file is needed,
unchanged.

Examples:
  proctor regrade checkpoints --grader contains
  proctor regrade checkpoints/checkpoint_q_m_20261123_180259 --grader judge
  proctor regrade checkpoints --grader judge --grading model --model-config model_servers.yaml
  proctor compare checkpoints/checkpoint_q_m_20261123_180259 checkpoints/latest

Exit status: 0 all marked, 2 usage, 3 some questions have no answer to mark, 4 no such run, it is
damaged, or the question file is another by now, 5 a process works on the run, 6 disk, 75 the grader
is away, 77 it refuses us, 128+n signal n.)";

constexpr auto status_examples =
    R"(RUN is a run directory, or a checkpoint directory, all of whose runs are shown. Nothing is
locked: the run may be alive.

Examples:
  proctor status checkpoints                     a line for each run, newest first
  proctor status checkpoints/latest              all there is to know of the newest
  proctor status checkpoints/latest --watch      the same, every second until it ends
  proctor status checkpoints/latest --json | jq .failed.retryable

Exit status: 0 shown, 2 usage, 4 no such run, or it is damaged.)";

constexpr auto get_examples =
    R"(RUN is a run directory, or a checkpoint directory, whose latest run is meant. What is shown is a
line of JSON for each ID, as export has it; a question that failed is shown as failed.

Examples:
  proctor get checkpoints 17
  proctor get checkpoints/checkpoint_q_m_20261123_180259 17 4 1205 | jq -r .model_answer

Exit status: 0 all shown, 2 usage, 3 some have no record yet, 4 no such run, or it is damaged.)";

constexpr auto export_examples =
    R"(RUN is a run directory, or a checkpoint directory, whose latest run is meant. It may be alive or
unfinished: what is durable is exported, in order of question_id. Formats:
  json        {"metadata": ..., "results": [...]}, as a complete run writes it
  jsonl       a result a line
  csv         a line a result, behind a line of names (configs/README.md)
  checkpoint  the JSON checkpoint of the original system, version "2.0"

Examples:
  proctor export checkpoints --format jsonl | jq -r 'select(.score == 0) | .question'
  proctor export checkpoints/latest --format csv -o results.csv
  proctor export checkpoints/latest --format json --incorrect -o wrong.json

Exit status: 0 exported, 2 usage, 4 no such run, or it is damaged, 6 disk.)";

constexpr auto report_examples =
    R"(RUN is a run directory, or a checkpoint directory, whose latest run is meant. It may be alive or
unfinished. The page is one file, which needs no other and no network: accuracy by category with
intervals, choices, latency, lengths, failures, sessions, and what the run was asked with. No
question, no answer and no secret is in it; prompts, paths and names of hosts are.

Examples:
  proctor report checkpoints -o report.html
  proctor report checkpoints/checkpoint_q_m_20261123_180259 > report.html

Exit status: 0 written, 2 usage, 4 no such run, or it is damaged, 6 disk.)";

constexpr auto view_examples =
    R"(DIR is a checkpoint directory, or a run. What a browser then shows is read anew each time: all runs
and how far they are, the report of each, and its questions with what was answered and how it was
marked. Nothing is locked, nothing can be changed. Ctrl-C ends it. On a machine that others use, they
can read it, too.

Examples:
  proctor view checkpoints                       then open http://127.0.0.1:8765/
  ssh -t -L 8765:127.0.0.1:8765 cluster proctor view checkpoints
  proctor view checkpoints --listen 127.0.0.1:0  on any port that is free

Exit status: 2 usage, or there is something else on that port; 4 no such directory; 128+n signal n.)";

constexpr auto merge_examples =
    R"(Each RUN is a run directory, or a checkpoint directory, whose latest run is meant. They must be
about the same questions, model, sampling and prompts; their shards may differ. They are only
read. OUT must not be there yet. Of several results of one question that of the run that was
written last counts; how many such there were is said.

Examples:
  proctor merge checkpoints/checkpoint_whole here/checkpoints there/checkpoints
  proctor merge checkpoints/checkpoint_whole checkpoints/checkpoint_*_?-of-8
  proctor merge archive/run-7 checkpoints/latest            one run, packed anew

Exit status: 0 merged, 2 usage or OUT exists, 4 the runs do not belong together, or one is
missing or damaged, 6 disk.)";

constexpr auto compare_examples =
    R"(Each RUN is a run directory, or a checkpoint directory, whose latest run is meant; both are of the
same question file. What counts is the questions that both have marked: the second run's accuracy
less the first's, its 95 % interval from the differences question by question, and McNemar's exact
test of those that only one run has right.

Examples:
  proctor compare checkpoints/checkpoint_q_small_20261123_180259 checkpoints/checkpoint_q_large_20261124_090112
  proctor compare small/checkpoints large/checkpoints --json | jq .mcnemar_p

Exit status: 0 compared, 2 usage, 4 no such run, it is damaged, or there is nothing in common.)";

constexpr auto prune_examples =
    R"(Removes runs of a checkpoint directory; what is left of runs that never began, or were half
removed, goes with them when it is older than a day. A run that a live process holds stays, and
the newest one too. With both flags only what both allow goes.

Examples:
  proctor prune checkpoints --keep 5 --dry-run   what would go
  proctor prune checkpoints --keep 5
  proctor prune checkpoints --older-than 30d     not written to for 30 days

Exit status: 0 done, 2 usage, 4 no such directory, 6 disk.)";

constexpr auto completion_examples =
    R"(Examples:
  source <(proctor completion bash)              in this shell
  proctor completion bash > /etc/bash_completion.d/proctor
  proctor completion zsh > ~/.zfunc/_proctor     if ~/.zfunc is in $fpath
  proctor completion fish > ~/.config/fish/completions/proctor.fish)";

constexpr auto manual_examples =
    R"(Examples:
  proctor manual | man -l -
  proctor manual > ~/.local/share/man/man1/proctor.1)";

std::string group_of(std::string_view path) {
    if (path.starts_with("model.") || path.starts_with("tls.")) return "Endpoint and model";
    if (path.starts_with("output.")) return "Results";
    if (path.starts_with("processing.")) return "Processing";
    return "Questions and prompts";
}

void add_flag(CLI::App& app, command_line& line, const setting& entry) {
    const bool negated = entry.flags.starts_with('!');
    const std::string flags(entry.flags.substr(negated ? 1 : 0));
    const auto shown = flags.substr(flags.find("--"));
    const auto name = shown.substr(0, shown.find(','));
    const auto take = [&line, path = entry.path, name](const std::string& value) {
        auto assigned = assign_text(path, value, name);
        PROCTOR_ASSERT(assigned);
        line.assignments.push_back(std::move(*assigned));
    };
    config defaults;
    const bool is_switch = std::holds_alternative<bool*>(entry.of(defaults));
    CLI::Option* option = nullptr;
    if (is_switch) {
        const std::string value = negated ? "false" : "true";
        option = app.add_flag_callback(
            flags, [take, value] { take(value); },
            fmt::format("{}: {}", entry.path, negated ? "false" : "true"));
        option->description(negated ? fmt::format("do not {}", entry.meaning)
                                    : std::string(entry.meaning));
    } else {
        const auto fallback = value_text(defaults, entry);
        option = app.add_option_function<std::string>(
            flags, take,
            fallback.empty() ? std::string(entry.meaning)
                             : fmt::format("{} (default: {})", entry.meaning, fallback));
        option->type_name(std::string(entry.value));
    }
    if (entry.path.ends_with(".base_url"))
        option->multi_option_policy(CLI::MultiOptionPolicy::Join)->delimiter(',');
    else
        option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast); // as in files, later wins
    option->group(group_of(entry.path));
}

void add_set(command_line& line, const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        throw CLI::ValidationError("--set", fmt::format("expected key=value, got '{}'", text));
    const auto path = text.substr(0, equals);
    const auto* entry = find_setting(path);
    config defaults;
    if (entry && std::holds_alternative<secret*>(entry->of(defaults)))
        throw CLI::ValidationError("--set",
                                   fmt::format("{} is a secret, and the process list shows the "
                                               "command line; use the file with ${{VAR}}, or "
                                               "api_key_file",
                                               path));
    auto assigned = assign_text(path, text.substr(equals + 1), "--set " + path);
    if (!assigned) throw CLI::ValidationError(assigned.error().message());
    line.assignments.push_back(std::move(*assigned));
}

int complain(const std::string& what) {
    std::fprintf(stderr, "proctor: %s\n", what.c_str());
    return exit_usage;
}

// --- the commands' flags ------------------------------------------------------------------------

void add_settings(CLI::App& run, command_line& line) {
    run.add_option("-c,--config", line.config_files, "a YAML file; of several, later ones win")
        ->type_name("FILE")
        ->allow_extra_args(false);
    run.add_option_function<std::vector<std::string>>(
           "--set",
           [&line](const std::vector<std::string>& all) {
               for (const auto& each : all) add_set(line, each);
           },
           "any key of the configuration (but no secret)")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    run.add_option("--env-file", line.env_file,
                   "NAME=value lines for ${VAR}, before the environment")
        ->type_name("FILE");
    run.add_option("--ack-fd", line.acknowledge_fd,
                   "write each question_id (with --repeats 17#2, the second of 17) to this "
                   "descriptor once its result is durable")
        ->type_name("N");
    for (const auto& entry : all_settings())
        if (!entry.flags.empty()) add_flag(run, line, entry);
}

void add_dry_run(CLI::App& run, command_line& line) {
    run.add_flag(
        "--dry-run", line.dry_run,
        "check everything, put one question, show request, reply and marking; keep nothing");
}

void add_run_flags(CLI::App& run, command_line& line) {
    run.add_option_function<std::string>(
           "QUESTIONS",
           [&line](const std::string& path) {
               line.assignments.push_back(*assign_text("questions_file", path, "QUESTIONS"));
           },
           std::string(find_setting("questions_file")->meaning))
        ->type_name("FILE");
    add_settings(run, line);
    add_dry_run(run, line);
}

void add_config_flags(CLI::App& app, config_options& options) {
    app.add_option("--explain", options.explain, "only this key, or this section")
        ->type_name("KEY");
    add_run_flags(app, options.line);
}

void add_run_argument(CLI::App& app, std::string& run) {
    app.add_option("RUN", run, "a run directory, or a checkpoint directory")->type_name("PATH");
}

void add_resume_flags(CLI::App& app, command_line& line) {
    add_run_argument(app, line.run);
    add_settings(app, line);
    add_dry_run(app, line);
}

void add_regrade_flags(CLI::App& app, command_line& line) {
    add_run_argument(app, line.run);
    add_settings(app, line);
}

void add_status_flags(CLI::App& app, status_options& options) {
    add_run_argument(app, options.run);
    app.add_flag("--json", options.as_json, "for programs (configs/README.md has the fields)");
    app.add_flag("--watch", options.watch, "anew every second, until the run ends");
}

void add_get_flags(CLI::App& app, get_options& options) {
    add_run_argument(app, options.run);
    app.add_option("ID", options.questions, "question_ids")->type_name("N");
}

void add_export_flags(CLI::App& app, export_options& options) {
    add_run_argument(app, options.run);
    // Whether a format was named is asked afterwards, so that a misspelt flag is told of first.
    app.add_option_function<std::string>(
           "--format",
           [&options](const std::string& name) {
               const auto format = parse_results_format(name);
               if (!format)
                   throw CLI::ValidationError(
                       "--format",
                       fmt::format("expected json, jsonl, csv or checkpoint, got '{}'", name));
               options.format = *format;
           },
           "what is written")
        ->type_name("json|jsonl|csv|checkpoint");
    app.add_option("-o,--output", options.output,
                   "the file to write, whole or not at all (default: standard output)")
        ->type_name("FILE");
    app.add_flag_callback(
        "--incorrect", [&options] { options.choice = results_choice::incorrect; },
        "only what was answered wrong");
}

void add_report_flags(CLI::App& app, report_options& options) {
    add_run_argument(app, options.run);
    app.add_option("-o,--output", options.output,
                   "the file to write, whole or not at all (default: standard output)")
        ->type_name("FILE");
}

void add_view_flags(CLI::App& app, view_options& options) {
    app.add_option("DIR", options.directory, "a checkpoint directory, or a run")->type_name("PATH");
    app.add_option("--listen", options.listen,
                   fmt::format("where to listen; port 0 takes any that is free (default: {})",
                               options.listen))
        ->type_name("ADDRESS:PORT");
}

void add_merge_flags(CLI::App& app, merge_options& options) {
    app.add_option("OUT", options.output, "the directory of the new run")->type_name("PATH");
    app.add_option("RUN", options.runs, "the runs to merge")->type_name("PATH");
}

void add_compare_flags(CLI::App& app, compare_options& options) {
    app.add_option("RUN", options.runs, "the two runs")->type_name("PATH");
    app.add_flag("--json", options.as_json, "for programs (configs/README.md has the fields)");
}

void add_prune_flags(CLI::App& app, prune_options& options) {
    app.add_option("DIR", options.directory, "a checkpoint directory")->type_name("PATH");
    app.add_option("--keep", options.keep, "how many of the newest runs stay")->type_name("K");
    app.add_option_function<std::string>(
           "--older-than",
           [&options](const std::string& text) {
               options.older_than = parse_duration(text);
               if (!options.older_than)
                   throw CLI::ValidationError(
                       "--older-than",
                       fmt::format("expected a time such as 12h or 30d, got '{}'", text));
           },
           "only runs that were not written to for so long")
        ->type_name("TIME");
    app.add_flag("--dry-run", options.dry_run, "say what would go, and leave it");
}

// --- what is missing ----------------------------------------------------------------------------

// What a command's words come to must say; empty if nothing is wrong with it.
std::string missing(const CLI::App& app, const command_line& line) {
    return app.get_name() != "run" && line.run.empty() ? "which run?" : "";
}

std::string missing(const CLI::App&, const config_options&) {
    return {};
}

std::string missing(const CLI::App&, const status_options& options) {
    return options.run.empty() ? "which run?" : "";
}

std::string missing(const CLI::App&, const get_options& options) {
    if (options.run.empty()) return "which run?";
    return options.questions.empty() ? "which questions? Name at least one question_id" : "";
}

std::string missing(const CLI::App& app, const export_options& options) {
    if (options.run.empty()) return "which run?";
    if (app.count("--format") == 0) return "--format is needed: json, jsonl, csv or checkpoint";
    if (options.format == results_format::checkpoint && options.choice != results_choice::all)
        return "a checkpoint holds all results; --incorrect goes with the other formats";
    return {};
}

std::string missing(const CLI::App&, const report_options& options) {
    return options.run.empty() ? "which run?" : "";
}

std::string missing(const CLI::App&, const view_options& options) {
    return options.directory.empty() ? "which directory?" : "";
}

std::string missing(const CLI::App&, const merge_options& options) {
    return options.runs.empty() ? "what is to be merged, and into what?" : "";
}

std::string missing(const CLI::App&, const compare_options& options) {
    return options.runs.size() == 2 ? "" : "which two runs?";
}

std::string missing(const CLI::App&, const prune_options& options) {
    if (options.directory.empty()) return "which directory?";
    if (!options.keep && !options.older_than)
        return "what may go? Say --keep K, --older-than 30d, or both (--dry-run shows it)";
    return options.keep == 0 ? "--keep: the newest run always stays; say 1 or more" : "";
}

// --- all of them --------------------------------------------------------------------------------

struct subcommand {
    CLI::App* parser;
    std::function<void()> add_flags; // once, when the command is met or a page shows all of them
    std::string_view enough;         // said of a word that is one too many
    std::function<std::string()> missing; // asked once the words are parsed
    std::function<any_command()> taken;
    std::function<std::string()> page; // instead, of a command that only shows one
};

struct description {
    const char* name;
    const char* meaning;
    const char* examples;
    std::string_view enough = "one run is enough";
};

CLI::App& add_parser(CLI::App& app, const description& about) {
    auto& parser = *app.add_subcommand(about.name, about.meaning);
    parser.footer(about.examples);
    parser.set_help_flag("-h,--help", "this page");
    parser.allow_extras();
    return parser;
}

template <class Options>
subcommand add_command(CLI::App& app, const description& about,
                       void (*add_flags)(CLI::App&, Options&)) {
    auto& parser = add_parser(app, about);
    const auto options = std::make_shared<Options>(); // CLI11 keeps pointers into it
    const auto add = [&parser, options, add_flags] { add_flags(parser, *options); };
    parser.preparse_callback([add](std::size_t) { add(); });
    return {&parser,
            add,
            about.enough,
            [&parser, options] { return missing(parser, *options); },
            [options] { return any_command(*options); },
            {}};
}

// A command that shows a page which is made from all the others.
subcommand add_page(CLI::App& app, const description& about) {
    return {&add_parser(app, about), {}, about.enough, [] { return std::string(); }, {}, {}};
}

subcommand add_completion(CLI::App& app) {
    auto command = add_page(app, {"completion", "flags completed by your shell",
                                  completion_examples, "one shell is enough"});
    const auto name = std::make_shared<std::string>();
    command.parser->add_option("SHELL", *name, "yours")->type_name("bash|zsh|fish");
    command.missing = [name] {
        return parse_shell(*name) ? "" : "which shell? Say bash, zsh or fish";
    };
    command.page = [&app, name] {
        std::vector<std::string> keys;
        for (const auto& entry : all_settings()) keys.emplace_back(entry.path);
        return completion_script(app, *parse_shell(*name), {{"KEY", keys}});
    };
    return command;
}

subcommand add_manual(CLI::App& app) {
    auto command = add_page(
        app, {"manual", "all of these pages for man", manual_examples, "it takes nothing"});
    command.page = [&app] {
        return manual_page(app, "put question sets to language models and mark the answers");
    };
    return command;
}

std::vector<subcommand> add_commands(CLI::App& app) {
    return {
        add_command(app,
                    {"run", "put the questions, mark the answers, checkpoint, resume", run_examples,
                     "one question file is enough"},
                    add_run_flags),
        add_command(app, {"resume", "go on with a run, from what it recorded", resume_examples},
                    add_resume_flags),
        add_command(app,
                    {"regrade", "mark the stored answers again, without asking the model",
                     regrade_examples},
                    add_regrade_flags),
        add_command(app,
                    {"config", "every key of the configuration, and what would be used",
                     config_examples, "one question file is enough"},
                    add_config_flags),
        add_command(app, {"status", "how far a run is, and whether it lives", status_examples},
                    add_status_flags),
        add_command(app, {"get", "single results", get_examples}, add_get_flags),
        add_command(app, {"export", "results for other tools", export_examples}, add_export_flags),
        add_command(app,
                    {"report", "figures and plots of a run as a page of HTML", report_examples},
                    add_report_flags),
        add_command(app,
                    {"view", "runs and their questions in a browser", view_examples,
                     "one directory is enough"},
                    add_view_flags),
        add_command(app, {"merge", "several runs of the same questions into one", merge_examples},
                    add_merge_flags),
        add_command(app, {"compare", "the same questions, two runs", compare_examples},
                    add_compare_flags),
        add_command(app, {"prune", "old runs away", prune_examples, "one directory is enough"},
                    add_prune_flags),
        add_completion(app),
        add_manual(app),
    };
}

// The first word that nobody takes, and what it may have been meant to be.
int complain_of_extra(const subcommand& command, const std::string& word) {
    std::vector<std::string> names;
    for (const auto* option : command.parser->get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto bare = word.substr(0, word.find('='));
    const auto near = nearest(bare, known);
    if (!word.starts_with("-"))
        return complain(fmt::format("{}; what is '{}'?", command.enough, word));
    return complain(near.empty() ? fmt::format("unknown flag {} (proctor {} --help lists them)",
                                               bare, command.parser->get_name())
                                 : fmt::format("unknown flag {}; did you mean {}?", bare, near));
}

int complain_of_command(const std::vector<subcommand>& commands, const std::string& word) {
    if (word.starts_with("-"))
        return complain(fmt::format("unknown flag {} (see proctor --help)", word));
    std::vector<std::string> names;
    for (const auto& command : commands) names.push_back(command.parser->get_name());
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = nearest(word, known);
    return complain(
        near.empty()
            ? fmt::format("unknown command '{}' (there is: proctor {}; see proctor --help)", word,
                          fmt::join(names, ", "))
            : fmt::format("unknown command '{}'; did you mean proctor {}?", word, near));
}

std::string typed_again(int argc, char** argv) {
    std::string text;
    for (int i = 0; i < argc; ++i) text += (i ? " " : "") + quoted(argv[i]);
    return text;
}

} // namespace

std::string quoted(const std::string& word) {
    const bool plain =
        !word.empty() &&
        word.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,@%+") ==
            std::string::npos;
    if (plain) return word;
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

parsed_line parse_command_line(int argc, char** argv) {
    CLI::App app(
        "Puts question sets to language models and marks the answers. Kill it at any moment:\n"
        "the same command goes on.",
        "proctor");
    app.set_version_flag("--version", "proctor " PROCTOR_VERSION);
    app.footer(program_examples);
    app.set_help_flag("-h,--help", "this page");
    app.allow_extras();
    app.require_subcommand(0, 1); // so that a second command's name is a word like any other
    const auto commands = add_commands(app);

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) { // --help, --version
        app.exit(wanted);
        return {std::nullopt, exit_complete};
    } catch (const CLI::ParseError& error) {
        return {std::nullopt, complain(error.what())};
    }
    const auto command = std::find_if(commands.begin(), commands.end(),
                                      [](const subcommand& each) { return each.parser->parsed(); });
    if (command == commands.end()) {
        const auto words = app.remaining();
        if (!words.empty()) return {std::nullopt, complain_of_command(commands, words.front())};
        std::fputs(app.help().c_str(), stderr);
        return {std::nullopt, exit_usage};
    }
    const auto& name = command->parser->get_name();
    // What stood before the command is nobody's, and must not go unheard.
    if (const auto before = app.remaining(); !before.empty())
        return {std::nullopt, complain(fmt::format("{} comes before the command; its place is "
                                                   "behind it: proctor {} … {}",
                                                   before.front(), name, before.front()))};
    const auto extra = command->parser->remaining();
    if (!extra.empty()) return {std::nullopt, complain_of_extra(*command, extra.front())};
    if (const auto what = command->missing(); !what.empty())
        return {std::nullopt,
                complain(fmt::format("{0}: {1} (see proctor {0} --help)", name, what))};
    if (command->page) {
        for (const auto& each : commands)
            if (each.add_flags) each.add_flags();
        std::fputs(command->page().c_str(), stdout);
        return {std::nullopt, exit_complete};
    }
    auto taken = command->taken();
    if (auto* line = std::get_if<command_line>(&taken)) {
        line->command = name;
        line->again = typed_again(argc, argv);
    }
    return {std::move(taken), exit_complete};
}

} // namespace proctor
