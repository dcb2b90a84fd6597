// Names to values and back.
#include "proctor/storage/run_layout.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <ctime>

namespace proctor {
namespace {

// Takes exactly `digits` decimal digits off the front, if there are as many.
template <class T>
bool take_number(std::string_view& text, std::size_t digits, T& value) {
    if (text.size() < digits) return false;
    const char* begin = text.data();
    const char* end = begin + digits;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc{} || stop != end) return false;
    text.remove_prefix(digits);
    return true;
}

bool take_text(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

std::tm local(wall_time time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    const std::time_t value = seconds;
    std::tm parts{};
    ::localtime_r(&value, &parts);
    return parts;
}

} // namespace

std::string segment_name(segment_key key) {
    return fmt::format("wal-{:020}-{:05}.log", key.first_lsn, key.epoch);
}

std::optional<segment_key> parse_segment_name(std::string_view name) {
    segment_key key;
    auto left = name;
    if (!take_text(left, "wal-") || !take_number(left, 20, key.first_lsn) ||
        !take_text(left, "-") || !take_number(left, left.find('.'), key.epoch))
        return std::nullopt;
    // One spelling a segment, so that no two files claim the same place; the epoch grows beyond
    // its five digits rather than out of sight.
    if (key.first_lsn == 0 || segment_name(key) != name) return std::nullopt;
    return key;
}

std::string snapshot_name(snapshot_key key) {
    return fmt::format("snapshot-{:020}-{:020}-{:05}.snap", key.first_lsn, key.last_lsn, key.epoch);
}

std::optional<snapshot_key> parse_snapshot_name(std::string_view name) {
    snapshot_key key;
    auto left = name;
    if (!take_text(left, "snapshot-") || !take_number(left, 20, key.first_lsn) ||
        !take_text(left, "-") || !take_number(left, 20, key.last_lsn) || !take_text(left, "-") ||
        !take_number(left, left.find('.'), key.epoch))
        return std::nullopt;
    if (key.first_lsn == 0 || key.last_lsn < key.first_lsn || snapshot_name(key) != name)
        return std::nullopt;
    return key;
}

std::string file_name_part(std::string_view text) {
    std::string part(text.substr(0, 100));
    for (char& c : part) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
        if (!plain) c = '_';
    }
    if (part.starts_with('.')) part.front() = '_';
    return part;
}

std::string run_directory_name(std::string_view questions_path, std::string_view model,
                               wall_time started) {
    return fmt::format("{}{}_{}", run_directory_stem(questions_path), file_name_part(model),
                       compact_time(started));
}

std::string run_directory_stem(std::string_view questions_path) {
    auto stem = questions_path.substr(questions_path.find_last_of('/') + 1);
    stem = stem.substr(0, stem.find_last_of('.'));
    return fmt::format("checkpoint_{}_", file_name_part(stem));
}

std::string compact_time(wall_time time) {
    return fmt::format("{:%Y%m%d_%H%M%S}", local(time));
}

std::string iso_time(wall_time time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}", local(time),
                       time.time_since_epoch().count() % 1'000'000);
}

std::string parent_path(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const auto slash = path.find_last_of('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string join_path(std::string_view directory, std::string_view name) {
    if (directory.empty()) return std::string(name);
    return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

} // namespace proctor
