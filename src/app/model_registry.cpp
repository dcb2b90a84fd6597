// Keys stay unread until an entry is used: who has one model's key need not have all of them.
#include "proctor/app/model_registry.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace proctor {
namespace {

// Members that the original's registries may have besides.
result<model_server> read_server(const YAML::Node& node, const std::string& where) {
    const auto wrong = [&](std::string what) {
        return failure(failure_code::bad_value, where, std::move(what));
    };
    if (!node.IsMap()) return wrong("expected a server: shortname, openai_api_base, openai_model");
    model_server server;
    for (const auto& member : node) {
        if (!member.second.IsScalar()) continue;
        const auto& name = member.first.Scalar();
        const auto& value = member.second.Scalar();
        if (name == "shortname") server.shortname = value;
        if (name == "openai_api_base") server.base_url = value;
        if (name == "openai_api_key") server.api_key.text = value;
        if (name == "openai_model") server.model = value;
    }
    if (server.shortname.empty()) return wrong("this server has no shortname");
    if (server.base_url.empty()) return wrong(server.shortname + " has no openai_api_base");
    if (server.model.empty()) return wrong(server.shortname + " has no openai_model");
    return server;
}

} // namespace

result<model_registry> model_registry::read(const std::string& path) {
    model_registry registry;
    registry.path_ = path;
    try {
        std::ifstream file(path);
        if (!file) return failure(failure_code::not_found, path, "cannot open the model registry");
        const auto root = YAML::Load(file);
        const auto servers = root.IsMap() ? root["servers"] : YAML::Node();
        if (!servers.IsSequence())
            return failure(failure_code::bad_value, path, "expected servers: and a list of them");
        for (const auto& each : servers) {
            auto server = read_server(each, fmt::format("{}:{}", path, each.Mark().line + 1));
            if (!server) return server.error();
            if (registry.has(server->shortname))
                return failure(failure_code::bad_value,
                               fmt::format("{}:{}", path, each.Mark().line + 1),
                               fmt::format("{} is there twice", server->shortname));
            registry.servers_.push_back(std::move(*server));
        }
    } catch (const YAML::Exception& error) {
        return failure(failure_code::bad_syntax, fmt::format("{}:{}", path, error.mark.line + 1),
                       "not YAML: " + error.msg);
    }
    return registry;
}

bool model_registry::has(const std::string& shortname) const {
    return std::any_of(servers_.begin(), servers_.end(),
                       [&](const model_server& each) { return each.shortname == shortname; });
}

result<model_server> model_registry::find(const std::string& shortname,
                                          const environment& look_up) const {
    std::vector<std::string_view> known;
    for (const auto& each : servers_) {
        known.push_back(each.shortname);
        if (each.shortname != shortname) continue;
        auto server = each;
        for (auto* text : {&server.base_url, &server.model})
            if (const auto wrong = expand_variables(*text, look_up))
                return failure(failure_code::bad_value, path_ + ": " + shortname, *wrong);
        if (const auto wrong = expand_variables(server.api_key, look_up))
            return failure(failure_code::bad_value, path_ + ": " + shortname, *wrong);
        return server;
    }
    const auto near = nearest(shortname, known);
    return failure(failure_code::not_found, path_,
                   near.empty() ? fmt::format("there is no {}", shortname)
                                : fmt::format("there is no {}; did you mean {}?", shortname, near));
}

} // namespace proctor
