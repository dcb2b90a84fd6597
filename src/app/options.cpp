// Flags are made from config's table; only what is no key of the configuration stands here.
#include "proctor/app/options.hpp"

#include "proctor/app/exit_status.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace proctor {
namespace {

constexpr auto program_examples = R"(Examples:
  proctor run --config configs/demo.yaml         the demonstration, without any endpoint of yours
  proctor run questions.jsonl --model NAME --base-url https://host/v1
  proctor run --help                             every flag)";

constexpr auto run_examples =
    R"(Every flag has a key in the YAML file (configs/example.yaml); a flag wins over the file.

Examples:
  proctor run questions.jsonl --model mistral-7b --base-url https://gpu1:8000/v1 --ca-file ca.pem
  proctor run --config run.yaml --parallel 1000
  proctor run --config run.yaml --checkpoint-interval 25 --save-incremental
  OPENAI_BASE_URL=https://host/v1 OPENAI_API_KEY=… proctor run questions.jsonl --model NAME

Interrupted, killed, or out of disk: the same command goes on where it was.

Exit status: 0 complete, 2 usage, 3 some questions failed, 4 run does not fit or is damaged,
5 run is held, 6 disk, 7 a limit was reached, 75 endpoint away, 77 endpoint refuses,
128+n signal n.)";

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

// The first word that nobody takes, and what it may have been meant to be.
int complain_of_extra(const CLI::App& run, const std::string& word) {
    std::vector<std::string> names;
    for (const auto* option : run.get_options())
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto bare = word.substr(0, word.find('='));
    const auto near = nearest(bare, known);
    if (!word.starts_with("-"))
        return complain(fmt::format("one question file is enough; what is '{}'?", word));
    return complain(near.empty()
                        ? fmt::format("unknown flag {} (proctor run --help lists them)", bare)
                        : fmt::format("unknown flag {}; did you mean {}?", bare, near));
}

} // namespace

parsed_line parse_command_line(int argc, char** argv) {
    command_line line;
    for (int i = 0; i < argc; ++i) line.again += (i ? " " : "") + quoted(argv[i]);

    CLI::App app(
        "Puts question sets to language models and marks the answers. Kill it at any moment:\n"
        "the same command goes on.",
        "proctor");
    app.set_version_flag("--version", "proctor " PROCTOR_VERSION);
    app.footer(program_examples);
    app.set_help_flag("-h,--help", "this page");
    app.allow_extras();

    auto& run =
        *app.add_subcommand("run", "put the questions, mark the answers, checkpoint, resume");
    run.footer(run_examples);
    run.set_help_flag("-h,--help", "this page");
    run.allow_extras();
    run.add_option_function<std::string>(
           "QUESTIONS",
           [&line](const std::string& path) {
               line.assignments.push_back(*assign_text("questions_file", path, "QUESTIONS"));
           },
           std::string(find_setting("questions_file")->meaning))
        ->type_name("FILE");
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
                   "write each question_id to this descriptor once its result is durable")
        ->type_name("N");
    for (const auto& entry : all_settings())
        if (!entry.flags.empty()) add_flag(run, line, entry);

    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) { // --help, --version
        app.exit(wanted);
        return {std::nullopt, exit_complete};
    } catch (const CLI::ParseError& error) {
        return {std::nullopt, complain(error.what())};
    }
    if (!run.parsed()) {
        const auto words = app.remaining();
        if (words.empty()) {
            std::fputs(app.help().c_str(), stderr);
            return {std::nullopt, exit_usage};
        }
        return {
            std::nullopt,
            complain(fmt::format("unknown command '{}' (there is: proctor run; see proctor --help)",
                                 words.front()))};
    }
    const auto extra = run.remaining();
    if (!extra.empty()) return {std::nullopt, complain_of_extra(run, extra.front())};
    line.command = "run";
    return {std::move(line), exit_complete};
}

} // namespace proctor
