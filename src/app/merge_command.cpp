// Whether runs belong together, and what their merger is called; the merging is run_builder's.
#include "proctor/app/merge_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/regrade.hpp"
#include "proctor/app/report.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/app/standard_output.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/pipeline/progress.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <system_error>

namespace proctor {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view shard_path = "selection.shard";

// Each setting by its path, as text.
void flatten(const std::string& path, const json::value& value,
             std::map<std::string, std::string>& into) {
    const auto* object = value.if_object();
    if (!object) {
        into[path] = json_text(value);
        return;
    }
    for (const auto& each : *object) {
        const std::string key(each.key());
        flatten(path.empty() ? key : path + "." + key, each.value(), into);
    }
}

std::map<std::string, std::string> flat(const json::object& settings) {
    std::map<std::string, std::string> all;
    flatten("", json::value(settings), all);
    all.erase(std::string(shard_path));
    return all;
}

// Of different shards comes what no shard is: a resume then asks for what all of them left.
json::object merged_settings(const std::vector<const run_view*>& runs) {
    auto settings = runs.front()->identity().settings;
    auto* selection = settings.if_contains("selection");
    if (!selection || !selection->is_object()) return settings;
    const auto shard_of = [](const run_view* run) -> json::value {
        const auto* chosen = run->identity().settings.if_contains("selection");
        const auto* shard =
            chosen && chosen->is_object() ? chosen->get_object().if_contains("shard") : nullptr;
        return shard ? *shard : json::value();
    };
    const auto first = shard_of(runs.front());
    if (std::any_of(runs.begin(), runs.end(),
                    [&](const run_view* run) { return shard_of(run) != first; }))
        selection->get_object().erase("shard");
    return settings;
}

// In the configuration that a resume goes on with.
void forget_shard(json::object& about) {
    auto* recorded = about.if_contains("config");
    auto* used = recorded ? recorded->if_object() : nullptr;
    auto* processing = used ? used->if_contains("processing") : nullptr;
    if (processing && processing->is_object()) processing->get_object()["shard"] = nullptr;
}

run_identity merged_identity(const std::vector<const run_view*>& runs) {
    run_identity identity;
    for (auto& byte : identity.id) byte = static_cast<char>(random_number());
    identity.created = iso_time(wall_now());
    identity.made_by = "proctor " PROCTOR_VERSION;
    identity.settings = merged_settings(runs);
    identity.about = runs.front()->identity().about;
    json::array sources;
    for (const auto* run : runs)
        sources.push_back({{"run", run->directory()}, {"run_id", to_hex(run->identity().id)}});
    identity.about["merged_from"] = std::move(sources);
    if (!shard_of(identity.settings)) forget_shard(identity.about);
    forget_regrading(identity); // of the first: it says nothing of the others
    return identity;
}

result<> belong_together(const std::vector<const run_view*>& runs) {
    const auto& first = *runs.front();
    for (auto run = std::next(runs.begin()); run != runs.end(); ++run) {
        const auto apart = settings_apart(first.identity().settings, (*run)->identity().settings);
        if (!apart.empty())
            return failure{failure_code::mismatch, (*run)->directory(),
                           fmt::format("cannot be merged with {}, which is about something "
                                       "else:\n  {}",
                                       first.directory(), fmt::join(apart, "\n  "))};
        for (auto other = runs.begin(); other != run; ++other)
            if ((*other)->identity().id == (*run)->identity().id)
                return failure{failure_code::mismatch, (*run)->directory(),
                               "is the same run as " + (*other)->directory()};
    }
    return {};
}

void tell(const merge_options& options, const merge_report& report) {
    posix_file_system disk;
    const auto merged = open_run_view(disk, options.output);
    const auto done = merged.counted().completed_count();
    auto text =
        fmt::format("Merged {} {} into {}: {} of {} questions have a result\n", options.runs.size(),
                    options.runs.size() == 1 ? "run" : "runs", options.output, thousands(done),
                    thousands(tasks_of(merged.identity()).value_or(done)));
    if (const auto part = shard_of(merged.identity().settings))
        text += fmt::format("It is still shard {} alone\n", to_string(*part));
    if (report.conflicts) {
        std::vector<question_id> questions;
        for (const auto task : report.first_conflicts)
            questions.push_back(question_of(task, repeats_of(merged.identity().settings)));
        text += fmt::format("Conflicts: {} questions have results in several of them; those of "
                            "the run that was written last count: {}{}\n",
                            thousands(report.conflicts), fmt::join(questions, ", "),
                            report.conflicts > report.first_conflicts.size() ? ", …" : "");
    }
    print(text + accuracy_lines(merged.counted()));
}

} // namespace

std::vector<std::string> settings_apart(const json::object& first, const json::object& second) {
    const auto a = flat(first), b = flat(second);
    const auto text = [](const auto& settings, const std::string& path) {
        const auto found = settings.find(path);
        return found == settings.end() ? std::string("nothing") : found->second;
    };
    auto all = a;
    all.insert(b.begin(), b.end());
    std::vector<std::string> apart;
    for (const auto& [path, ignored] : all)
        if (text(a, path) != text(b, path))
            apart.push_back(fmt::format("{}: {} in the first, {} in the second", path,
                                        text(a, path), text(b, path)));
    return apart;
}

result<merge_report> merge_into(file_system& disk, const std::string& directory,
                                const std::vector<const run_view*>& runs) {
    if (auto fit = belong_together(runs); !fit) return fit.error();
    store_options options;
    options.now = wall_now;
    options.random = random_number;
    auto builder = run_builder::create(disk, directory, merged_identity(runs), options);
    if (!builder) return builder.error();
    auto report = merge_runs(runs, *builder);
    if (!report) {
        std::error_code ec; // of a disk that is full, every byte is wanted back
        fs::remove_all(directory + ".making", ec);
    }
    return report;
}

int merge_command(const merge_options& options) {
    posix_file_system disk;
    auto output = options.output;
    while (output.size() > 1 && output.ends_with('/')) output.pop_back();
    std::error_code ec;
    if (fs::exists(fs::symlink_status(output, ec)))
        throw cannot_start{exit_usage,
                           {output + ": exists already; name a directory that is yet to be made"}};
    std::vector<run_view> views;
    views.reserve(options.runs.size());
    for (const auto& path : options.runs) views.push_back(open_named_run(disk, path));
    std::vector<const run_view*> runs;
    for (const auto& view : views) runs.push_back(&view);
    const auto report = merge_into(disk, output, runs);
    if (!report && report.error().code == failure_code::already_exists)
        throw cannot_start{exit_usage, {report.error().message()}};
    if (!report) throw storage_trouble(report.error(), report.error().where);
    tell({output, options.runs}, *report);
    return exit_complete;
}

} // namespace proctor
