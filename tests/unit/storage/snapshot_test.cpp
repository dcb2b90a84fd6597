// One snapshot: written, read, looked into, and damaged.
#include "store_bench.hpp"

#include "proctor/codec/json_fields.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

const std::string path = "/snapshot";

struct entry {
    lsn number = 0;
    question_id question = 0;
    record_kind kind = record_kind::result;
    std::string body;

    record_view view() const { return {kind, 0, question, body}; }
};

snapshot_header make_header(lsn first, lsn last) {
    snapshot_header header;
    header.run = make_identity().id;
    header.first_lsn = first;
    header.last_lsn = last;
    header.salt = 0x1234'5678'9abc'def0;
    return header;
}

// Under the name of `path`; `counted` as its fold.
void write_snapshot(memory_file_system& disk, const std::vector<entry>& entries) {
    ledger counted;
    for (const auto& one : entries) {
        const auto what = read_outcome(one.view());
        require(what);
        counted.apply(*what);
    }
    auto writer = snapshot_writer::create(disk, "/", make_header(1, entries.size()));
    require(writer);
    for (const auto& one : entries) require(writer->add(one.number, one.view()));
    require(writer->finish(counted));
    require(disk.rename(writer->temporary_path(), path));
}

entry result_entry(lsn number, question_id question, std::string payload) {
    return {number, question, record_kind::result, make_body(question, payload)};
}

