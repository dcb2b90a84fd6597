// Runs made of what is known already: a JSON checkpoint of the original system, or the state of a
// run at one of its snapshots. Each becomes a new run, once; asked again, the run that it made is
// found by where it came from (`about.made_from` in run.json).
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/app/console.hpp"
#include "proctor/storage/run_identity.hpp"
#include "proctor/storage/run_store.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace proctor {

// What a file is the source of; decides whether it was imported before. A JSON checkpoint: its
// SHA-256; a snapshot: its run and range. not_found: there is no such file; bad_value: it is
// neither.
result<std::string> import_source(file_system&, const std::string& path);

// Makes the run `identity` in `directory` from the file. mismatch: it is of another model, or of
// other questions; bad_syntax, bad_value: no checkpoint of version "2.0". Entries that were
// skipped, are empty, hold an error in an answer's place, or whose question is not in the question
// file, are left out, counted, and told.
result<> import_checkpoint(file_system&, const std::string& path, const std::string& directory,
                           const run_identity&, store_options, const config&, console&);

} // namespace proctor
