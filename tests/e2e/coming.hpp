// What the tests are ready for and the programs cannot do yet. Whoever teaches them switches it on.
#pragma once

#include "support/programs.hpp"

#include <string_view>

namespace proctor::test {

// The key processing.segment_size_bytes (and, behind small segments, snapshots).
inline constexpr bool has_segment_size = false;
// Segments of a few frames, so that they are sealed, compacted and recovered all the time.
inline words small_segments() {
    if (!has_segment_size) return {};
    return {"--set", "processing.segment_size_bytes=65536"};
}

// What survives of the last segment goes into a snapshot; until then recovery syncs the old file,
// even if a sync of it had failed in the session before.
inline constexpr bool recovery_writes_anew = false;

// On a full disk a run says how much room it needs, waits for it, and goes on; the key
// processing.disk_full_timeout says how long.
inline constexpr bool waits_for_room = false;
// What it says then, in part.
inline constexpr std::string_view room_message = "the disk is full";

// A URL with an '@' in its path is refused (a password with a slash). A server's words are searched
// for keys before they are shortened, and for the token of a configured "Authorization: Bearer
// TOKEN" without its scheme too.
inline constexpr bool scrubs_parts = false;

} // namespace proctor::test
