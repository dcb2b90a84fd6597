// What the tests are ready for and the programs cannot do yet. Whoever teaches them switches it on.
#pragma once

#include <string_view>

namespace proctor::test {

// The key processing.segment_size_bytes (and, behind small segments, snapshots).
inline constexpr bool has_segment_size = false;

// On a full disk a run says how much room it needs, waits for it, and goes on; the key
// processing.disk_full_timeout says how long.
inline constexpr bool waits_for_room = false;
// What it says then, in part.
inline constexpr std::string_view room_message = "room";

} // namespace proctor::test
