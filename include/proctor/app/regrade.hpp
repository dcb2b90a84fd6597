// proctor regrade: the answers of a run marked again, in a new run, without asking the model.
//
// What needs no request is marked while the new run is built; it appears complete, or not at all.
// What a model is to mark waits in it as `answered`, so that an ordinary session that only marks
// goes on from there, however often it is interrupted.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/eval/grading.hpp"
#include "proctor/eval/question_index.hpp"
#include "proctor/storage/run_builder.hpp"
#include "proctor/storage/run_view.hpp"

#include <cstdint>
#include <string>

namespace proctor {

// Whether the run was made by regrade. A resume of it, too, only marks.
bool is_regraded(const run_identity&);
void mark_as_regraded(run_identity&, const run_view& source);
void forget_regrading(run_identity&); // a resume asks again what has no answer

// The directory of the run whose answers RUN means: a run that regrade made stands for the one
// that it took them from, as long as that one is beside it and has no fewer. So the same command
// means the same run again, whatever is the latest by now. Throws cannot_start.
std::string find_regrade_source(file_system&, const std::string& path);

// What a new run is the regrading of; the same as long as the source does not go on, and the same
// is kept of its questions.
std::string regrade_mark(const run_view& source, const config&);

struct regrade_report {
    std::uint64_t marked = 0;  // while building
    std::uint64_t waiting = 0; // for a model
    std::uint64_t failed = 0;  // have no answer, as in the source
};

// All of `source` into a run that is being built: what has an answer is marked, or waits; what
// failed stays failed. Finishes the builder. What storage or the question file says.
result<regrade_report> mark_again(const run_view& source, run_builder&, const config&,
                                  const question_index&, const grader&);

} // namespace proctor
