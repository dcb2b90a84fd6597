// From a path to a run.
#include "proctor/app/run_lookup.hpp"

#include "proctor/app/exit_status.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace proctor {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

bool is_of_storage(failure_code code) {
    return code == failure_code::not_found || code == failure_code::damaged ||
           code == failure_code::unsupported || code == failure_code::mismatch;
}

std::optional<std::uint64_t> number_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (!value || !value->is_number()) return std::nullopt;
    boost::system::error_code ec;
    const auto number = value->to_number<std::uint64_t>(ec);
    return ec ? std::nullopt : std::optional(number);
}

const json::object* object_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? value->if_object() : nullptr;
}

// One link is followed, so that a run is called by its own name and not by "latest", which moves.
std::string followed(const std::string& path) {
    std::error_code ec;
    auto bare = path;
    while (bare.size() > 1 && bare.ends_with('/')) bare.pop_back();
    const auto target = fs::read_symlink(bare, ec);
    if (ec) return bare;
    return target.is_absolute() ? target.string() : join_path(parent_path(bare), target.string());
}

} // namespace

result<run_listing> list_runs(file_system& disk, const std::string& checkpoint_directory) {
    const auto names = disk.list(checkpoint_directory);
    if (!names) return names.error();
    run_listing listing;
    for (const auto& name : *names) {
        if (!name.starts_with("checkpoint_")) continue;
        const auto directory = join_path(checkpoint_directory, name);
        std::error_code ec;
        if (!fs::is_directory(directory, ec)) continue;
        auto identity = read_identity(disk, directory);
        // Whatever run.json it may have by now, under this name it is being made.
        if (name.ends_with(".making") ||
            (!identity && identity.error().code == failure_code::not_found))
            listing.unfinished.push_back(directory);
        else if (identity)
            listing.runs.push_back({directory, std::move(*identity)});
        else
            listing.unreadable.push_back(identity.error());
    }
    std::stable_sort(listing.runs.begin(), listing.runs.end(),
                     [](const found_run& a, const found_run& b) {
                         return a.identity.created > b.identity.created;
                     });
    return listing;
}

named_directory find_directory(file_system& disk, const std::string& path) {
    std::error_code ec;
    const auto kind = fs::status(path, ec).type();
    if (kind == fs::file_type::not_found || kind == fs::file_type::none)
        throw cannot_start{exit_run_unusable, {path + ": there is no such directory"}};
    if (kind != fs::file_type::directory)
        throw cannot_start{exit_usage,
                           {path + ": is a file; name a run directory (checkpoint_…), or the "
                                   "directory that holds the runs"}};
    named_directory named{followed(path), true};
    const auto identity = read_identity(disk, named.path);
    named.is_run = identity || identity.error().code != failure_code::not_found;
    return named;
}

std::vector<std::string> runs_meant_by(file_system& disk, const named_directory& named) {
    if (named.is_run) return {named.path};
    const auto listing = list_runs(disk, named.path);
    if (!listing) throw storage_trouble(listing.error(), named.path);
    std::vector<std::string> runs;
    for (const auto& run : listing->runs) runs.push_back(run.directory);
    for (const auto& why : listing->unreadable) runs.push_back(parent_path(why.where));
    return runs;
}

run_view open_run_view(file_system& disk, const std::string& directory) {
    auto run = run_view::open(disk, directory);
    if (!run) throw storage_trouble(run.error(), directory);
    return std::move(*run);
}

run_view open_named_run(file_system& disk, const std::string& path) {
    return open_run_view(disk, named_run_directory(disk, path));
}

std::string named_run_directory(file_system& disk, const std::string& path) {
    const auto named = find_directory(disk, path);
    if (named.is_run) return named.path;
    const auto listing = list_runs(disk, named.path);
    if (!listing) throw storage_trouble(listing.error(), named.path);
    if (!listing->runs.empty()) return listing->runs.front().directory;
    if (!listing->unreadable.empty())
        throw storage_trouble(listing->unreadable.front(),
                              parent_path(listing->unreadable.front().where));
    throw cannot_start{exit_run_unusable,
                       {path + ": there is no run here (neither run.json nor a checkpoint_… "
                               "directory that has one)"}};
}

