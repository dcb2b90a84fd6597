// What custom mutators are made of: mutated bytes whose checksums are right again, so that what
// stands behind the checks is reached.
#pragma once

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"
#include "proctor/codec/record.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace proctor::fuzz {

// libFuzzer's own mutation of any kind.
inline void mutate(std::string& bytes) {
    constexpr std::size_t growth = 64;
    const auto size = bytes.size();
    bytes.resize(size + growth);
    bytes.resize(
        LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, bytes.size()));
}

inline void repair_crc(std::string& bytes, std::size_t at, std::uint32_t seed, std::size_t from,
                       std::size_t size) {
    const auto crc = crc32c(seed, std::string_view(bytes).substr(from, size));
    put<std::uint32_t>(bytes.data() + at, mask_crc(crc));
}

// Records behind one another, each behind `gap` bytes of something else; the last one is cut to
// what is there. Returns how many there are.
inline std::uint32_t repair_records(std::string& bytes, std::size_t begin, std::size_t gap) {
    std::uint32_t count = 0;
    for (auto at = begin + gap; at + record_header_size <= bytes.size(); ++count) {
        const auto left = bytes.size() - at - record_header_size;
        const auto size = std::min<std::size_t>(get<std::uint32_t>(bytes.data() + at), left);
        put<std::uint32_t>(bytes.data() + at, static_cast<std::uint32_t>(size));
        repair_crc(bytes, at + 4, 0, at + 8, record_header_size - 8 + size);
        at += record_header_size + size + gap;
    }
    return count;
}

// What a custom mutator gives back.
inline std::size_t give(std::string_view bytes, std::uint8_t* data, std::size_t max_size) {
    return bytes.copy(reinterpret_cast<char*>(data), max_size);
}

} // namespace proctor::fuzz
