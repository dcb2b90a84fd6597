// The test of the test: codec and storage, compiled with bugs to order (core/mutation.hpp), go
// through the crash programme, which must find each of them, and nothing when none is switched on.
#include "crash_programme.hpp"
#include "proctor/core/mutation.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor {

mutation active_mutation = mutation::none;

}

namespace {

using namespace proctor;
using namespace proctor::test;

const std::vector<std::pair<mutation, std::string_view>> mutants = {
    {mutation::acknowledge_before_sync, "acknowledge_before_sync"},
    {mutation::no_page_padding, "no_page_padding"},
    {mutation::segment_header_not_synced, "segment_header_not_synced"},
    {mutation::segment_name_not_synced, "segment_name_not_synced"},
    {mutation::snapshot_name_not_synced, "snapshot_name_not_synced"},
    {mutation::snapshot_not_synced, "snapshot_not_synced"},
    {mutation::segment_removed_before_snapshot, "segment_removed_before_snapshot"},
    {mutation::segment_removed_before_successor, "segment_removed_before_successor"},
    {mutation::successor_before_predecessor_is_synced, "successor_before_predecessor_is_synced"},
    {mutation::latest_record_wins, "latest_record_wins"},
    {mutation::sync_tried_again, "sync_tried_again"},
    {mutation::no_durable_lsn_rule, "no_durable_lsn_rule"},
    {mutation::payload_crc_unchecked, "payload_crc_unchecked"},
    {mutation::no_salt, "no_salt"},
    {mutation::recovery_appends_to_old_file, "recovery_appends_to_old_file"},
    {mutation::identity_named_first, "identity_named_first"},
    {mutation::poisoned_records_dropped, "poisoned_records_dropped"},
    {mutation::unread_tail_trusted, "unread_tail_trusted"},
};

const std::vector<run_shape> shapes = {
    {1, 3, 3 * page_size, 12},
    {8, 1, 6 * page_size, 15},
    {3, 3, 4 * page_size, 14},
    {1, 1, 3 * page_size, 11},
};

struct finding {
    std::uint64_t states = 0;
    std::string what; // empty: nothing
};

// Most bugs show early: a little of everything first, then more of it.
finding explore(mutation which) {
    active_mutation = which;
    finding found;
    for (const std::uint64_t states : {600, 6'000})
        for (const auto& shaped : shapes)
            for (const auto part : {&programme::die_everywhere, &programme::fail_everywhere}) {
                programme all(shaped, {3, 2, states});
                (all.*part)();
                found.states += all.states();
                found.what = all.found();
                if (!found.what.empty()) return found;
            }
    return found;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_programme_finds_every_bug_that_was_put_in) {
    BOOST_TEST(mutants.size() == static_cast<std::size_t>(mutation::count) - 1);
    if (const char* trail = std::getenv("PROCTOR_CRASH_TRAIL")) {
        active_mutation = static_cast<mutation>(std::atoi(std::getenv("PROCTOR_MUTATION")));
        BOOST_TEST_MESSAGE(walk_again(trail));
        return;
    }
    std::size_t found = 0;
    for (const auto& [which, name] : mutants) {
        const auto seen = explore(which);
        active_mutation = mutation::none;
        fmt::print("{}: {} after {} states\n", name, seen.what.empty() ? "not found" : "found",
                   seen.states);
        BOOST_TEST_MESSAGE(seen.what);
        BOOST_TEST(!seen.what.empty(), name << " was not found");
        found += !seen.what.empty();
    }
    fmt::print("mutants found: {} of {}\n", found, mutants.size());
}

BOOST_AUTO_TEST_CASE(without_a_bug_the_same_programme_finds_nothing) {
    if (std::getenv("PROCTOR_CRASH_TRAIL")) return;
    for (const auto& shaped : shapes)
        for (const auto part : {&programme::die_everywhere, &programme::fail_everywhere}) {
            programme all(shaped, {3, 2, 1'000});
            (all.*part)();
            BOOST_TEST(all.found().empty(), all.found());
        }
}
