// Tokens times prices.
#include "proctor/app/cost.hpp"

#include <fmt/format.h>

namespace proctor {

namespace json = boost::json;

std::optional<double> cost_of(const token_usage& usage, const price_list& prices) {
    if (!prices.prompt || !prices.completion) return std::nullopt;
    return (double(usage.prompt) * *prices.prompt + double(usage.completion) * *prices.completion) /
           1e6;
}

std::string cost_text(const token_usage& usage, const price_list& prices) {
    const auto cost = cost_of(usage, prices);
    if (!cost) return {};
    return *cost < 1 ? fmt::format("{:.4f} {}", *cost, prices.currency)
                     : fmt::format("{:.2f} {}", *cost, prices.currency);
}

json::value cost_json(const token_usage& usage, const price_list& prices) {
    const auto cost = cost_of(usage, prices);
    if (!cost) return nullptr;
    return {{"amount", *cost}, {"currency", prices.currency}};
}

price_list prices_in(const json::object& config) {
    price_list prices;
    const auto* section = config.if_contains("prices");
    if (!section || !section->is_object()) return prices;
    const auto number = [&](std::string_view name) -> std::optional<double> {
        const auto* value = section->get_object().if_contains(name);
        return value && value->is_number() ? std::optional(value->to_number<double>())
                                           : std::nullopt;
    };
    prices.prompt = number("prompt");
    prices.completion = number("completion");
    if (const auto* currency = section->get_object().if_contains("currency");
        currency && currency->is_string())
        prices.currency = currency->get_string();
    return prices;
}

} // namespace proctor
