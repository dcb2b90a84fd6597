// A snapshot: read by index, in order, by question, by salvage, and as part of a run. What is
// verified is told the same by all of them.
#include "fuzz/mutate.hpp"
#include "fuzz/text.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include "proctor/codec/compression.hpp"
#include "proctor/codec/varint.hpp"
#include "proctor/storage/run_view.hpp"
#include "proctor/storage/snapshot.hpp"
#include "proctor/storage/wal.hpp"

#include <optional>
#include <vector>

using namespace proctor;

namespace {

const std::string path = "/any";

std::uint64_t salvageable(file_system& disk) {
    auto scanner = block_scanner::open(disk, path);
    if (!scanner) return 0;
    std::uint64_t records = 0;
    for (;;) {
        const auto block = scanner->next();
        PROCTOR_ASSERT(block);
        if (!*block) return records;
        for (auto left = (*block)->entries; !left.empty(); ++records)
            if (!take_entry(left)) break;
    }
}

// What a cursor shows until it fails, by question.
std::vector<question_id> in_order(file_system& disk) {
    std::vector<question_id> shown;
    auto reader = snapshot_reader::open(disk, path);
    if (!reader) return shown;
    snapshot_cursor cursor(std::move(*reader));
    for (;;) {
        const auto entry = cursor.next();
        if (!entry || !*entry) return shown;
        shown.push_back((*entry)->record.question);
    }
}

void find_each(snapshot_reader& reader, const std::vector<question_id>& shown, bool verified) {
    for (const auto id : shown) {
        const auto found = reader.find(id);
        PROCTOR_ASSERT(!verified || (found && *found && (*found)->record.question == id));
    }
    (void)reader.find(0);
    (void)reader.find(~question_id{0});
}

void read_as_run(test::memory_file_system& disk, const std::string& bytes,
                 const snapshot_header& header, std::uint64_t records) {
    PROCTOR_ASSERT(disk.make_directory("/run"));
    auto identity = test::make_identity();
    identity.id = header.run;
    disk.set_contents("/run/run.json", encode(identity));
    const snapshot_key key{header.first_lsn, header.last_lsn, header.epoch};
    disk.set_contents(join_path("/run", snapshot_name(key)), bytes);
    segment_header behind;
    behind.run = header.run;
    behind.first_lsn = header.last_lsn + 1;
    disk.set_contents(join_path("/run", segment_name({behind.first_lsn, behind.epoch})),
                      encode(behind));
    const auto view = run_view::open(disk, "/run");
    PROCTOR_ASSERT(view);
    auto cursor = view->records();
    std::uint64_t shown = 0;
    for (;; ++shown) {
        const auto entry = cursor.next();
        PROCTOR_ASSERT(entry);
        if (!*entry) break;
    }
    PROCTOR_ASSERT(shown == records);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::memory_file_system disk;
    const std::string bytes(fuzz::as_text(data, size));
    disk.set_contents(path, bytes);
    const bool verified = verify_snapshot(disk, path).has_value();
    const auto salvaged = salvageable(disk);
    auto reader = snapshot_reader::open(disk, path);
    PROCTOR_ASSERT(reader || !verified);
    if (!reader) return 0;
    const auto shown = in_order(disk);
    find_each(*reader, shown, verified);
    if (!verified) return 0;

    const auto& header = reader->header();
    PROCTOR_ASSERT(std::is_sorted(shown.begin(), shown.end()));
    PROCTOR_ASSERT(shown.size() == reader->footer().records);
    PROCTOR_ASSERT(salvaged >= shown.size());
    const bool begins_a_run = header.first_lsn == 1 && header.last_lsn < no_limit - 1 &&
                              header.epoch > 0 && header.epoch <= 99'999;
    if (begins_a_run) read_as_run(disk, bytes, header, shown.size());
    return 0;
}

namespace {

struct snapshot_parts {
    std::string header;
    std::vector<std::string> blocks; // decompressed
    std::string raw_bytes, ledger;   // of the footer
    std::string trailer;
};

constexpr std::size_t most_raw = std::size_t{1} << 20;

std::optional<snapshot_parts> taken_apart(const std::string& bytes) {
    if (bytes.size() < snapshot_header_size + block_header_size + snapshot_trailer_size)
        return std::nullopt;
    snapshot_parts parts;
    parts.header = bytes.substr(0, snapshot_header_size);
    parts.trailer = bytes.substr(bytes.size() - snapshot_trailer_size);
    const auto salt = get<std::uint64_t>(bytes.data() + 56);
    decompressor zstd;
    for (auto at = snapshot_header_size; at < bytes.size() - snapshot_trailer_size;) {
        const auto header = decode_block_header(std::string_view(bytes).substr(at), salt);
        if (!header || header->raw_size > most_raw || header->span() > bytes.size() - at)
            return std::nullopt;
        const auto stored =
            std::string_view(bytes).substr(at + block_header_size, header->stored_size);
        const auto raw = zstd.decompress(stored, header->raw_size);
        if (!raw) return std::nullopt;
        at += header->span();
        if (header->kind == block_kind::records) {
            parts.blocks.emplace_back(*raw);
            continue;
        }
        varint_reader in(*raw);
        (void)in.number(); // records
        append_varint(parts.raw_bytes, in.number());
        for (auto numbers = in.number() * 5; numbers > 0 && in.ok(); --numbers) (void)in.number();
        parts.ledger = in.left();
        return parts;
    }
    return std::nullopt;
}

std::string put_together(snapshot_parts parts, unsigned seed) {
    auto bytes = parts.header;
    bytes.resize(snapshot_header_size);
    fuzz::repair_crc(bytes, snapshot_header_size - 4, 0, 0, snapshot_header_size - 4);
    const auto salt = get<std::uint64_t>(bytes.data() + 56);
    compressor zstd;
    std::string index;
    std::uint64_t records = 0;
    constexpr std::size_t in_front = sizeof(lsn); // of each record
    for (auto& block : parts.blocks) {
        block_header header;
        header.records = fuzz::repair_records(block, 0, in_front);
        header.raw_size = static_cast<std::uint32_t>(block.size());
        question_id last = 0;
        auto left = std::string_view(block);
        for (auto entry = take_entry(left); entry; entry = take_entry(left)) {
            if (last == 0) header.first_question = entry->record.question;
            last = entry->record.question;
        }
        const auto stored = encode(header, zstd.compress(block), salt);
        append_varint(index, 0); // between this block and the one before
        append_varint(index, stored.size());
        append_varint(index, header.records);
        append_varint(index, header.first_question);
        append_varint(index, last - header.first_question);
        bytes += stored;
        records += header.records;
    }
    std::string footer;
    append_varint(footer, records);
    footer += parts.raw_bytes;
    append_varint(footer, parts.blocks.size());
    footer += index + parts.ledger;
    if (seed % 4 == 0) fuzz::mutate(footer);
    block_header header;
    header.kind = block_kind::footer;
    header.raw_size = static_cast<std::uint32_t>(footer.size());
    const auto offset = bytes.size();
    bytes += encode(header, zstd.compress(footer), salt);
    auto& trailer = parts.trailer;
    put<std::uint64_t>(trailer.data() + 8, offset);
    put<std::uint64_t>(trailer.data() + 16, bytes.size() + snapshot_trailer_size);
    put<std::uint64_t>(trailer.data() + 24, get<std::uint64_t>(bytes.data() + 40));
    put<std::uint64_t>(trailer.data() + 32, get<std::uint64_t>(bytes.data() + 48));
    varint_reader claimed(footer);
    put<std::uint64_t>(trailer.data() + 40, claimed.number());
    fuzz::repair_crc(trailer, snapshot_trailer_size - 4, crc_seed(salt), 0,
                     snapshot_trailer_size - 4);
    return bytes + trailer;
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
    std::string bytes(fuzz::as_text(data, size));
    auto parts = taken_apart(bytes);
    const auto choice = seed % 16;
    if (choice == 0 || !parts) {
        fuzz::mutate(bytes);
        return fuzz::give(bytes, data, max_size);
    }
    auto& blocks = parts->blocks;
    const auto which = blocks.empty() ? 0 : seed / 16 % blocks.size();
    if (choice == 1)
        fuzz::mutate(parts->header);
    else if (choice <= 4 || blocks.empty())
        fuzz::mutate(parts->ledger);
    else if (choice == 5)
        blocks.push_back(blocks[which]);
    else if (choice == 6)
        blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(which));
    else if (choice == 7)
        std::swap(blocks[which], blocks.back());
    else
        fuzz::mutate(blocks[which]);
    return fuzz::give(put_together(std::move(*parts), seed / 16), data, max_size);
}
