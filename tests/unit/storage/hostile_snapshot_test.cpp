// Snapshots whose checksums are right and whose contents are not, as no writer makes them.
#include "proctor/codec/compression.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/codec/snapshot_bytes.hpp"
#include "proctor/storage/snapshot.hpp"

#include "support/memory_file_system.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace proctor;

namespace {

// One block with a record of question 5.
struct crafted {
    question_id first_question = 5; // as block and footer have it
    std::uint64_t records = 1;      // as the footer has it
    ledger counted;

    std::string bytes() const {
        snapshot_header header;
        header.last_lsn = 1;
        auto file = encode(header);
        std::string entries;
        record_view record;
        record.question = 5;
        record.body = "{}";
        append_entry(entries, 1, record);
        compressor zstd;
        block_header block;
        block.records = static_cast<std::uint32_t>(records);
        block.first_question = first_question;
        block.raw_size = static_cast<std::uint32_t>(entries.size());
        const auto stored = encode(block, zstd.compress(entries), header.salt);
        file += stored;
        std::string footer;
        for (const auto number :
             {records, std::uint64_t{entries.size()}, std::uint64_t{1}, std::uint64_t{0},
              std::uint64_t{stored.size()}, records, first_question, 5 - first_question})
            append_varint(footer, number);
        append_ledger(footer, counted);
        block = {};
        block.kind = block_kind::footer;
        block.raw_size = static_cast<std::uint32_t>(footer.size());
        snapshot_trailer trailer;
        trailer.footer_offset = file.size();
        trailer.last_lsn = 1;
        trailer.records = records;
        file += encode(block, zstd.compress(footer), header.salt);
        trailer.file_size = file.size() + snapshot_trailer_size;
        return file + encode(trailer, header.salt);
    }
};

bool is_damaged(const crafted& what) {
    test::memory_file_system disk;
    disk.set_contents("/any", what.bytes());
    const auto verified = verify_snapshot(disk, "/any");
    return !verified && verified.error().code == failure_code::damaged;
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

BOOST_AUTO_TEST_SUITE_END()
