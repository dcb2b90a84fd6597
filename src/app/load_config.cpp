// What comes from where, and which wins: files in order, then --set and flags, then what the
// environment fills in.
#include "proctor/app/load_config.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/job_array.hpp"
#include "proctor/app/model_registry.hpp"
#include "proctor/app/question_spool.hpp"
#include "proctor/app/regrade.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/grading.hpp"
#include "proctor/storage/posix_file_system.hpp"
#include "proctor/storage/run_identity.hpp"
#include "proctor/storage/run_layout.hpp"

#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

namespace proctor {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

// NAME=value lines; '#' begins a comment.
std::map<std::string, std::string> read_env_file(const std::string& path) {
    std::map<std::string, std::string> values;
    if (path.empty()) return values;
    std::ifstream file(path);
    if (!file) throw cannot_start{exit_usage, {path + ": cannot open the environment file"}};
    for (std::string line; std::getline(file, line);) {
        const auto equals = line.find('=');
        if (line.starts_with('#') || equals == std::string::npos) continue;
        auto value = line.substr(equals + 1);
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
            value.back() == value.front())
            value = value.substr(1, value.size() - 2);
        values[line.substr(0, equals)] = std::move(value);
    }
    return values;
}

std::vector<std::string> messages_of(const std::vector<failure>& problems) {
    std::vector<std::string> messages;
    for (const auto& problem : problems) messages.push_back(problem.message());
    return messages;
}

// A relative path in a configuration file is tried from that file's folder, then from here.
std::string find_beside(const std::string& path, std::string_view key, const command_line& line) {
    const bool said_here = std::any_of(line.assignments.begin(), line.assignments.end(),
                                       [&](const assignment& each) { return each.path == key; });
    if (path.empty() || fs::path(path).is_absolute() || said_here) return path;
    for (auto file = line.config_files.rbegin(); file != line.config_files.rend(); ++file) {
        const auto beside = fs::path(*file).parent_path() / path;
        if (fs::exists(beside)) return beside.string();
    }
    return path;
}

// The registry of models: the one that is named, or the usual one if it is there.
std::optional<model_registry> read_registry(config& used, const command_line& line) {
    constexpr const char* usual_name = "model_servers.yaml";
    constexpr std::string_view key = "model.model_config_file";
    const bool named = !used.model.registry.empty();
    const auto path = find_beside(named ? used.model.registry : usual_name, key, line);
    if (!named && !fs::exists(path)) return std::nullopt;
    used.model.registry = path;
    auto read = model_registry::read(path);
    if (!read) throw cannot_start{exit_usage, {read.error().message()}};
    return std::move(*read);
}

model_server find_server(const model_registry& registry, std::string_view key,
                         const std::string& shortname, const environment& look_up) {
    auto found = registry.find(shortname, look_up);
    if (!found)
        throw cannot_start{exit_usage, {fmt::format("{}: {}", key, found.error().message())}};
    return std::move(*found);
}

// Where a shortname of the registry stands for a model, its entry says the rest. A file that names
// a grader of the registry is right without the registry if no model is to mark.
void find_models(config& used, const command_line& line, const environment& look_up) {
    constexpr std::string_view grader_key = "model.grader_shortname";
    const auto own_graders = grader_names();
    const bool model_marks =
        std::find(own_graders.begin(), own_graders.end(), used.model.grader) == own_graders.end() &&
        used.processing.grading != "extraction";
    const bool has_endpoint = !used.model.base_url.empty() || !used.model.server.empty() ||
                              used.model.generator_type == "simulated";
    if (!model_marks && has_endpoint) return;
    const auto registry = read_registry(used, line);
    if (model_marks && !registry)
        throw cannot_start{
            exit_usage,
            {fmt::format("{}: {} is none of {}, and there is no registry model_servers.yaml beside "
                         "the configuration or here; --model-config names another",
                         grader_key, used.model.grader, fmt::join(own_graders, ", "))}};
    if (model_marks)
        used.grader_server = find_server(*registry, grader_key, used.model.grader, look_up);
    if (has_endpoint || !registry || !registry->has(used.model.model)) return;
    auto server = find_server(*registry, "--model", used.model.model, look_up);
    used.model.model = std::move(server.model);
    used.model.base_url = std::move(server.base_url);
    if (used.model.api_key.text.empty()) used.model.api_key = std::move(server.api_key);
}

