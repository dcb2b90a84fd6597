// The simulated disk itself: a test that loses nothing proves nothing.
#include "support/memory_file_system.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <set>
#include <string>

using namespace proctor;
using namespace proctor::test;

namespace {

constexpr std::string_view old_text = "old", new_text = "new";

// What /f (or `path`) holds after each of many power cuts; "-" if it is not there.
std::set<std::string> outcomes(const memory_file_system& disk, const std::string& path = "/f") {
    std::set<std::string> found;
    random_engine random(1);
    for (int i = 0; i < 2000; ++i) {
        auto after = disk.after_power_cut(random);
        const auto text = read_all(after, path);
        found.insert(text ? *text : "-");
    }
    return found;
}

std::unique_ptr<file> made(memory_file_system& disk, const std::string& path) {
    auto created = disk.create(path);
    BOOST_TEST_REQUIRE(created.has_value());
    return std::move(*created);
}

} // namespace

BOOST_AUTO_TEST_SUITE(simulated_disk)

BOOST_AUTO_TEST_CASE(what_is_synced_survives_and_nothing_else_must) {
    memory_file_system disk;
    auto file = made(disk, "/f");
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST(file->write_at(0, old_text).has_value());
    BOOST_TEST(file->sync().has_value());
    BOOST_TEST((outcomes(disk) == std::set<std::string>{"old"}));

    BOOST_TEST(file->write_at(0, new_text).has_value());
    const auto found = outcomes(disk);
    BOOST_TEST(found.contains("old"));
    BOOST_TEST(found.contains("new"));
    BOOST_TEST(found.contains(std::string(3, '\0')));
    BOOST_TEST(found.size() > 3u); // noise
}

BOOST_AUTO_TEST_CASE(a_size_may_arrive_without_its_bytes) {
    memory_file_system disk;
    auto file = made(disk, "/f");
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST(file->write_at(0, "12345").has_value());
    const auto found = outcomes(disk);
    BOOST_TEST(found.contains(""));
    BOOST_TEST(found.contains("12345"));
    BOOST_TEST(found.contains("123"));
    BOOST_TEST(found.contains(std::string(5, '\0')));
}

BOOST_AUTO_TEST_CASE(what_shares_a_sector_with_an_unsynced_write_is_at_risk) {
    memory_file_system disk;
    auto file = made(disk, "/f");
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST(file->write_at(0, "durable").has_value());
    BOOST_TEST(file->sync().has_value());
    BOOST_TEST(file->write_at(100, "x").has_value());
    bool spoilt = false;
    for (const auto& text : outcomes(disk)) spoilt |= !text.starts_with("durable");
    BOOST_TEST(spoilt);
}

BOOST_AUTO_TEST_CASE(a_synced_file_may_have_no_name) {
    memory_file_system disk;
    auto file = made(disk, "/f");
    BOOST_TEST(file->write_at(0, new_text).has_value());
    BOOST_TEST(file->sync().has_value());
    BOOST_TEST((outcomes(disk) == std::set<std::string>{"-", "new"}));
}

BOOST_AUTO_TEST_CASE(a_rename_happened_or_did_not) {
    memory_file_system disk;
    auto file = made(disk, "/t");
    BOOST_TEST(file->write_at(0, new_text).has_value());
    BOOST_TEST(file->sync().has_value());
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST(disk.rename("/t", "/f").has_value());
    random_engine random(1);
    std::set<std::vector<std::string>> listings;
    for (int i = 0; i < 200; ++i) {
        auto after = disk.after_power_cut(random);
        listings.insert(after.list("/").value());
    }
    BOOST_TEST((listings == std::set<std::vector<std::string>>{{"f"}, {"t"}}));
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST((outcomes(disk) == std::set<std::string>{"new"}));
}

BOOST_AUTO_TEST_CASE(a_removed_name_may_be_back) {
    memory_file_system disk;
    made(disk, "/f");
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST(disk.remove("/f").has_value());
    BOOST_TEST((outcomes(disk) == std::set<std::string>{"-", ""}));
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST((outcomes(disk) == std::set<std::string>{"-"}));
}

BOOST_AUTO_TEST_CASE(no_later_sync_saves_what_a_failed_one_lost) {
    memory_file_system disk;
    auto file = made(disk, "/f");
    BOOST_TEST(disk.sync_directory("/").has_value());
    BOOST_TEST(file->write_at(0, new_text).has_value());
    disk_fault fault;
    fault.what = disk_fault::effect::fails_once;
    fault.at = disk.calls().size() + 1;
    disk.plan(fault);
    BOOST_TEST(!file->sync().has_value());
    BOOST_TEST(disk.misuse().empty());
    BOOST_TEST(file->sync().has_value());
    BOOST_TEST(disk.misuse().size() == 1u);
    BOOST_TEST(outcomes(disk).size() > 2u);
    auto cached = disk.after_kill();
    BOOST_TEST(read_all(cached, "/f").value() == "new");
}

BOOST_AUTO_TEST_CASE(a_killed_process_leaves_the_cache_and_frees_its_locks) {
    memory_file_system disk;
    auto lock = disk.lock("/f", locking::exclusive);
    BOOST_TEST_REQUIRE(lock.has_value());
    BOOST_TEST((*lock)->write_at(0, "me").has_value());
    const auto second = disk.lock("/f", locking::exclusive);
    BOOST_TEST_REQUIRE(!second.has_value());
    BOOST_TEST((second.error().code == failure_code::held));
    BOOST_TEST(second.error().detail == "me");
    auto after = disk.after_kill();
    BOOST_TEST(read_all(after, "/f").value() == "me");
    BOOST_TEST(after.lock("/f", locking::exclusive).has_value());
    BOOST_TEST(outcomes(after).contains("-"));
}

BOOST_AUTO_TEST_CASE(the_machine_dies_at_the_planned_call_with_part_of_a_write_done) {
    memory_file_system disk;
    auto file = made(disk, "/f");
    disk_fault fault;
    fault.at = 3;
    fault.written = 2;
    disk.plan(fault);
    BOOST_TEST(file->write_at(0, "ab").has_value());
    BOOST_CHECK_THROW((void)file->write_at(2, "cde"), machine_died);
    auto after = disk.after_kill();
    BOOST_TEST(read_all(after, "/f").value() == "abcd");
}

BOOST_AUTO_TEST_CASE(a_planned_failure_strikes_once_or_for_good) {
    for (const auto what : {disk_fault::effect::fails_once, disk_fault::effect::fails_for_good}) {
        memory_file_system disk;
        auto file = made(disk, "/f");
        disk_fault fault;
        fault.what = what;
        fault.at = 2;
        fault.code = failure_code::disk_full;
        fault.written = 1;
        disk.plan(fault);
        const auto failed = file->write_at(0, "abc");
        BOOST_TEST_REQUIRE(!failed.has_value());
        BOOST_TEST((failed.error().code == failure_code::disk_full));
        BOOST_TEST(disk.contents("/f") == "a");
        BOOST_TEST(file->write_at(0, "abc").has_value() ==
                   (what == disk_fault::effect::fails_once));
    }
}

BOOST_AUTO_TEST_SUITE_END()