cannot_start storage_trouble(const failure& why, const std::string& directory) {
    if (!is_of_storage(why.code)) return {exit_disk, {why.message()}};
    auto message = why.message();
    if (why.code == failure_code::damaged && message.find("proctor-dump") == std::string::npos)
        message += fmt::format(" (see: proctor-dump --verify {})", directory);
    return {exit_run_unusable, {std::move(message)}};
}

std::string model_of(const run_identity& identity) {
    const auto* model = identity.settings.if_contains("model");
    return model && model->is_string() ? std::string(model->get_string()) : "unknown";
}

std::string questions_name_of(const run_identity& identity) {
    const auto* path = identity.about.if_contains("questions_file");
    if (!path || !path->is_string()) return {};
    return fs::path(std::string(path->get_string())).filename().string();
}

std::uint64_t repeats_of(const json::object& settings) {
    return std::clamp<std::uint64_t>(number_at(settings, "repeats").value_or(1), 1, most_repeats);
}

std::optional<std::uint64_t> tasks_of(const run_identity& identity) {
    const auto* questions = object_at(identity.settings, "questions");
    const auto count = questions ? number_at(*questions, "count") : std::nullopt;
    if (!count) return std::nullopt;
    const auto* chosen = object_at(identity.settings, "selection");
    const auto limit = chosen ? number_at(*chosen, "limit") : std::nullopt;
    const selection selected{limit, {}, shard_of(identity.settings)};
    return selected.count(*count) * repeats_of(identity.settings);
}

json::object used_config(file_system& disk, const run_view& run) {
    const auto text = read_all(disk, join_path(run.directory(), status_file));
    boost::system::error_code ec;
    const auto status = json::parse(text ? *text : std::string(), ec);
    if (!ec && status.is_object())
        if (const auto* used = object_at(status.get_object(), "config")) return *used;
    const auto& settings = run.identity().settings;
    const auto& about = run.identity().about;
    if (const auto* begun = object_at(about, "config")) return *begun;
    // What decides a result is known of every run.
    json::object generator;
    if (const auto* sampling = object_at(settings, "sampling")) generator = *sampling;
    if (const auto* model = settings.if_contains("model")) generator["model"] = *model;
    json::object used;
    used["model"] = {{"generator_settings", std::move(generator)}};
    if (const auto* file = about.if_contains("questions_file")) used["questions_file"] = *file;
    return used;
}

std::optional<shard> shard_of(const json::object& settings) {
    const auto* chosen = object_at(settings, "selection");
    const auto* part = chosen ? chosen->if_contains("shard") : nullptr;
    return part && part->is_string() ? parse_shard(std::string_view(part->get_string()))
                                     : std::nullopt;
}

selection selection_of(const json::object& settings) {
    selection found;
    const auto* chosen = object_at(settings, "selection");
    if (!chosen) return found;
    found.limit = number_at(*chosen, "limit");
    found.part = shard_of(settings);
    const auto seed = number_at(*chosen, "random_seed");
    const auto population = number_at(*chosen, "random_of");
    if (!found.limit || !seed || !population || *found.limit > *population) return found;
    found.drawn = draw_questions(*population, *found.limit, *seed);
    found.limit = population;
    if (const auto part = std::exchange(found.part, std::nullopt))
        found.drawn = share_of(*found.drawn, *part);
    return found;
}

std::optional<std::uint64_t> shuffle_seed_of(const json::object& settings) {
    const auto* shuffling = object_at(settings, "shuffle");
    return shuffling ? number_at(*shuffling, "seed") : std::nullopt;
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::string_view units[] = {"bytes", "kB", "MB", "GB", "TB"};
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= 1000 && unit + 1 < std::size(units); ++unit) size /= 1000;
    return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", size, units[unit]);
}

} // namespace proctor
