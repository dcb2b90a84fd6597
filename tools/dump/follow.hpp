// proctor-dump --follow: a live log, as it grows.
#pragma once

#include "dump/printer.hpp"

namespace proctor::dump {

// Shows records or frames of the run from `from_lsn` on (or from where its last segment begins),
// and then what comes. Ends when the run is closed, at a signal, or when enough was shown.
// not_found: there is no run.
result<> follow(file_system&, const std::string& directory, const options&, printer&);

} // namespace proctor::dump