std::string noise(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string text(size, ' ');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

// Of some hundred kilobytes, which do not compress: several blocks.
std::vector<entry> entries_of_several_blocks() {
    std::vector<entry> entries;
    for (lsn number = 1; number <= 40; ++number)
        entries.push_back(result_entry(number, 10 * number, noise(30'000, number)));
    return entries;
}

void expect_entries(snapshot_reader reader, const std::vector<entry>& entries) {
    snapshot_cursor cursor(std::move(reader));
    for (const auto& expected : entries) {
        const auto found = cursor.next();
        require(found);
        BOOST_TEST_REQUIRE(found->has_value());
        BOOST_TEST((*found)->number == expected.number);
        BOOST_TEST((*found)->record.question == expected.question);
        BOOST_TEST(((*found)->record.kind == expected.kind));
        BOOST_TEST(((*found)->record.body == expected.body));
    }
    const auto end = cursor.next();
    require(end);
    BOOST_TEST(!end->has_value());
}

std::vector<std::uint64_t> scanned_offsets(file_system& disk) {
    auto scanner = block_scanner::open(disk, path);
    require(scanner);
    std::vector<std::uint64_t> offsets;
    for (;;) {
        const auto block = scanner->next();
        require(block);
        if (!*block) return offsets;
        offsets.push_back((*block)->offset);
        auto left = (*block)->entries;
        for (std::uint32_t i = 0; i < (*block)->header.records; ++i) require(take_entry(left));
        BOOST_TEST(left.empty());
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(a_snapshot)

BOOST_AUTO_TEST_CASE(what_was_added_is_read_in_its_order) {
    memory_file_system disk;
    const std::vector<entry> entries{
        {1, 0, record_kind::session, make_body(0, "began", record_kind::session)},
        {9, 0, record_kind::session, make_body(0, "ended", record_kind::session)},
        result_entry(5, 3, "three"),
        result_entry(6, 4, "four"),
        result_entry(2, 4, "four again"),
        {3, 70'000, record_kind::failed, make_body(70'000, "", record_kind::failed)},
        {4, 70'001, record_kind::answered, make_body(70'001, "a", record_kind::answered)}};
    // The last LSN is more than there are records: what was superseded took some.
    auto writer = snapshot_writer::create(disk, "/", make_header(1, 9));
    require(writer);
    ledger counted;
    for (const auto& one : entries) {
        require(writer->add(one.number, one.view()));
        counted.apply(read_outcome(one.view()).value());
    }
    const auto key = writer->finish(counted);
    require(key);
    BOOST_TEST((*key == snapshot_key{1, 9, 1}));
    BOOST_TEST(!snapshot_reader::open(disk, "/", *key).has_value()); // it has no name yet
    require(disk.rename(writer->temporary_path(), "/" + snapshot_name(*key)));

    auto reader = snapshot_reader::open(disk, "/", *key);
    require(reader);
    const auto& footer = reader->footer();
    BOOST_TEST(footer.records == 7u);
    BOOST_TEST(footer.blocks.size() == 1u);
    BOOST_TEST(footer.first_question == 1u); // of a block that begins with sessions
    BOOST_TEST(footer.last_question == 70'001u);
    BOOST_TEST(footer.counted.completed_count() == 2u);
    BOOST_TEST(footer.counted.failed(70'000));
    BOOST_TEST(footer.counted.answered(70'001));
    BOOST_TEST((footer.counted.total_spending() == counted.total_spending()));
    expect_entries(std::move(*reader), entries);
    require(verify_snapshot(disk, "/" + snapshot_name(*key)));
}

BOOST_AUTO_TEST_CASE(a_record_is_found_by_its_question) {
    memory_file_system disk;
    std::vector<entry> entries;
    for (lsn number = 1; number <= 300; ++number)
        entries.push_back(result_entry(number, 7 * number, noise(3000, number)));
    write_snapshot(disk, entries);
    auto reader = snapshot_reader::open(disk, path);
    require(reader);
    BOOST_TEST(reader->footer().blocks.size() >= 2u);
    for (question_id id = 0; id < 7 * 301 + 3; ++id) {
        const auto expected = std::find_if(entries.begin(), entries.end(),
                                           [&](const entry& one) { return one.question == id; });
        const auto found = reader->find(id);
        require(found);
        BOOST_TEST_REQUIRE(found->has_value() == (expected != entries.end()), "question " << id);
        if (*found) BOOST_TEST(((*found)->record.body == expected->body));
    }
}

BOOST_AUTO_TEST_CASE(many_records_make_many_blocks) {
    memory_file_system disk;
    const auto entries = entries_of_several_blocks();
    write_snapshot(disk, entries);
    auto reader = snapshot_reader::open(disk, path);
    require(reader);
    const auto& footer = reader->footer();
    BOOST_TEST(footer.blocks.size() == 5u); // nine records each, of 30 kB, are beyond 256 KiB
    BOOST_TEST(footer.first_question == 10u);
    BOOST_TEST(footer.last_question == 400u);
    BOOST_TEST(footer.raw_bytes > 40u * 30'000);
    std::uint64_t records = 0;
    for (const auto& block : footer.blocks) records += block.records;
    BOOST_TEST(records == 40u);
    expect_entries(std::move(*reader), entries);
}

BOOST_AUTO_TEST_CASE(the_largest_record_fits_wherever_it_comes) {
    memory_file_system disk;
    const auto room = max_record_body - make_body(2, "").size();
    const std::vector<entry> entries{result_entry(1, 1, noise(block_target - 200, 1)),
                                     result_entry(2, 2, noise(room, 2)), result_entry(3, 3, "c")};
    write_snapshot(disk, entries);
    auto reader = snapshot_reader::open(disk, path);
    require(reader);
    BOOST_TEST(reader->footer().blocks.size() == 2u);
    expect_entries(std::move(*reader), entries);
}

BOOST_AUTO_TEST_CASE(a_snapshot_may_hold_session_records_alone) {
    memory_file_system disk;
    write_snapshot(disk, {{1, 0, record_kind::session, make_body(0, "", record_kind::session)}});
    auto reader = snapshot_reader::open(disk, path);
    require(reader);
    BOOST_TEST(reader->footer().first_question == 0u);
    BOOST_TEST(reader->footer().last_question == 0u);
    const auto found = reader->find(1);
    require(found);
    BOOST_TEST(!found->has_value());
    require(verify_snapshot(disk, path));
}

BOOST_AUTO_TEST_CASE(what_is_found_is_what_stands_in_its_name) {
    memory_file_system disk;
    write_snapshot(disk, {result_entry(1, 1, "a")});
    for (const auto& key : {snapshot_key{1, 2, 1}, snapshot_key{1, 1, 2}}) {
        const auto name = "/" + snapshot_name(key);
        disk.set_contents(name, disk.contents(path));
        BOOST_TEST(fails_as(snapshot_reader::open(disk, "/", key), failure_code::damaged));
    }
    BOOST_TEST(fails_as(snapshot_reader::open(disk, "/none"), failure_code::not_found));
}

BOOST_AUTO_TEST_CASE(a_writer_takes_the_place_of_what_a_failed_one_left) {
    memory_file_system disk;
    {
        auto writer = snapshot_writer::create(disk, "/", make_header(1, 1));
        require(writer);
        require(writer->add(1, result_entry(1, 1, noise(300'000, 1)).view()));
    }
    write_snapshot(disk, {result_entry(1, 1, "b")});
    require(verify_snapshot(disk, path));
}

// Whatever a writer's disk does, it says that a snapshot is whole only if it is.
BOOST_AUTO_TEST_CASE(a_writer_whose_disk_fails_once_says_so) {
    const auto entries = entries_of_several_blocks();
    const auto write = [&](memory_file_system& disk) -> result<> {
        auto writer = snapshot_writer::create(disk, "/", make_header(1, entries.size()));
        if (!writer) return writer.error();
        for (const auto& one : entries)
            if (auto done = writer->add(one.number, one.view()); !done) return done;
        const auto key = writer->finish({});
        return key ? result<>() : key.error();
    };
    memory_file_system whole;
    require(write(whole));
    for (std::size_t call = 1; call <= whole.calls().size(); ++call) {
        memory_file_system disk;
        disk.plan({disk_fault::effect::fails_once, call, failure_code::disk_full});
        BOOST_TEST(fails_as(write(disk), failure_code::disk_full), "call " << call);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(a_damaged_snapshot)

BOOST_AUTO_TEST_CASE(no_flipped_bit_and_no_other_byte_is_silent) {
    memory_file_system disk;
    write_snapshot(disk, {result_entry(1, 1, "one"), result_entry(2, 5, "five")});
    const auto text = disk.contents(path);
    for (std::size_t at = 0; at < text.size(); ++at)
        for (int bit = 0; bit < 8; ++bit) {
            flip(disk, path, at, bit);
            BOOST_TEST(fails_as(verify_snapshot(disk, path), failure_code::damaged),
                       "byte " << at << ", bit " << bit);
            flip(disk, path, at, bit);
        }
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto changed = text;
        changed[at] = changed[at] ? '\0' : '\xff';
        disk.set_contents(path, changed);
        BOOST_TEST(fails_as(verify_snapshot(disk, path), failure_code::damaged), "byte " << at);
    }
}

BOOST_AUTO_TEST_CASE(no_other_length_is_silent) {
    memory_file_system disk;
    write_snapshot(disk, {result_entry(1, 1, "one"), result_entry(2, 5, "five")});
    const auto text = disk.contents(path);
    for (std::size_t size = 0; size < text.size(); ++size) {
        disk.set_contents(path, text.substr(0, size));
        BOOST_TEST(fails_as(verify_snapshot(disk, path), failure_code::damaged), "size " << size);
    }
    for (const auto& more : {std::string("x"), std::string(4096, '\0'), text}) {
        disk.set_contents(path, text + more);
        BOOST_TEST(fails_as(verify_snapshot(disk, path), failure_code::damaged));
    }
}

BOOST_AUTO_TEST_CASE(damage_in_a_block_is_found_when_it_is_read_with_its_place) {
    memory_file_system disk;
    write_snapshot(disk, entries_of_several_blocks());
    auto reader = snapshot_reader::open(disk, path);
    require(reader);
    const auto hit = reader->footer().blocks[2];
    flip(disk, path, hit.offset + hit.span / 2);
    reader = snapshot_reader::open(disk, path);
    require(reader);
    require(reader->find(reader->footer().blocks[1].first_question));
    const auto found = reader->find(hit.first_question);
    BOOST_TEST_REQUIRE(fails_as(found, failure_code::damaged));
    BOOST_TEST(found.error().where == path + ", offset " + std::to_string(hit.offset));
    BOOST_TEST(fails_as(verify_snapshot(disk, path), failure_code::damaged));
}

BOOST_AUTO_TEST_CASE(a_scanner_sees_every_block_of_a_sound_one) {
    memory_file_system disk;
    write_snapshot(disk, entries_of_several_blocks());
    const auto reader = snapshot_reader::open(disk, path);
    require(reader);
    std::vector<std::uint64_t> expected;
    for (const auto& block : reader->footer().blocks) expected.push_back(block.offset);
    BOOST_TEST(scanned_offsets(disk) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_scanner_goes_on_behind_damage_of_every_kind) {
    memory_file_system disk;
    write_snapshot(disk, entries_of_several_blocks());
    const auto reader = snapshot_reader::open(disk, path);
    require(reader);
    const auto blocks = reader->footer().blocks;
    const auto text = disk.contents(path);
    for (std::size_t hit = 0; hit < blocks.size(); ++hit) {
        std::vector<std::uint64_t> expected;
        for (std::size_t i = 0; i < blocks.size(); ++i)
            if (i != hit) expected.push_back(blocks[i].offset);
        const auto begin = blocks[hit].offset;
        // The header's magic and its length, the payload, and all of it at once.
        for (const auto& [at, size] : {std::pair<std::uint64_t, std::size_t>{0, 1},
                                       {9, 1},
                                       {100, 1},
                                       {0, blocks[hit].span}}) {
            auto changed = text;
            changed.replace(begin + at, size, std::string(size, '#'));
            disk.set_contents(path, changed);
            BOOST_TEST(scanned_offsets(disk) == expected, boost::test_tools::per_element());
        }
    }
    // Without footer and trailer, and with the last block cut.
    disk.set_contents(path, text.substr(0, blocks.back().offset + 100));
    BOOST_TEST(scanned_offsets(disk).size() == blocks.size() - 1);
    flip(disk, path, 60);
    BOOST_TEST(fails_as(block_scanner::open(disk, path), failure_code::damaged));
}

// An answer that looks like a block, its magic to begin with, must not hold a scanner up.
BOOST_AUTO_TEST_CASE(a_scanner_is_not_misled_by_what_looks_like_a_block) {
    memory_file_system disk;
    write_snapshot(disk, entries_of_several_blocks());
    const auto reader = snapshot_reader::open(disk, path);
    require(reader);
    const auto blocks = reader->footer().blocks;
    auto text = disk.contents(path);
    std::string bait;
    while (bait.size() < blocks[1].span) bait += "BLK1";
    text.replace(blocks[1].offset, blocks[1].span, bait.substr(0, blocks[1].span));
    disk.set_contents(path, text);
    BOOST_TEST(scanned_offsets(disk).size() == blocks.size() - 1);
}

BOOST_AUTO_TEST_SUITE_END()
