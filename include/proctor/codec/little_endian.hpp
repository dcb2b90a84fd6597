// Numbers as they stand on disk.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace proctor {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

template <class T>
void put(char* at, T value) {
    std::memcpy(at, &value, sizeof value);
}

template <class T>
T get(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

} // namespace proctor
