// From checksums to salts.
#include "proctor/codec/lost_salt.hpp"

#include "proctor/codec/crc32c.hpp"
#include "proctor/codec/little_endian.hpp"

#include <algorithm>

namespace proctor {

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