// In one spelling, for it is part of identity; what auto means here.
void find_shard(config& used, const environment& look_up, std::vector<std::string>& lacking) {
    auto& text = used.processing.shard;
    auto part = parse_shard(text);
    if (text == "auto") {
        const auto found = shard_of_job(look_up);
        if (found)
            part = *found;
        else
            lacking.push_back(found.error().message());
    }
    if (part) text = to_string(*part);
}

void read_api_key_file(config& used) {
    const auto& path = used.model.api_key_file;
    if (path.empty()) return;
    std::ifstream file(path);
    if (!file || !std::getline(file, used.model.api_key.text) || used.model.api_key.text.empty())
        throw cannot_start{exit_usage, {path + ": expected an API key in its first line"}};
}

// What the examples say decides results: their digest is part of a run's identity.
void read_examples(config& used) {
    const auto& path = used.prompt.examples_file;
    if (path.empty()) return;
    std::vector<std::string> broken;
    const auto census =
        take_census(path, [&](const failure& why) { broken.push_back(why.message()); });
    if (!census) throw cannot_start{exit_usage, {census.error().message()}};
    if (!broken.empty()) throw cannot_start{exit_usage, std::move(broken)};
    used.prompt.examples_sha256 = census->sha256;
}

// Keys whose values are paths.
constexpr std::string_view path_keys[] = {
    "questions_file",       "model.generator_settings.api_key_file",
    "tls.ca_file",          "tls.client_certificate",
    "tls.client_key",       "output.output_directory",
    "prompt.examples_file", "model.model_config_file"};

// Of no use to who asks no model, and perhaps not at hand any more.
constexpr std::string_view credential_keys[] = {"model.generator_settings.api_key",
                                                "model.generator_settings.api_key_file",
                                                "model.generator_settings.headers"};

template <std::size_t Size>
bool is_among(const std::string_view (&keys)[Size], std::string_view path) {
    return std::find(std::begin(keys), std::end(keys), path) != std::end(keys);
}

struct recorded_run {
    std::vector<assignment> assignments;
    bool only_marks = false;
};

