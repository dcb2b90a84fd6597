// Files that become shorter while somebody reads them. No proctor does that, but people do, and
// copies that are not complete look like it.
#include "store_bench.hpp"

#include "support/forwarding_disk.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

class cut_file final : public file {
public:
    cut_file(std::unique_ptr<file> whole, const std::optional<std::uint64_t>& cut)
        : whole_(std::move(whole)), cut_(cut) {}

    result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
        if (!cut_) return whole_->read_at(offset, into);
        const auto left = *cut_ - std::min(*cut_, offset);
        return whole_->read_at(offset, into.first(std::min<std::size_t>(into.size(), left)));
    }
    result<> write_at(std::uint64_t offset, std::string_view bytes) override {
        return whole_->write_at(offset, bytes);
    }
    result<> sync() override { return whole_->sync(); }
    result<std::uint64_t> size() override { return whole_->size(); } // it was asked before
    result<bool> linked() override { return whole_->linked(); }

private:
    std::unique_ptr<file> whole_;
    const std::optional<std::uint64_t>& cut_;
};

// Files whose name has `part` in it end at `cut`, whatever their size.
class cutting_disk final : public forwarding_disk {
public:
    cutting_disk(file_system& disk, std::string part)
        : forwarding_disk(disk), part_(std::move(part)) {}

    std::optional<std::uint64_t> cut;

    result<std::unique_ptr<file>> open(const std::string& path) override {
        auto opened = forwarding_disk::open(path);
        if (!opened || path.find(part_) == path.npos) return opened;
        return std::unique_ptr<file>(std::make_unique<cut_file>(std::move(*opened), cut));
    }

private:
    std::string part_;
};

// A closed run of one snapshot of several blocks.
memory_file_system run_with_blocks() {
    memory_file_system disk;
    auto store = create_run(disk);
    for (lsn number = 1; number <= 8; ++number)
        require(store->append(make_record(number, std::string(100'000, 'x')), 1));
    require(store->close());
    compact_all(*store);
    return disk;
}

std::set<std::uint64_t> places_in(const snapshot_reader& snapshot) {
    std::set<std::uint64_t> places;
    const auto around = [&](std::uint64_t offset) {
        for (std::uint64_t at = offset; at < offset + 40; ++at) places.insert(at);
    };
    around(0);
    around(snapshot_header_size - 20);
    for (const auto& block : snapshot.footer().blocks) around(block.offset + block.span - 20);
    around(snapshot.size() - snapshot_trailer_size - 20);
    for (auto at = snapshot.size() - 20; at < snapshot.size(); ++at) places.insert(at);
    return places;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cut_files)

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_cut_before_it_is_opened_is_damage) {
    auto disk = run_with_blocks();
    cutting_disk cutting(disk, ".snap");
    const auto whole = snapshot_reader::open(cutting, snapshot(1, 8));
    require(whole);
    for (const auto at : places_in(*whole)) {
        cutting.cut = at;
        BOOST_TEST(fails_as(snapshot_reader::open(cutting, snapshot(1, 8)), failure_code::damaged),
                   "at " << at);
        auto scanner = block_scanner::open(cutting, snapshot(1, 8));
        BOOST_TEST(scanner.has_value() == (at >= snapshot_header_size), "at " << at);
        if (!scanner) continue;
        for (const auto& block : whole->footer().blocks) {
            if (block.offset + block.span > at) break;
            const auto found = scanner->next();
            require(found);
            BOOST_TEST_REQUIRE(found->has_value());
            BOOST_TEST((*found)->offset == block.offset);
        }
        const auto more = scanner->next();
        require(more);
        BOOST_TEST(!more->has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_cut_while_it_is_read_is_damage_and_never_its_end) {
    auto disk = run_with_blocks();
    cutting_disk cutting(disk, ".snap");
    auto reader = snapshot_reader::open(cutting, snapshot(1, 8));
    require(reader);
    const auto view = run_view::open(cutting, run);
    require(view);
    const auto blocks = reader->footer().blocks;
    BOOST_TEST_REQUIRE(blocks.size() > 1u);
    for (const auto at : places_in(*reader)) {
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            cutting.cut = at;
            const bool whole = blocks[i].offset + blocks[i].span <= at;
            BOOST_TEST(verify_block(*reader, i, {}).has_value() == whole, "at " << at);
            const auto found = reader->find(blocks[i].first_question);
            BOOST_TEST((found ? whole && found->has_value()
                              : !whole && found.error().code == failure_code::damaged),
                       "at " << at);
        }
        cutting.cut.reset();
        auto cursor = view->records(); // its files are opened one by one
        require(cursor.next());
        cutting.cut = at;
        std::size_t seen = 1;
        for (auto entry = cursor.next(); entry && *entry; entry = cursor.next()) ++seen;
        BOOST_TEST((seen == 8) == (blocks.back().offset + blocks.back().span <= at), "at " << at);
    }
}

BOOST_AUTO_TEST_CASE(a_log_that_is_cut_while_it_is_read_is_never_read_wrong) {
    auto disk = crashed_run(4);
    cutting_disk cutting(disk, ".log");
    const auto view = run_view::open(cutting, run);
    require(view);
    const auto size = disk.contents(segment(1)).size();
    for (std::uint64_t at = 0; at < size; at += 8) {
        cutting.cut = at;
        seen_records seen;
        const auto report = replay(cutting, run, make_identity().id, seen.visitor());
        if (!report) BOOST_TEST((report.error().code == failure_code::damaged), "at " << at);
        const auto all = numbered_to(4);
        BOOST_TEST(std::equal(seen.bytes().begin(), seen.bytes().end(), all.begin()));
        for (lsn number = 1; number <= 4; ++number) {
            const auto found = view->find(number);
            BOOST_TEST((found ? found->has_value() && numbered(number).ends_with(**found)
                              : found.error().code == failure_code::damaged),
                       "at " << at);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
