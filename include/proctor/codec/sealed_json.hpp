// Small files that prove themselves: one line of JSON whose last member, sha256, is the SHA-256 of
// the line without it.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace proctor {

// The line, its newline included. The object has members, and no sha256 yet.
std::string sealed(boost::json::object);

// Is this what sealed() wrote? The digest covers the line as it was written, so a change of its
// spelling shows too.
bool is_sealed(std::string_view text);

} // namespace proctor
