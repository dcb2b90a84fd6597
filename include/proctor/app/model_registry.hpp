// The registry of models (model_servers.yaml), in the original's layout: a short name for an
// endpoint, its key and what it calls its model.
//
//   servers:
//     - shortname: judge
//       openai_api_base: https://gpu2.example.org/v1
//       openai_api_key: ${JUDGE_KEY}
//       openai_model: llama-3.3-70b
#pragma once

#include "proctor/app/config.hpp"

#include <string>
#include <vector>

namespace proctor {

class model_registry {
public:
    // not_found, bad_syntax, bad_value: with file and line. No variable is looked up yet.
    static result<model_registry> read(const std::string& path);

    // The entry of that name, ${VAR} put in from the environment. bad_value: a variable that is not
    // set. not_found: no such entry; tells the nearest.
    result<model_server> find(const std::string& shortname, const environment&) const;
    bool has(const std::string& shortname) const;

private:
    std::string path_;
    std::vector<model_server> servers_;
};

} // namespace proctor
