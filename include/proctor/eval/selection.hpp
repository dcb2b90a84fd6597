// Which questions of a file a run puts.
#pragma once

#include "proctor/core/types.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace proctor {

struct selection {
    std::optional<std::uint64_t> limit; // only the first so many questions of the file

    // How many of a file's `questions` are selected.
    std::uint64_t count(std::uint64_t questions) const {
        return limit ? std::min(*limit, questions) : questions;
    }
};

} // namespace proctor
