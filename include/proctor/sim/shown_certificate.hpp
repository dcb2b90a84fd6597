// Which certificate the simulated endpoint shows: one to trust, or one that clients must refuse.
#pragma once

#include "proctor/sim/certificate_authority.hpp"

#include "proctor/core/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace proctor {

enum class shown_certificate { valid, expired, wrong_name, unknown_authority };

// "valid", "expired", "wrong-name", "unknown-authority". bad_value: anything else.
result<shown_certificate> parse_shown_certificate(std::string_view text);

// For clients that trust `authority` and go to one of `hosts`.
server_identity make_identity(shown_certificate, const certificate_authority& authority,
                              const std::vector<std::string>& hosts);

} // namespace proctor
