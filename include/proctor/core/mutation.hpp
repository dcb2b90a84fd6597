// Bugs to order. The tests of the tests compile codec and storage once more with PROCTOR_MUTATIONS
// and switch one on at a time: the crash programme must find each. Elsewhere they are constants,
// and nothing of them is left in the programs.
#pragma once

namespace proctor {

enum class mutation {
    none,
    acknowledge_before_sync,
    no_page_padding,
    segment_header_not_synced,
    segment_name_not_synced,
    snapshot_name_not_synced,
    snapshot_not_synced,
    segment_removed_before_snapshot,  // is named and durable
    segment_removed_before_successor, // exists
    successor_before_predecessor_is_synced,
    latest_record_wins, // over the one of the higher rank
    sync_tried_again,
    no_durable_lsn_rule,
    payload_crc_unchecked,
    no_salt,
    recovery_appends_to_old_file,
    identity_named_first,
    poisoned_records_dropped, // instead of written anew after a failed sync
    unread_tail_trusted,      // not made durable by recovery
    unsynced_names_trusted,   // the same for names
    count,
};

#ifdef PROCTOR_MUTATIONS
extern mutation active_mutation;
inline bool mutated(mutation which) {
    return active_mutation == which;
}
#else
constexpr bool mutated(mutation) {
    return false;
}
#endif

} // namespace proctor