// What a run recorded of its configuration, as if it were a file: `resume` begins with it, and
// `regrade`. Relative paths mean what they meant when the run was made.
recorded_run read_recorded(const std::string& run, bool to_regrade) {
    posix_file_system disk;
    std::error_code ec;
    const auto latest = join_path(run, "latest");
    const auto named = fs::exists(join_path(run, identity_file), ec) ? run : latest;
    const auto directory = fs::canonical(named, ec).string();
    if (ec) throw cannot_start{exit_run_unusable, {run + ": there is no run here to go on with"}};
    const auto identity = read_identity(disk, directory);
    if (!identity) throw cannot_start{exit_run_unusable, {identity.error().message()}};
    const auto origin = join_path(directory, identity_file);
    const auto text_at = [&](std::string_view name) {
        const auto* value = identity->about.if_contains({name.data(), name.size()});
        return value && value->is_string() ? std::string(value->get_string()) : std::string();
    };
    const auto* recorded = identity->about.if_contains("config");
    if (!recorded || !recorded->is_object())
        throw cannot_start{exit_run_unusable,
                           {origin + ": holds no configuration; go on with the command that began "
                                     "this run"}};
    const fs::path place = text_at("working_directory");
    std::vector<assignment> assignments;
    const bool only_marks = to_regrade || is_regraded(*identity);
    for (const auto& entry : all_settings()) {
        if (only_marks && is_among(credential_keys, entry.path)) continue;
        const json::value* value = recorded;
        for (auto path = entry.path; value && !path.empty();) {
            const auto key = path.substr(0, path.find('.'));
            path.remove_prefix(std::min(path.size(), key.size() + 1));
            const auto* section = value->if_object();
            value = section ? section->if_contains({key.data(), key.size()}) : nullptr;
        }
        if (!value || value->is_null()) continue; // as by default, or younger than the run
        const auto text = value->is_string() ? std::string(value->get_string()) : json_text(*value);
        if (text == "***")
            throw cannot_start{
                exit_usage,
                {fmt::format("{}: {} was given in clear and is not recorded; go on with the "
                             "command that began this run (a value ${{VAR}} would be found again)",
                             origin, entry.path)}};
        const bool is_path = is_among(path_keys, entry.path) && !text.empty() && text != "-";
        assignments.push_back(
            *assign_text(entry.path, is_path ? (place / text).string() : text, origin));
    }
    const auto set = [&](std::string_view path, const std::string& text) {
        assignments.push_back(*assign_text(path, text, origin));
    };
    if (const auto spool = join_path(directory, question_spool_file); fs::exists(spool, ec))
        set("questions_file", spool);
    set("processing.checkpoint_directory", fs::path(directory).parent_path().string());
    set("processing.resume_from_checkpoint", directory);
    return {std::move(assignments), only_marks};
}

} // namespace

loaded_config read_config(const command_line& line) {
    std::vector<std::string> notes;
    const auto from_file = read_env_file(line.env_file);
    const environment look_up = [from_file](const std::string& name) -> std::optional<std::string> {
        if (const auto found = from_file.find(name); found != from_file.end()) return found->second;
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    };
    std::vector<assignment> assignments;
    std::vector<failure> problems;
    bool only_marks = false;
    if (!line.run.empty()) {
        auto recorded = read_recorded(line.run, line.command == "regrade");
        assignments = std::move(recorded.assignments);
        only_marks = recorded.only_marks;
    }
    for (const auto& path : line.config_files) {
        auto file = read_config_file(path);
        std::move(file.assignments.begin(), file.assignments.end(),
                  std::back_inserter(assignments));
        std::move(file.problems.begin(), file.problems.end(), std::back_inserter(problems));
        std::move(file.notes.begin(), file.notes.end(), std::back_inserter(notes));
    }
    assignments.insert(assignments.end(), line.assignments.begin(), line.assignments.end());
    config used;
    used.only_marks = only_marks;
    for (auto& problem : apply(used, assignments, look_up)) problems.push_back(std::move(problem));
    if (!problems.empty()) throw cannot_start{exit_usage, messages_of(problems)};
    find_models(used, line, look_up);
    fill_from_environment(used, look_up);
    if (used.model.generator_type == "simulated" && used.model.model.empty())
        used.model.model = "simulated";
    if (used.output.save_incorrect && used.output.format == "none")
        notes.emplace_back("output.save_incorrect writes no file, as output.format is none");
    auto lacking = messages_of(check(used));
    find_shard(used, look_up, lacking);
    used.questions_file = find_beside(used.questions_file, "questions_file", line);
    if (used.model.base_url.empty() && !used.model.server.empty() && used.model.port)
        used.model.base_url = fmt::format("http://{}:{}/v1", used.model.server, *used.model.port);
    return {std::move(used), std::move(notes), look_up, std::move(assignments), std::move(lacking)};
}

loaded_config load_config(const command_line& line) {
    auto loaded = read_config(line);
    if (!loaded.lacking.empty()) throw cannot_start{exit_usage, std::move(loaded.lacking)};
    read_api_key_file(loaded.used);
    read_examples(loaded.used);
    return loaded;
}

} // namespace proctor
