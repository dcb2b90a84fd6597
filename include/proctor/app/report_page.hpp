// A run's figures as one page of HTML that needs nothing beside it: no script, no file, no network.
// `proctor report` writes it, `proctor view` shows it.
#pragma once

#include "proctor/app/html_page.hpp"
#include "proctor/app/repeat_figures.hpp"
#include "proctor/app/run_status.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace proctor {

// One process that worked on the run. Times are those of its host; what is not known is empty.
struct session_line {
    std::string began, ended, host, version;
    std::string why; // it ended; empty: it never said
    std::int64_t process = 0;
};

struct run_report {
    run_status status;
    run_identity identity;
    boost::json::object config; // as the last session used it, without secrets
    ledger counted;
    std::shared_ptr<const repeat_statistics> repeats; // null: each question was asked once
    std::shared_ptr<const answer_figures> answers;    // null: the ledger knows them all
    std::vector<session_line> sessions;               // in their order
};

// Of the body of a session record: a process that begins, or one of these that ends. Of a run that
// was merged they come mixed.
void add_session(std::vector<session_line>&, const boost::json::object& body);

// Opening the run is enough, unless it has repeats or old snapshots: then all records are read.
// Throws cannot_start.
run_report report_of(file_system&, const std::string& run_directory);

// UTF-8, well-formed as XML, too.
std::string report_page(const run_report&);

// What is on it, for a page with more on it.
void add_report(html_page&, const run_report&);
// "mistral · law.jsonl".
std::string run_title(const run_identity&);

} // namespace proctor
