// Identity, and the search for a run that has it.
#include "proctor/app/run_directory.hpp"

#include "proctor/app/run_lookup.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/choice_shuffle.hpp"
#include "proctor/eval/model_grader.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace proctor {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

// Versions of what is not configured but decides a result all the same; raised when it changes.
constexpr int prompt_version = 1;
constexpr int grader_version = 2;
constexpr int result_version = 1;

std::string first_line_of(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// Newest first. A run that cannot be read may be the one that is meant: nothing is passed over.
result<std::vector<found_run>> runs_of(file_system& disk, const std::string& checkpoint_directory) {
    auto listing = list_runs(disk, checkpoint_directory);
    if (!listing) return listing.error();
    if (!listing->unreadable.empty()) return listing->unreadable.front();
    return std::move(listing->runs);
}

// "none", for null would fit anything: a seed that is still to be drawn fits the one that was.
json::object identity_of_selection(const config& used, const question_census& census) {
    const auto& processing = used.processing;
    const auto population = selection{processing.limit, {}, {}}.count(census.questions);
    const auto count = selected_count(used, census);
    json::object chosen{{"limit", "none"}, {"random_seed", "none"}, {"random_of", "none"}};
    if (count < census.questions) chosen["limit"] = count;
    if (count < population) {
        chosen["random_of"] = population;
        chosen["random_seed"] =
            processing.random_seed ? json::value(*processing.random_seed) : json::value();
    }
    if (!processing.shard.empty()) chosen["shard"] = processing.shard;
    return chosen;
}

json::object* selection_in(json::object& settings) {
    auto* chosen = settings.if_contains("selection");
    return chosen ? chosen->if_object() : nullptr;
}

// Another of the shards that this one is of.
bool is_sister(json::object recorded, json::object wanted) {
    const auto ours = shard_of(wanted), other = shard_of(recorded);
    if (!ours || !other || ours->of != other->of) return false;
    for (auto* settings : {&recorded, &wanted}) selection_in(*settings)->erase("shard");
    return run_differences(recorded, wanted).empty();
}

json::object identity_of_grader(const config& used) {
    json::object grader{{"name", grader_name(used)}, {"version", grader_version}};
    if (!used.grader_server) return grader;
    grader["model"] = used.grader_server->model;
    grader["prompt_version"] = marking_prompt_version;
    grader["grading"] = used.processing.grading;
    return grader;
}

} // namespace

std::string grader_name(const config& used) {
    const auto own = grader_names();
    const bool is_own = std::find(own.begin(), own.end(), used.model.grader) != own.end();
    return is_own || used.grader_server ? used.model.grader : "extraction";
}

std::uint64_t selected_count(const config& used, const question_census& census) {
    const auto population = selection{used.processing.limit, {}, {}}.count(census.questions);
    return std::min(population, used.processing.random_selection.value_or(population));
}

std::uint64_t task_count(const config& used, const question_census& census) {
    const selection share{selected_count(used, census), {}, parse_shard(used.processing.shard)};
    return share.count(census.questions) * used.processing.repeats;
}

std::vector<std::string> run_differences(const json::object& recorded, const json::object& wanted) {
    const auto in_full = [](json::object settings) {
        settings["repeats"] = repeats_of(settings);
        settings.emplace("endpoint", "chat");
        if (!settings.contains("shuffle")) settings["shuffle"] = {{"choices", false}};
        if (auto* chosen = selection_in(settings)) chosen->emplace("shard", "none");
        return settings;
    };
    return differences(in_full(recorded), in_full(wanted));
}

void give_seed(json::object& settings, std::uint64_t seed) {
    auto& sample = settings.at("selection").at("random_seed");
    if (sample.is_null()) sample = seed;
    auto* shuffle = settings.if_contains("shuffle");
    if (shuffle && shuffle->at("seed").is_null()) shuffle->at("seed") = seed;
}

