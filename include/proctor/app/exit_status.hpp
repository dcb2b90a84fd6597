// What the programs end with; PRODUCT.md's table. A scheduler requeues on 75 and 128 + signal.
#pragma once

namespace proctor {

enum exit_status : int {
    exit_complete = 0,          // every question has a completed result
    exit_internal = 1,          // a bug
    exit_usage = 2,             // flags, configuration, question file
    exit_some_failed = 3,       // finished, some questions without a result
    exit_run_unusable = 4,      // a named run that does not fit, or one that fits and is damaged
    exit_run_held = 5,          // by another process
    exit_disk = 6,              // full, or failed
    exit_limit = 7,             // one that the user set
    exit_endpoint_away = 75,    // EX_TEMPFAIL of sysexits.h
    exit_endpoint_refused = 77, // EX_NOPERM of sysexits.h
    exit_signalled = 128,       // plus the signal's number
};

} // namespace proctor
