// All that it shows comes from config's table.
#include "proctor/app/config_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/load_config.hpp"
#include "proctor/app/standard_output.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace proctor {
namespace {

std::string or_null(std::string text) {
    return text.empty() ? "null" : text;
}

// "-j, --parallel, --max-connections N"
std::string flags_of(const setting& entry) {
    std::string text;
    for (const char c : entry.flags.substr(entry.flags.starts_with('!') ? 1 : 0))
        text += c == ',' ? std::string(", ") : std::string(1, c);
    return entry.value.empty() ? text : fmt::format("{} {}", text, entry.value);
}

// A key and its default, and below them what it means.
std::string described(const setting& entry) {
    auto text =
        fmt::format("{}: {}\n    {}\n", entry.path, or_null(value_text({}, entry)), entry.meaning);
    if (!entry.flags.empty())
        text += fmt::format("    {}: {}\n", entry.flags.starts_with('!') ? "false by" : "flag",
                            flags_of(entry));
    return text;
}

std::string every_key() {
    std::string text = "# Every key, its default and its meaning.\n";
    for (const auto& entry : all_settings()) text += described(entry);
    return text;
}

// Of the assignments of one key the last one counts.
std::string origin_of(const loaded_config& loaded, const setting& entry) {
    for (auto each = loaded.assignments.rbegin(); each != loaded.assignments.rend(); ++each)
        if (each->path == entry.path) return each->origin;
    const auto is_default = value_text(loaded.used, entry) == value_text({}, entry);
    return is_default ? "the default" : "the environment, or other keys";
}

std::string explained(const setting& entry, const loaded_config* loaded) {
    auto text = described(entry);
    if (loaded)
        text += fmt::format("    used: {} ({})\n", or_null(value_text(loaded->used, entry)),
                            origin_of(*loaded, entry));
    return text;
}

// Of a section: all that is in it.
std::string explained(const std::string& key, const loaded_config* loaded) {
    if (const auto why = inert_reason(key); !why.empty())
        return fmt::format("{} is ignored: {}\n", key, why);
    std::string text;
    for (const auto& entry : all_settings())
        if (entry.path == key || entry.path.starts_with(key + "."))
            text += explained(entry, loaded);
    if (text.empty()) throw cannot_start{exit_usage, {key + ": " + unknown_key(key)}};
    return text;
}

} // namespace

int config_command(const config_options& options) {
    const auto& line = options.line;
    const bool given =
        !line.config_files.empty() || !line.assignments.empty() || !line.env_file.empty();
    std::optional<loaded_config> loaded;
    if (given) loaded = read_config(line);
    if (!options.explain.empty()) {
        print(explained(options.explain, loaded ? &*loaded : nullptr));
        return exit_complete;
    }
    if (!loaded) {
        print(every_key());
        return exit_complete;
    }
    for (const auto& note : loaded->notes) fmt::print(stderr, "{}\n", note);
    print(redacted_yaml(loaded->used));
    for (const auto& problem : loaded->lacking) fmt::print(stderr, "proctor: {}\n", problem);
    return loaded->lacking.empty() ? exit_complete : exit_usage;
}

} // namespace proctor
