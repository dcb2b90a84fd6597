// CRC-32C (Castagnoli, polynomial 0x1EDC6F41), as iSCSI (RFC 3720), ext4 and LevelDB use it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace proctor {

// The CRC of `data` appended to bytes whose CRC is `crc`; start with 0. Not masked.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> data);
std::uint32_t crc32c(std::uint32_t crc, std::string_view data);

// The other way: the CRC of the bytes to which `data` was appended, which then had the CRC `crc`.
std::uint32_t crc32c_before(std::uint32_t crc, std::string_view data);

// What the salted CRCs of a file begin with: that of the salt's eight bytes.
std::uint32_t crc_seed(std::uint64_t salt);

// What is stored: a CRC of bytes that hold a CRC is weak, so it is rotated and offset first, with
// LevelDB's constant.
constexpr std::uint32_t mask_crc(std::uint32_t crc) {
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}
constexpr std::uint32_t unmask_crc(std::uint32_t masked) {
    const auto rotated = masked - 0xa282ead8u;
    return (rotated << 15) | (rotated >> 17);
}

} // namespace proctor
