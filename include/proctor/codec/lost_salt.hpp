// The salt of a file whose header is gone, from what was sealed with it. Of a salt only the 32 bits
// of crc_seed() are ever used, and a CRC can be run backwards: from what it came to, over the bytes
// that it covers, to what it began with.
#pragma once

#include <cstdint>
#include <string_view>

namespace proctor {

// The CRC of the bytes to which `data` was appended, which then had the CRC `crc`. Not masked.
std::uint32_t crc32c_before(std::uint32_t crc, std::string_view data);

// A salt under which the checksum in this header holds, of a frame or of a block: both have it at
// 4, of all that is behind it. There is one for any bytes: whether it is the file's, the payload
// tells. Requires 8 bytes.
std::uint64_t salt_of_header(std::string_view header);

} // namespace proctor
