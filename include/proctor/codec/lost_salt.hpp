// The salt of a file whose header is gone, from what was sealed with it. Of a salt only the 32 bits
// of crc_seed() are ever used, and a CRC can be run backwards: from what it came to, over the bytes
// that it covers, to what it began with.
#pragma once

#include "proctor/codec/frame.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

namespace proctor {

// A salt under which the checksum in this header holds, of a frame or of a block: both have it at
// 4, of all that is behind it. There is one for any bytes: whether it is the file's, the payload
// tells. Requires 8 bytes.
std::uint64_t salt_of_header(std::string_view header);

// Whether what is left of a header, a segment's or a snapshot's, is that of another run; `front`
// being how the file begins. A bit may have flipped in it. No run is told by zeros.
bool tells_of_another_run(std::string_view front, const run_id& run);

// Of the salts that a file's frames or blocks tell, the one with which most records were sealed:
// what stands in a file by mistake may be intact, too.
class salt_vote {
public:
    void add(std::uint64_t salt, std::uint64_t records) { weights_[salt] += records + 1; }
    std::optional<std::uint64_t> winner() const; // of equals any; nothing: none was told

private:
    std::map<std::uint64_t, std::uint64_t> weights_;
};

} // namespace proctor
