// run.json: one line of sealed JSON.
#include "proctor/storage/run_identity.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/json_members.hpp"
#include "proctor/codec/sealed_json.hpp"
#include "proctor/codec/sha256.hpp"
#include "proctor/storage/run_layout.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

constexpr std::int64_t known_format = 1;

json::value canonical(const json::value& value) {
    if (value.is_array()) {
        json::array copy;
        for (const auto& item : value.get_array()) copy.push_back(canonical(item));
        return copy;
    }
    if (!value.is_object()) return value;
    std::vector<std::string_view> keys;
    for (const auto& member : value.get_object())
        keys.emplace_back(member.key().data(), member.key().size());
    std::sort(keys.begin(), keys.end());
    json::object copy;
    for (const auto key : keys)
        copy[{key.data(), key.size()}] = canonical(value.get_object().at({key.data(), key.size()}));
    return copy;
}

void compare(const std::string& path, const json::value& recorded, const json::value& wanted,
             std::vector<std::string>& found) {
    if (recorded.is_null() || wanted.is_null()) return;
    if (recorded.is_object() && wanted.is_object()) {
        const auto& a = recorded.get_object();
        const auto& b = wanted.get_object();
        const auto below = [&](json::string_view key) {
            return path.empty() ? std::string(key) : path + "." + std::string(key);
        };
        for (const auto& member : a)
            if (const auto* other = b.if_contains(member.key()))
                compare(below(member.key()), member.value(), *other, found);
        return;
    }
    // 1 and 1.0 are one number, whichever way it was written; but two integers are compared as
    // such, for a double cannot tell large seeds apart.
    if (recorded.is_number() && wanted.is_number() && recorded.is_double() != wanted.is_double() &&
        recorded.to_number<double>() == wanted.to_number<double>())
        return;
    if (recorded != wanted)
        found.push_back(fmt::format("{}: the run has {}, you ask for {}", path, json_text(recorded),
                                    json_text(wanted)));
}

bool from_hex(std::string_view hex, run_id& id) {
    if (hex.size() != 2 * id.size()) return false;
    for (std::size_t i = 0; i < id.size(); ++i) {
        unsigned value = 0;
        const char* begin = hex.data() + 2 * i;
        const auto [end, error] = std::from_chars(begin, begin + 2, value, 16);
        if (error != std::errc{} || end != begin + 2) return false;
        id[i] = static_cast<char>(value);
    }
    return true;
}

} // namespace

std::string to_hex(const run_id& id) {
    std::string hex;
    for (const char c : id)
        fmt::format_to(std::back_inserter(hex), "{:02x}", static_cast<unsigned char>(c));
    return hex;
}

std::string fingerprint(const json::object& settings) {
    return sha256_hex(json_text(canonical(settings)));
}

std::string encode(const run_identity& identity) {
    json::object object;
    object["format_version"] = known_format;
    object["run_id"] = to_hex(identity.id);
    object["created"] = identity.created;
    object["made_by"] = identity.made_by;
    object["fingerprint"] = fingerprint(identity.settings);
    object["settings"] = identity.settings;
    object["about"] = identity.about;
    return sealed(std::move(object));
}

result<run_identity> decode_identity(std::string_view text, const std::string& where) {
    const auto damaged = [&](std::string detail) {
        return failure{failure_code::damaged, where, std::move(detail)};
    };
    boost::system::error_code ec;
    auto value = json::parse({text.data(), text.size()}, ec);
    if (ec || !value.is_object()) return damaged("expected one JSON object: " + ec.message());
    auto& object = value.get_object();
    const auto* version = object.if_contains("format_version");
    if (!version || !version->is_int64()) return damaged("format_version is missing");
    if (version->get_int64() != known_format)
        return failure{
            failure_code::unsupported, where,
            fmt::format("written by a newer proctor (format {}); this one reads format {}",
                        version->get_int64(), known_format)};
    if (!is_sealed(text)) return damaged("the file's own SHA-256 does not match");
    run_identity identity;
    const auto* settings = object.if_contains("settings");
    const auto* about = object.if_contains("about");
    if (!from_hex(text_at(object, "run_id"), identity.id) || !settings || !settings->is_object() ||
        !about || !about->is_object())
        return damaged("run_id, settings or about is missing");
    identity.created = text_at(object, "created");
    identity.made_by = text_at(object, "made_by");
    identity.settings = settings->get_object();
    identity.about = about->get_object();
    return identity;
}

result<run_identity> read_identity(file_system& disk, const std::string& directory) {
    const auto path = join_path(directory, identity_file);
    const auto text = read_all(disk, path);
    if (!text) return text.error();
    return decode_identity(*text, path);
}

std::vector<std::string> differences(const json::object& recorded, const json::object& wanted) {
    std::vector<std::string> found;
    compare("", json::value(recorded), json::value(wanted), found);
    return found;
}

} // namespace proctor
