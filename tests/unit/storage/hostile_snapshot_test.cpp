// Snapshots whose checksums are right and whose contents are not, as no writer makes them.
#include "proctor/codec/compression.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/codec/snapshot_bytes.hpp"
#include "proctor/storage/snapshot.hpp"

#include "store_bench.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

const std::string path = "/any";

// One block with a record of question 5. What `change` has a function for, that changes before
// it gets its checksum.
struct crafted {
    question_id first_question = 5; // as block and footer have it
    std::uint64_t records = 1;      // as the footer has it
    ledger counted;

    // Where the numbers of a footer stand.
    enum { all_records, all_bytes, blocks, gap, span, held, first, last_minus_first };
    struct {
        std::function<void(std::string&)> entries, stored_block;
        std::function<void(block_header&)> block, footer_header;
        std::function<void(std::vector<std::uint64_t>&)> index;
        std::function<void(std::string&)> footer, stored_footer;
        std::function<void(snapshot_trailer&)> trailer;
    } change;

    std::string bytes() const {
        snapshot_header header;
        header.last_lsn = 3;
        auto file = encode(header);
        std::string entries;
        append_entry(entries, 2, {record_kind::result, 0, 5, "{}", {}});
        make(entries, change.entries);
        block_header block;
        block.records = static_cast<std::uint32_t>(records);
        block.first_question = first_question;
        const auto stored = encoded(block, entries, change.block, change.stored_block);
        file += stored;
        std::vector<std::uint64_t> index{
            records,        entries.size(),    1, 0, stored.size(), records,
            first_question, 5 - first_question};
        make(index, change.index);
        std::string footer;
        for (const auto number : index) append_varint(footer, number);
        append_ledger(footer, counted);
        make(footer, change.footer);
        block = {};
        block.kind = block_kind::footer;
        snapshot_trailer trailer;
        trailer.footer_offset = file.size();
        trailer.last_lsn = header.last_lsn;
        trailer.records = records;
        file += encoded(block, footer, change.footer_header, change.stored_footer);
        trailer.file_size = file.size() + snapshot_trailer_size;
        make(trailer, change.trailer);
        return file + encode(trailer, header.salt);
    }

private:
    template <class Part>
    static void make(Part& part, const std::function<void(Part&)>& change) {
        if (change) change(part);
    }

    static std::string encoded(block_header header, std::string_view raw,
                               const std::function<void(block_header&)>& change_header,
                               const std::function<void(std::string&)>& change_stored) {
        compressor zstd;
        header.raw_size = static_cast<std::uint32_t>(raw.size());
        make(header, change_header);
        std::string stored(zstd.compress(raw));
        make(stored, change_stored);
        return encode(header, stored, 0);
    }
};

std::function<void(std::vector<std::uint64_t>&)> number(std::size_t which, std::uint64_t value) {
    return [=](std::vector<std::uint64_t>& index) { index.at(which) = value; };
}

// The entries that there are, and others.
std::function<void(std::string&)> entries(std::vector<std::pair<lsn, question_id>> wanted) {
    return [wanted = std::move(wanted)](std::string& bytes) {
        bytes.clear();
        for (const auto& [number, question] : wanted)
            append_entry(bytes, number, {record_kind::result, 0, question, "{}", {}});
    };
}

void no_zstd(std::string& stored) {
    stored = "what is this?";
}

bool is_damaged(const crafted& what) {
    memory_file_system disk;
    disk.set_contents(path, what.bytes());
    return fails_as(verify_snapshot(disk, path), failure_code::damaged);
}

// Whether it is damaged in the eyes of those who read it for its records, or look for question 6.
std::pair<bool, bool> is_damaged_for_readers(const crafted& what) {
    memory_file_system disk;
    disk.set_contents(path, what.bytes());
    auto reader = snapshot_reader::open(disk, path);
    require(reader);
    const bool for_find = fails_as(reader->find(6), failure_code::damaged);
    snapshot_cursor cursor(std::move(*reader));
    for (;;) {
        const auto entry = cursor.next();
        if (!entry) return {entry.error().code == failure_code::damaged, for_find};
        if (!*entry) return {false, for_find};
    }
}

