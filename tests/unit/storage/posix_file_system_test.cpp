// The real disk, as far as its promises can be seen without cutting the power.
#include "proctor/storage/posix_file_system.hpp"
#include "proctor/storage/run_store.hpp"
#include "support/scratch_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

void write_file(file_system& disk, const std::string& path, std::string_view text) {
    auto made = disk.create(path);
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST_REQUIRE((*made)->write_at(0, text).has_value());
    BOOST_TEST_REQUIRE((*made)->sync().has_value());
}

template <class T>
bool fails_as(const result<T>& done, failure_code code) {
    return !done && done.error().code == code;
}

} // namespace

BOOST_AUTO_TEST_SUITE(posix_disk)

BOOST_AUTO_TEST_CASE(what_is_written_is_read) {
    const scratch_dir scratch;
    posix_file_system disk;
    auto made = disk.create(scratch.file("f"));
    BOOST_TEST_REQUIRE(made.has_value());
    BOOST_TEST((*made)->write_at(3, "abc").has_value());
    BOOST_TEST((*made)->write_at(0, "xy").has_value());
    BOOST_TEST((*made)->size().value() == 6u);
    std::string into(10, '?');
    BOOST_TEST((*made)->read_at(1, into).value() == 5u);
    BOOST_TEST(into.substr(0, 5) == std::string("y\0abc", 5));
    BOOST_TEST((*made)->read_at(6, into).value() == 0u);
    BOOST_TEST(read_all(disk, scratch.file("f")).value() == std::string("xy\0abc", 6));
}

BOOST_AUTO_TEST_CASE(create_takes_no_name_that_is_there) {
    const scratch_dir scratch;
    posix_file_system disk;
    write_file(disk, scratch.file("f"), "one");
    BOOST_TEST(fails_as(disk.create(scratch.file("f")), failure_code::already_exists));
    BOOST_TEST(fails_as(disk.make_directory(scratch.file("f")), failure_code::already_exists));
    BOOST_TEST(read_all(disk, scratch.file("f")).value() == "one");
}

BOOST_AUTO_TEST_CASE(rename_never_replaces) {
    const scratch_dir scratch;
    posix_file_system disk;
    write_file(disk, scratch.file("a"), "one");
    write_file(disk, scratch.file("b"), "two");
    BOOST_TEST(
        fails_as(disk.rename(scratch.file("a"), scratch.file("b")), failure_code::already_exists));
    BOOST_TEST(read_all(disk, scratch.file("b")).value() == "two");
    BOOST_TEST(disk.rename(scratch.file("a"), scratch.file("c")).has_value());
    BOOST_TEST(read_all(disk, scratch.file("c")).value() == "one");
    BOOST_TEST(fails_as(disk.open(scratch.file("a")), failure_code::not_found));
}

BOOST_AUTO_TEST_CASE(replace_does) {
    const scratch_dir scratch;
    posix_file_system disk;
    write_file(disk, scratch.file("a"), "one");
    write_file(disk, scratch.file("b"), "two");
    BOOST_TEST(disk.replace(scratch.file("a"), scratch.file("b")).has_value());
    BOOST_TEST(read_all(disk, scratch.file("b")).value() == "one");
}

BOOST_AUTO_TEST_CASE(a_lock_is_held_by_one_open_file) {
    const scratch_dir scratch;
    posix_file_system disk;
    auto first = disk.lock(scratch.file("LOCK"), locking::exclusive);
    BOOST_TEST_REQUIRE(first.has_value());
    BOOST_TEST((*first)->write_at(0, "the first").has_value());
    const auto second = disk.lock(scratch.file("LOCK"), locking::exclusive);
    BOOST_TEST_REQUIRE(fails_as(second, failure_code::held));
    BOOST_TEST(second.error().detail == "the first");
    first->reset();
    BOOST_TEST(disk.lock(scratch.file("LOCK"), locking::exclusive).has_value());
}

BOOST_AUTO_TEST_CASE(names_are_listed_in_order) {
    const scratch_dir scratch;
    posix_file_system disk;
    for (const auto* name : {"c", "a", "B", ".d"}) write_file(disk, scratch.file(name), "");
    const std::vector<std::string> expected{".d", "B", "a", "c"};
    BOOST_TEST(disk.list(scratch.path().string()).value() == expected,
               boost::test_tools::per_element());
    BOOST_TEST(disk.sync_directory(scratch.path().string()).has_value());
    BOOST_TEST(disk.remove(scratch.file("B")).has_value());
    BOOST_TEST(disk.list(scratch.path().string()).value().size() == 3u);
}

BOOST_AUTO_TEST_CASE(failures_are_told_apart) {
    const scratch_dir scratch;
    posix_file_system disk;
    write_file(disk, scratch.file("f"), "");
    BOOST_TEST(fails_as(disk.open(scratch.file("none")), failure_code::not_found));
    BOOST_TEST(fails_as(disk.list(scratch.file("none")), failure_code::not_found));
    BOOST_TEST(fails_as(disk.remove(scratch.file("none")), failure_code::not_found));
    BOOST_TEST(fails_as(disk.create(scratch.file("none/f")), failure_code::not_found));
    BOOST_TEST(
        fails_as(disk.rename(scratch.file("none"), scratch.file("g")), failure_code::not_found));
    BOOST_TEST(fails_as(disk.sync_directory(scratch.file("none")), failure_code::not_found));
    BOOST_TEST(fails_as(disk.create(scratch.file(std::string(300, 'x'))), failure_code::io_error));
    auto opened = disk.open(scratch.file("f"));
    BOOST_TEST_REQUIRE(opened.has_value());
    BOOST_TEST(fails_as((*opened)->write_at(0, "x"), failure_code::io_error));
}

BOOST_AUTO_TEST_CASE(a_full_disk_has_its_own_code) {
    posix_file_system disk;
    auto full = disk.lock("/dev/full", locking::exclusive);
    BOOST_TEST_REQUIRE(full.has_value());
    BOOST_TEST(fails_as((*full)->write_at(0, "x"), failure_code::disk_full));
}

BOOST_AUTO_TEST_CASE(directories_are_made_with_all_their_parents) {
    const scratch_dir scratch;
    posix_file_system disk;
    BOOST_TEST(make_directories(disk, scratch.file("a/b/c")).has_value());
    BOOST_TEST(make_directories(disk, scratch.file("a/b/c/")).has_value());
    BOOST_TEST(disk.list(scratch.file("a/b")).value().size() == 1u);
    write_file(disk, scratch.file("f"), "");
    BOOST_TEST(!make_directories(disk, scratch.file("f/g")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
