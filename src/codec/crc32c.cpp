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

// No two entries of the table have the same first byte: which entry was added, by that byte.
constexpr std::array<std::uint8_t, 256> make_entries() {
    std::array<std::uint8_t, 256> entries{};
    for (unsigned i = 0; i < 256; ++i) entries[table[i] >> 24] = static_cast<std::uint8_t>(i);
    return entries;
}

constexpr auto entry_by_first_byte = make_entries();

std::uint32_t by_table(std::uint32_t crc, const unsigned char* data, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) crc = (crc >> 8) ^ table[(crc ^ data[i]) & 0xff];
    return crc;
}

#if defined(__x86_64__)
// The instruction takes three cycles and one can begin in each: three parts of the data are done
// side by side, and put together by what `lane` zero bytes do to a CRC, which is linear.
constexpr std::size_t lane = 128;

constexpr std::array<std::array<std::uint32_t, 256>, 4> make_shift() {
    std::array<std::array<std::uint32_t, 256>, 4> shift{};
    for (std::uint32_t byte = 0; byte < 4; ++byte)
        for (std::uint32_t value = 0; value < 256; ++value) {
            auto crc = value << (8 * byte);
            for (std::size_t i = 0; i < lane; ++i) crc = (crc >> 8) ^ table[crc & 0xff];
            shift[byte][value] = crc;
        }
    return shift;
}

constexpr auto shift = make_shift();

std::uint64_t shifted(std::uint64_t crc) {
    return shift[0][crc & 0xff] ^ shift[1][crc >> 8 & 0xff] ^ shift[2][crc >> 16 & 0xff] ^
           shift[3][crc >> 24 & 0xff];
}

std::uint64_t word_at(const unsigned char* data) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, sizeof word);
    return word;
}

__attribute__((target("sse4.2"))) std::uint32_t
by_instruction(std::uint32_t crc, const unsigned char* data, std::size_t size) {
    std::uint64_t wide = crc;
    for (; size >= 3 * lane; data += 3 * lane, size -= 3 * lane) {
        std::uint64_t second = 0, third = 0;
        for (std::size_t i = 0; i < lane; i += 8) {
            wide = _mm_crc32_u64(wide, word_at(data + i));
            second = _mm_crc32_u64(second, word_at(data + lane + i));
            third = _mm_crc32_u64(third, word_at(data + 2 * lane + i));
        }
        wide = shifted(shifted(wide) ^ second) ^ third;
    }
    for (; size >= 8; data += 8, size -= 8) wide = _mm_crc32_u64(wide, word_at(data));
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

std::uint32_t crc32c_before(std::uint32_t crc, std::string_view data) {
    crc = ~crc;
    for (auto i = data.size(); i-- > 0;) {
        const auto entry = entry_by_first_byte[crc >> 24];
        crc = (crc ^ table[entry]) << 8 | (entry ^ static_cast<unsigned char>(data[i]));
    }
    return ~crc;
}

std::uint32_t crc_seed(std::uint64_t salt) {
    if (mutated(mutation::no_salt)) salt = 0;
    char bytes[8];
    put(bytes, salt);
    return crc32c(0, std::string_view(bytes, sizeof bytes));
}

} // namespace proctor
