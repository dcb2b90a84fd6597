// The figures at the end of a run.
#pragma once

#include "proctor/app/answer_report.hpp"
#include "proctor/app/cost.hpp"
#include "proctor/app/repeat_figures.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/net/endpoint.hpp"
#include "proctor/net/endpoint_group.hpp"
#include "proctor/pipeline/checkpoint.hpp"

#include <boost/json/object.hpp>

#include <string>

namespace proctor {

struct run_figures {
    std::uint64_t total = 0;       // results that the run is to have
    std::uint64_t retries = 0;     // of this session
    connection_counts connections; // of all endpoints
    group_figures endpoints;
    checkpoint_figures checkpoints;
    price_list prices;
    double session_seconds = 0;
    std::uint64_t completed_before = 0;
    bool model_marks = false; // where extraction is unsure, or always
    bool only_marks = false;  // no question was asked
    // Of a run that asks each question several times; else null.
    std::shared_ptr<const repeat_statistics> repeats = nullptr;
    // Where the ledger does not know them all, and they were read; else null.
    std::shared_ptr<const answer_figures> answers = nullptr;
};

// A few lines for people: accuracy with intervals, failures, tokens, latency, what it cost.
std::string summary_text(const ledger&, const run_figures&);

// "Overall Accuracy: 0.750 (488/651)" and, where there are such questions, MC and QA: the last
// lines on standard output.
std::string accuracy_lines(const ledger&);

// The same figures for the metadata of the results file and for the summary, where
// configs/README.md tells their names: those of the run, which are the same however often it was
// interrupted and of how many shards it was merged, and those of the session. `total`: results that
// the run is to have.
boost::json::object figures_json(const ledger&, std::uint64_t total, const price_list&,
                                 const repeat_statistics* = nullptr,
                                 const answer_figures* read = nullptr);
boost::json::object session_json(const ledger&, const run_figures&);

} // namespace proctor