std::size_t blocks_found(const std::string& bytes) {
    memory_file_system disk;
    disk.set_contents(path, bytes);
    auto scanner = block_scanner::open(disk, path);
    require(scanner);
    for (std::size_t found = 0;; ++found) {
        const auto block = scanner->next();
        require(block);
        if (!*block) return found;
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(hostile_snapshots)

BOOST_AUTO_TEST_CASE(what_is_crafted_right_is_whole) {
    BOOST_TEST(!is_damaged({}));
}

BOOST_AUTO_TEST_CASE(a_block_that_hides_its_first_question_is_damage) {
    crafted hiding;
    hiding.first_question = 4;
    BOOST_TEST(is_damaged(hiding));
}

BOOST_AUTO_TEST_CASE(a_footer_that_tells_of_more_questions_than_records_is_damage) {
    crafted boasting;
    boasting.counted.apply({record_kind::result, 5});
    BOOST_TEST(!is_damaged(boasting));
    boasting.counted.apply({record_kind::result, 6});
    BOOST_TEST(is_damaged(boasting));
}

BOOST_AUTO_TEST_CASE(a_block_of_more_records_than_fit_is_damage) {
    crafted crowded;
    crowded.records = max_block_records + 1;
    BOOST_TEST(is_damaged(crowded));
    crowded.records = (std::uint64_t{1} << 32) + 1; // its low half is right
    BOOST_TEST(is_damaged(crowded));
}

BOOST_AUTO_TEST_CASE(an_index_that_does_not_fit_its_file_is_damage) {
    constexpr std::uint64_t beyond = 1 << 20;
    using change = std::function<void(std::vector<std::uint64_t>&)>;
    for (const auto& [name, index] : std::initializer_list<std::pair<const char*, change>>{
             {"nothing", number(crafted::all_bytes, 1)}, // which nobody relies on
             {"records", number(crafted::all_records, 2)},
             {"no block", number(crafted::blocks, 0)},
             {"a gap before the block",
              [](auto& index) { ++index[crafted::gap], --index[crafted::span]; }},
             {"a gap beyond the file", number(crafted::gap, beyond)},
             {"a gap beyond all files", number(crafted::gap, ~std::uint64_t{0})},
             {"a block beyond the file", number(crafted::span, beyond)},
             {"a block beyond all files", number(crafted::span, ~std::uint64_t{0})},
             {"a block that ends in the footer", number(crafted::gap, 100)},
             {"a block of no bytes", number(crafted::span, 0)},
             {"the first question", number(crafted::first, 4)},
             {"the last question", number(crafted::last_minus_first, 1)},
             {"a last question beyond all",
              number(crafted::last_minus_first, ~std::uint64_t{0})}}) {
        crafted one;
        one.change.index = index;
        BOOST_TEST(is_damaged(one) == (name != std::string("nothing")), name);
    }
}

BOOST_AUTO_TEST_CASE(a_footer_that_ends_too_early_or_too_late_is_damage) {
    crafted shorter;
    shorter.change.footer = [](std::string& footer) { footer.resize(6); }; // in the index
    BOOST_TEST(is_damaged(shorter));
    shorter.change.footer = [](std::string& footer) { footer.pop_back(); }; // in the ledger
    BOOST_TEST(is_damaged(shorter));
    crafted longer;
    longer.change.footer = [](std::string& footer) { footer += '\0'; };
    BOOST_TEST(is_damaged(longer));
}

BOOST_AUTO_TEST_CASE(a_trailer_of_another_file_is_damage) {
    using change = std::function<void(snapshot_trailer&)>;
    for (const auto& [name, trailer] : std::initializer_list<std::pair<const char*, change>>{
             {"size", [](auto& trailer) { ++trailer.file_size; }},
             {"first LSN", [](auto& trailer) { ++trailer.first_lsn; }},
             {"last LSN", [](auto& trailer) { ++trailer.last_lsn; }},
             {"records", [](auto& trailer) { ++trailer.records; }},
             {"no footer",
              [](auto& trailer) {
                  trailer.footer_offset = trailer.file_size - snapshot_trailer_size;
              }},
             {"a block", [](auto& trailer) { trailer.footer_offset = snapshot_header_size; }},
             {"the header", [](auto& trailer) { trailer.footer_offset = 0; }},
             {"beyond", [](auto& trailer) { trailer.footer_offset = ~std::uint64_t{0}; }}}) {
        crafted one;
        one.change.trailer = trailer;
        BOOST_TEST(is_damaged(one), name);
    }
}

BOOST_AUTO_TEST_CASE(a_block_that_is_not_the_one_of_the_index_is_damage) {
    using change = std::function<void(block_header&)>;
    for (const auto& [name, block] : std::initializer_list<std::pair<const char*, change>>{
             {"kind", [](auto& block) { block.kind = block_kind::footer; }},
             {"records", [](auto& block) { ++block.records; }},
             {"first question", [](auto& block) { --block.first_question; }},
             {"bytes", [](auto& block) { ++block.raw_size; }},
             {"more bytes than a block has",
              [](auto& block) { block.raw_size = max_block_raw + 1; }}}) {
        crafted one;
        one.change.block = block;
        BOOST_TEST(is_damaged(one), name);
        BOOST_TEST(is_damaged_for_readers(one).first, name);
    }
    crafted blocks_footer;
    blocks_footer.change.footer_header = [](block_header& header) {
        header.kind = block_kind::records;
    };
    BOOST_TEST(is_damaged(blocks_footer));
}

BOOST_AUTO_TEST_CASE(what_does_not_decompress_is_damage) {
    crafted footer;
    footer.change.stored_footer = no_zstd;
    BOOST_TEST(is_damaged(footer));
    crafted block;
    block.change.stored_block = no_zstd;
    BOOST_TEST(is_damaged(block));
    BOOST_TEST(is_damaged_for_readers(block).first);
    BOOST_TEST(blocks_found(block.bytes()) == 0u);
    BOOST_TEST(blocks_found(crafted().bytes()) == 1u);
}

BOOST_AUTO_TEST_CASE(records_that_a_block_does_not_hold_or_not_in_order_are_damage) {
    const auto damaged = [](std::vector<std::pair<lsn, question_id>> wanted,
                            std::uint64_t records) {
        crafted one;
        one.records = records;
        one.change.entries = entries(std::move(wanted));
        return is_damaged(one);
    };
    BOOST_TEST(!damaged({{2, 5}}, 1));
    BOOST_TEST(!damaged({{1, 5}, {3, 5}}, 2));
    BOOST_TEST(damaged({{0, 5}}, 1)); // before the first LSN
    BOOST_TEST(damaged({{4, 5}}, 1)); // behind the last one
    BOOST_TEST(damaged({{1, 5}, {2, 4}}, 2));
    BOOST_TEST(damaged({{1, 5}, {2, 6}}, 2)); // behind the last question
    BOOST_TEST(damaged({{1, 5}, {2, 5}}, 1));
    BOOST_TEST(damaged({{1, 5}}, 2));
    BOOST_TEST(damaged({}, 1));
}

BOOST_AUTO_TEST_CASE(what_is_no_record_behind_those_of_a_block_is_damage_to_all) {
    crafted trailing;
    trailing.change.entries = [](std::string& entries) {
        entries += "no record, but long enough for one";
    };
    trailing.change.index = number(crafted::last_minus_first, 5);
    BOOST_TEST(is_damaged(trailing));
    BOOST_TEST((is_damaged_for_readers(trailing) == std::pair(true, true)));
    BOOST_TEST((is_damaged_for_readers({}) == std::pair(false, false)));
}

// Wherever it stands in what is read at a time.
BOOST_AUTO_TEST_CASE(a_block_behind_much_that_is_none_is_found) {
    const auto whole = crafted().bytes();
    for (const std::size_t read_at_a_time : {std::size_t{1} << 18, std::size_t{1} << 19})
        for (std::size_t more = 0; more < 10; ++more) {
            auto file = whole;
            file.insert(snapshot_header_size, std::string(read_at_a_time - 5 + more, '#'));
            BOOST_TEST(blocks_found(file) == 1u, read_at_a_time << " and " << more);
        }
}

BOOST_AUTO_TEST_SUITE_END()
