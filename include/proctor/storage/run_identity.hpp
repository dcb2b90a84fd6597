// What a run is about: run.json.
//
// Written once, named last when a run is made, so that a directory without it is no run.
#pragma once

#include "proctor/codec/frame.hpp"
#include "proctor/storage/file_system.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace proctor {

struct run_identity {
    run_id id{};
    std::string created; // iso_time
    std::string made_by; // "proctor 0.1.0"
    // What decides a result: question digest and count, selection, model, sampling, prompts,
    // grader. An allow-list of fields; never holds a secret.
    boost::json::object settings;
    // For people and tools; decides nothing: paths, for example.
    boost::json::object about;
};

// SHA-256 over the canonical JSON (keys sorted) of the settings.
std::string fingerprint(const boost::json::object& settings);

std::string encode(const run_identity&);
// damaged: not what encode() made. unsupported: a newer format.
result<run_identity> decode_identity(std::string_view text, const std::string& where);
// not_found: the directory is no run.
result<run_identity> read_identity(file_system&, const std::string& directory);

// "model: the run has "a", you ask for "b"", one for each field that differs; null on either side
// fits anything.
std::vector<std::string> differences(const boost::json::object& recorded,
                                     const boost::json::object& wanted);

std::string to_hex(const run_id&);

} // namespace proctor
