// What answers look like (core/answer_figures.hpp), as text and JSON.
#pragma once

#include "proctor/core/ledger.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/value.hpp>

#include <memory>
#include <string>

namespace proctor {

// One pass over the results, if the run has snapshots whose footers do not tell of answers; null
// where its ledger knows them all.
result<std::shared_ptr<const answer_figures>> read_answers(const run_view&);
// Those that were read, or the ledger's; null if neither knows them all.
const answer_figures* answers_known(const ledger&, const answer_figures* read);

// Members of `statistics` and of a status (configs/README.md); null where there is nothing to tell.
boost::json::value choices_json(const answer_figures&);
boost::json::value lengths_json(const text_lengths&);

// "A, 1" for position 0: sets label their choices with letters or with numbers.
std::string position_name(std::size_t position);

// Lines for people, or nothing.
std::string choices_text(const answer_figures&);
std::string lengths_text(const answer_figures&);

} // namespace proctor
