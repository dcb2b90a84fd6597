// The figures of a run that asks each question several times, from its results in their order.
#pragma once

#include "proctor/eval/repeat_statistics.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/value.hpp>

#include <memory>
#include <string>

namespace proctor {

// To be shown every record of a run, in order; passes over what is no result.
class repeat_reader {
public:
    explicit repeat_reader(std::uint64_t repeats) : figures_(repeats) {}

    // bad_syntax, bad_value: it is none of such a run.
    result<> add(const record_view&);
    repeat_statistics finish();

private:
    repeat_statistics figures_;
};

// One pass over the results; null for a run that asks each question once.
result<std::shared_ptr<const repeat_statistics>> read_repeats(const run_view&);

// A member of `statistics` (configs/README.md).
boost::json::value repeats_json(const repeat_statistics&);
std::string repeats_text(const repeat_statistics&); // lines for people

} // namespace proctor