json::object identity_settings(const config& used, const question_census& census) {
    json::object settings;
    settings["questions"] = {
        {"sha256", census.sha256}, {"count", census.questions}, {"fields", fields_of(used).text()}};
    settings["selection"] = identity_of_selection(used, census);
    if (used.processing.repeats > 1) settings["repeats"] = used.processing.repeats;
    if (used.processing.shuffle_choices) {
        const auto& seed = used.processing.random_seed;
        settings["shuffle"] = {{"choices", true},
                               {"version", choice_shuffle_version},
                               {"seed", seed ? json::value(*seed) : json::value()}};
    }
    settings["model"] = used.model.model;
    if (used.model.endpoint != "chat") settings["endpoint"] = used.model.endpoint;
    settings["sampling"] = {{"temperature", used.model.temperature},
                            {"max_tokens", used.model.max_tokens},
                            {"extra_body", json_text(used.model.extra_body)}};
    settings["prompt"] = {{"version", prompt_version},
                          {"system", used.prompt.system},
                          {"template", used.prompt.template_text},
                          {"examples_sha256", used.prompt.examples_sha256},
                          {"use_context_field", used.rag.use_context_field}};
    settings["grader"] = identity_of_grader(used);
    settings["result_version"] = result_version;
    if (used.model.generator_type == "simulated")
        settings["simulated"] = {{"accuracy", used.simulated.accuracy},
                                 {"seed", used.simulated.seed}};
    return settings;
}

result<run_search> find_run(file_system& disk, const std::string& checkpoint_directory,
                            const json::object& wanted) {
    auto runs = runs_of(disk, checkpoint_directory);
    if (!runs) return runs.error();
    run_search search;
    for (auto& run : *runs) {
        const auto different = run_differences(run.identity.settings, wanted);
        if (different.empty()) {
            search.fitting = std::move(run);
            break;
        }
        if (is_sister(run.identity.settings, wanted)) continue;
        search.passed_over.push_back(
            fmt::format("{}: {}", run.directory, fmt::join(different, "; ")));
    }
    return search;
}

result<found_run> named_run(file_system& disk, const std::string& path,
                            const json::object& wanted) {
    auto identity = read_identity(disk, path);
    found_run run;
    if (identity) {
        run = {path, std::move(*identity)};
    } else {
        if (identity.error().code != failure_code::not_found) return identity.error();
        auto runs = runs_of(disk, path);
        if (!runs || runs->empty())
            return failure{failure_code::not_found, path, "there is no run here to resume from"};
        run = std::move(runs->front());
    }
    const auto different = run_differences(run.identity.settings, wanted);
    if (!different.empty())
        return failure{
            failure_code::mismatch, run.directory,
            fmt::format("this run is of something else:\n  {}", fmt::join(different, "\n  "))};
    return run;
}

result<std::optional<found_run>> run_made_from(file_system& disk,
                                               const std::string& checkpoint_directory,
                                               std::string_view source,
                                               const json::object& wanted) {
    auto runs = runs_of(disk, checkpoint_directory);
    if (!runs) return runs.error();
    for (auto& run : *runs) {
        const auto* from = run.identity.about.if_contains("made_from");
        if (from && from->is_string() && from->get_string() == source &&
            run_differences(run.identity.settings, wanted).empty())
            return std::optional(std::move(run));
    }
    return std::optional<found_run>();
}

std::string lock_text(wall_time started) {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    const json::object text{{"host", host},
                            {"pid", ::getpid()},
                            {"boot_id", first_line_of("/proc/sys/kernel/random/boot_id")},
                            {"started", iso_time(started)}};
    return json_text(text) + "\n";
}

std::string describe_holder(const std::string& text) {
    boost::system::error_code ec;
    const auto value = json::parse(text, ec);
    const auto* holder = ec ? nullptr : value.if_object();
    if (!holder || !holder->if_contains("pid") || !holder->if_contains("host") ||
        !holder->if_contains("started"))
        return "another process";
    return fmt::format(
        "process {} on {} since {}", json_text(holder->at("pid")),
        std::string(json::value_to<std::string>(holder->at("host"))),
        std::string(json::value_to<std::string>(holder->at("started"))).substr(0, 19));
}

void link_latest(const std::string& checkpoint_directory, const std::string& run_directory) {
    const auto link = [&](std::string_view name, const fs::path& target) {
        std::error_code ec;
        const fs::path path = join_path(checkpoint_directory, name);
        const fs::path temporary = path.string() + std::string(temporary_suffix);
        fs::remove(temporary, ec);
        fs::create_symlink(target, temporary, ec);
        if (!ec) fs::rename(temporary, path, ec);
    };
    link("latest", fs::path(run_directory).filename());
    link("latest.json", fs::path("latest") / std::string(status_file));
}

} // namespace proctor
