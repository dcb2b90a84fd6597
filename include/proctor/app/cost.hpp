// What a run's tokens cost, by the prices that the user names.
#pragma once

#include "proctor/core/types.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace proctor {

// For a million tokens each. Prices decide no result: a session may have others than the one before
// it, and the cost of all tokens is told by the latest.
struct price_list {
    std::optional<double> prompt, completion; // both or neither
    std::string currency = "USD";
};

// Nothing without prices.
std::optional<double> cost_of(const token_usage&, const price_list&);
// "12.34 USD", and below one "0.0123 USD"; empty without prices.
std::string cost_text(const token_usage&, const price_list&);
// {"amount": 12.34, "currency": "USD"}, or null without prices.
boost::json::value cost_json(const token_usage&, const price_list&);

// What a configuration says, as redacted_json() made it and a run recorded it.
price_list prices_in(const boost::json::object& config);

} // namespace proctor
