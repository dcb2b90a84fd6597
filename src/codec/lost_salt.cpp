// CRC-32C backwards.
#include "proctor/codec/lost_salt.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"

#include <algorithm>
#include <array>

namespace proctor {
namespace {

// A byte forwards: crc = crc >> 8 ^ table[(crc ^ byte) & 0xff]. No two entries of that table have
// the same first byte, so that of the outcome tells which one it was.
struct backwards {
    std::array<std::uint32_t, 256> table{};
    std::array<std::uint8_t, 256> by_first_byte{};

    constexpr backwards() {
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t crc = i;
            for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82f63b78u & (0u - (crc & 1)));
            table[i] = crc;
            by_first_byte[crc >> 24] = static_cast<std::uint8_t>(i);
        }
    }
};
constexpr backwards steps;

constexpr std::uint32_t unmask_crc(std::uint32_t masked) {
    const auto rotated = masked - 0xa282ead8u; // as mask_crc() has it
    return rotated << 15 | rotated >> 17;
}

} // namespace

std::uint32_t crc32c_before(std::uint32_t crc, std::string_view data) {
    crc = ~crc;
    for (auto i = data.size(); i-- > 0;) {
        const auto entry = steps.by_first_byte[crc >> 24];
        crc = (crc ^ steps.table[entry]) << 8 | (entry ^ static_cast<std::uint8_t>(data[i]));
    }
    return ~crc;
}

std::uint64_t salt_of_header(std::string_view header) {
    const auto crc = unmask_crc(get<std::uint32_t>(header.data() + 4));
    const auto seed = crc32c_before(crc, header.substr(8));
    // Of the salts with that seed the one that begins with four zeros: the other four bytes, which
    // are added to what the zeros come to, must lead to what four zeros would lead to the seed
    // from.
    constexpr std::string_view zeros("\0\0\0\0", 4);
    const auto rest = crc32c(0, zeros) ^ crc32c_before(seed, zeros);
    return std::uint64_t{rest} << 32;
}

bool tells_of_another_run(std::string_view front, const run_id& run) {
    constexpr std::string_view magic = "\x89PC"; // that both begin with
    constexpr std::size_t at = 24;               // where both have the run
    constexpr int most_flipped = 4;              // bytes; of two runs nearly all differ
    if (run == run_id{} || !front.starts_with(magic) || front.size() < at + run.size())
        return false;
    const auto told = front.substr(at, run.size());
    int differing = 0;
    for (std::size_t i = 0; i < run.size(); ++i) differing += told[i] != run[i];
    return differing > most_flipped;
}

std::optional<std::uint64_t> salt_vote::winner() const {
    const auto most =
        std::max_element(weights_.begin(), weights_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == weights_.end() ? std::nullopt : std::optional(most->first);
}

} // namespace proctor
