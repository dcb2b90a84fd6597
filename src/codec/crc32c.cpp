// CRC-32C with the processor's instruction where there is one, else by table.
#include "proctor/codec/crc32c.hpp"

#include "proctor/codec/little_endian.hpp"
#include "proctor/core/mutation.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace proctor {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
        table[i] = crc;
    }
    return table;
}

constexpr auto table = make_table();

std::uint32_t by_table(std::uint32_t crc, const unsigned char* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ table[(crc ^ data[i]) & 0xff];
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t
by_instruction(std::uint32_t crc, const unsigned char* data, std::size_t size) {
    std::uint64_t wide = crc;
    for (; size >= 8; data += 8, size -= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, data, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; size > 0; ++data, --size) narrow = _mm_crc32_u8(narrow, *data);
    return narrow;
}

const bool has_instruction = __builtin_cpu_supports("sse4.2");
#endif

} // namespace

std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> data) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
#if defined(__x86_64__)
    if (has_instruction) return ~by_instruction(~crc, bytes, data.size());
#endif
    return ~by_table(~crc, bytes, data.size());
}

std::uint32_t crc32c(std::uint32_t crc, std::string_view data) {
    return crc32c(crc, std::as_bytes(std::span(data.data(), data.size())));
}

std::uint32_t crc_seed(std::uint64_t salt) {
    if (mutated(mutation::no_salt)) salt = 0;
    char bytes[8];
    put(bytes, salt);
    return crc32c(0, std::string_view(bytes, sizeof bytes));
}

} // namespace proctor
