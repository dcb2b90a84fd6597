// proctor merge: several runs of the same questions into a new one.
#pragma once

#include "proctor/app/options.hpp"
#include "proctor/storage/file_system.hpp"
#include "proctor/storage/run_builder.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <vector>

namespace proctor {

// Returns an exit_status. Throws cannot_start.
int merge_command(const merge_options&);

// "model: "a" in the first, "b" in the second", for each setting that differs, or that one has and
// the other not; but for selection.shard.
std::vector<std::string> settings_apart(const boost::json::object& first,
                                        const boost::json::object& second);

// All of `runs` in a new run at `directory`. mismatch: they are not about the same, with every
// difference; already_exists; what storage says. A failure leaves nothing.
result<merge_report> merge_into(file_system&, const std::string& directory,
                                const std::vector<const run_view*>& runs);

} // namespace proctor
