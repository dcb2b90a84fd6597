// Lists as they stand on a command line: "a,b,c".
#pragma once

#include <string_view>

namespace proctor {

// Takes the part up to the next comma off the front of `list`.
inline std::string_view take_part(std::string_view& list) {
    const auto comma = list.find(',');
    const auto part = list.substr(0, comma);
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    return part;
}

} // namespace proctor
