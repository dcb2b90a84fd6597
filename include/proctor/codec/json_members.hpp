// Members of JSON objects that may be missing or of another kind.
#pragma once

#include <boost/json/object.hpp>

#include <string_view>

namespace proctor {

// The text of that name, in the object's own memory; empty if there is none.
inline std::string_view text_at(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

} // namespace proctor
