// Writing and reading one snapshot. Which of them a run has is replay's business.
#include "proctor/storage/snapshot.hpp"

#include "proctor/codec/ledger_codec.hpp"
#include "proctor/codec/lost_salt.hpp"
#include "proctor/core/mutation.hpp"

#include "opened_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

ledger_layout layout_in(std::uint16_t snapshot_version) {
    return snapshot_version < 2 ? ledger_layout::without_answers : ledger_layout::whole;
}

std::string encode_footer(const snapshot_footer& footer, std::uint16_t version) {
    std::string out;
    append_varint(out, footer.records);
    append_varint(out, footer.raw_bytes);
    append_varint(out, footer.blocks.size());
    std::uint64_t behind = snapshot_header_size;
    for (const auto& block : footer.blocks) {
        append_varint(out, block.offset - behind);
        append_varint(out, block.span);
        append_varint(out, block.records);
        append_varint(out, block.first_question);
        append_varint(out, block.last_question - block.first_question);
        behind = block.offset + block.span;
    }
    append_ledger(out, footer.counted, layout_in(version));
    return out;
}

// Nothing: it does not make sense. `limit`: where the footer begins.
std::optional<snapshot_footer> decode_footer(std::string_view bytes, std::uint64_t limit,
                                             std::uint16_t version) {
    varint_reader in(bytes);
    snapshot_footer footer;
    footer.records = in.number();
    footer.raw_bytes = in.number();
    std::uint64_t behind = snapshot_header_size;
    std::uint64_t records = 0;
    for (auto blocks = in.number(); blocks > 0; --blocks) {
        block_place block;
        const auto gap = in.number();
        block.offset = behind + gap;
        const auto span = in.number();
        block.span = static_cast<std::uint32_t>(span);
        const auto held = in.number();
        block.records = static_cast<std::uint32_t>(held);
        block.first_question = in.number();
        block.last_question = block.first_question + in.number();
        if (!in.ok() || gap > limit || span > limit || block.offset + span > limit ||
            held > max_block_records)
            return std::nullopt;
        behind = block.offset + span;
        records += block.records;
        footer.blocks.push_back(block);
    }
    if (records != footer.records) return std::nullopt;
    // Each question of its sets has a record.
    auto counted = read_ledger(in, records, layout_in(version));
    if (!counted || !in.left().empty()) return std::nullopt;
    footer.counted = std::move(*counted);
    return footer;
}

result<std::string> read_exactly(file& from, const std::string& path, std::uint64_t offset,
                                 std::size_t size) {
    std::string bytes(size, '\0');
    const auto got = from.read_at(offset, bytes);
    if (!got) return got.error();
    if (*got != size)
        return failure{failure_code::damaged, fmt::format("{}, offset {}", path, offset),
                       fmt::format("expected {} bytes, the file ends after {}", size, *got)};
    return bytes;
}

// The range of the questions that a footer's index shows.
void set_question_range(snapshot_footer& footer) {
    for (const auto& block : footer.blocks) {
        if (block.last_question == 0) continue; // sessions
        if (footer.first_question == 0)
            footer.first_question = std::max<question_id>(block.first_question, 1);
        footer.last_question = block.last_question;
    }
}

} // namespace

// --- writing ------------------------------------------------------------------------------------

snapshot_writer::snapshot_writer(file_system& disk, std::unique_ptr<file> file, std::string path,
                                 snapshot_header header)
    : disk_(&disk), file_(std::move(file)), path_(std::move(path)), header_(header) {}

result<snapshot_writer> snapshot_writer::create(file_system& disk, const std::string& directory,
                                                const snapshot_header& header) {
    PROCTOR_ASSERT(header.last_lsn >= header.first_lsn);
    const auto path =
        join_path(directory, snapshot_name({header.first_lsn, header.last_lsn, header.epoch})) +
        std::string(temporary_suffix);
    auto created = create_anew(disk, path);
    if (!created) return created.error();
    return snapshot_writer(disk, std::move(*created), path, header);
}

result<> snapshot_writer::add(lsn number, const record_view& record) {
    if (!block_.empty() && block_.size() >= block_target)
        if (auto done = end_block(); !done) return done;
    if (block_.empty()) place_.first_question = record.question;
    place_.last_question = record.question;
    ++place_.records;
    append_entry(block_, number, record);
    return {};
}

result<> snapshot_writer::end_block() {
    block_header header;
    header.raw_size = static_cast<std::uint32_t>(block_.size());
    header.records = place_.records;
    header.first_question = place_.first_question;
    bytes_.clear();
    append_block(bytes_, header, zstd_.compress(block_), header_.salt);
    place_.offset = offset_;
    place_.span = static_cast<std::uint32_t>(bytes_.size());
    if (auto done = put(bytes_); !done) return done;
    footer_.records += place_.records;
    footer_.raw_bytes += block_.size();
    footer_.blocks.push_back(place_);
    block_.clear();
    place_ = {};
    return {};
}

result<> snapshot_writer::put(std::string_view bytes) {
    if (auto done = file_->write_at(offset_, bytes); !done) return done;
    offset_ += bytes.size();
    return {};
}

result<snapshot_key> snapshot_writer::finish(const ledger& counted) {
    if (!block_.empty())
        if (auto done = end_block(); !done) return done.error();
    footer_.counted = counted;
    if (auto done = file_->write_at(0, encode(header_)); !done) return done.error();
    const auto raw = encode_footer(footer_, header_.version);
    PROCTOR_ASSERT(raw.size() <= max_footer_raw);
    block_header header;
    header.kind = block_kind::footer;
    header.raw_size = static_cast<std::uint32_t>(raw.size());
    snapshot_trailer trailer;
    trailer.footer_offset = offset_;
    trailer.first_lsn = header_.first_lsn;
    trailer.last_lsn = header_.last_lsn;
    trailer.records = footer_.records;
    if (auto done = put(encode(header, zstd_.compress(raw), header_.salt)); !done)
        return done.error();
    trailer.file_size = offset_ + snapshot_trailer_size;
    if (auto done = put(encode(trailer, header_.salt)); !done) return done.error();
    if (!mutated(mutation::snapshot_not_synced))
        if (auto done = file_->sync(); !done) return done.error();
    if (auto done = verify_snapshot(*disk_, path_); !done) return done.error();
    return snapshot_key{header_.first_lsn, header_.last_lsn, header_.epoch};
}

// --- reading ------------------------------------------------------------------------------------

snapshot_reader::snapshot_reader(std::unique_ptr<file> file, std::string path,
                                 snapshot_header header, std::uint64_t size)
    : file_(std::move(file)), path_(std::move(path)), header_(header), size_(size) {}

failure snapshot_reader::damaged(std::uint64_t offset, std::string detail) const {
    return {failure_code::damaged, fmt::format("{}, offset {}", path_, offset), std::move(detail)};
}

result<snapshot_reader> snapshot_reader::open(file_system& disk, const std::string& directory,
                                              snapshot_key key) {
    auto reader = open(disk, join_path(directory, snapshot_name(key)));
    if (!reader) return reader;
    const auto& header = reader->header_;
    if (snapshot_key{header.first_lsn, header.last_lsn, header.epoch} != key)
        return reader->damaged(0, "the snapshot's header does not fit its name");
    return reader;
}

result<snapshot_reader> snapshot_reader::open(file_system& disk, const std::string& path) {
    auto opened = open_with_front(disk, path, snapshot_header_size);
    if (!opened) return opened.error();
    const auto header = decode_snapshot_header(opened->front);
    if (!header)
        return failure{header.error().code, fmt::format("{}, offset 0", path),
                       header.error().detail};
    snapshot_reader reader(std::move(opened->handle), path, *header, opened->size);
    if (auto done = reader.read_footer(); !done) return done.error();
    return reader;
}

result<> snapshot_reader::read_footer() {
    if (size_ < snapshot_header_size + block_header_size + snapshot_trailer_size)
        return damaged(size_, "the file ends before its footer");
    const auto trailer_offset = size_ - snapshot_trailer_size;
    const auto end = read_exactly(*file_, path_, trailer_offset, snapshot_trailer_size);
    if (!end) return end.error();
    const auto trailer = decode_snapshot_trailer(*end, header_.salt);
    if (!trailer) return damaged(trailer_offset, trailer.error().detail);
    if (trailer->file_size != size_ || trailer->first_lsn != header_.first_lsn ||
        trailer->last_lsn != header_.last_lsn || trailer->footer_offset >= trailer_offset)
        return damaged(trailer_offset, "the trailer does not fit the file");
    const auto offset = trailer->footer_offset;
    const auto bytes = read_exactly(*file_, path_, offset, trailer_offset - offset);
    if (!bytes) return bytes.error();
    const auto header = decode_block_header(*bytes, header_.salt);
    if (!header) return damaged(offset, header.error().detail);
    const auto stored = std::string_view(*bytes).substr(block_header_size);
    if (header->kind != block_kind::footer || !payload_intact(*header, stored, header_.salt))
        return damaged(offset, "the footer's checksum does not match");
    const auto raw = zstd_.decompress(stored, header->raw_size);
    if (!raw) return damaged(offset, raw.error().detail);
    auto footer = decode_footer(*raw, offset, header_.version);
    if (!footer || footer->records != trailer->records)
        return damaged(offset, "the footer does not make sense");
    footer_ = std::move(*footer);
    set_question_range(footer_);
    return {};
}

result<std::string_view> snapshot_reader::read_block(const block_place& place) {
    stored_.resize(place.span);
    const auto got = file_->read_at(place.offset, stored_);
    if (!got) return got.error();
    if (*got != place.span) return damaged(place.offset, "the file ends inside a block");
    const auto header = decode_block_header(stored_, header_.salt);
    if (!header) return damaged(place.offset, header.error().detail);
    const auto payload = std::string_view(stored_).substr(block_header_size);
    if (header->kind != block_kind::records || header->records != place.records ||
        header->first_question != place.first_question)
        return damaged(place.offset, "a block is not the one that the footer tells of");
    if (!payload_intact(*header, payload, header_.salt))
        return damaged(place.offset, "the checksum of a block does not match");
    const auto raw = zstd_.decompress(payload, header->raw_size);
    if (!raw) return damaged(place.offset, raw.error().detail);
    return *raw;
}

namespace {

// The first block that may hold a record of that task or a later one.
auto block_of(const std::vector<block_place>& blocks, question_id id) {
    return std::lower_bound(
        blocks.begin(), blocks.end(), id,
        [](const block_place& place, question_id wanted) { return place.last_question < wanted; });
}

} // namespace

result<std::optional<snapshot_entry>> snapshot_reader::find(question_id id) {
    const auto& blocks = footer_.blocks;
    const auto block = block_of(blocks, id);
    if (block == blocks.end() || block->first_question > id) return std::optional<snapshot_entry>();
    auto left = read_block(*block);
    if (!left) return left.error();
    while (!left->empty()) {
        const auto entry = take_entry(*left);
        if (!entry) return damaged(block->offset, entry.error().detail);
        if (entry->record.question == id) return std::optional(*entry);
    }
    return std::optional<snapshot_entry>();
}

snapshot_cursor::snapshot_cursor(snapshot_reader reader, question_id first)
    : reader_(std::move(reader)) {
    const auto& blocks = reader_.footer().blocks;
    block_ = static_cast<std::size_t>(block_of(blocks, first) - blocks.begin());
}

result<std::optional<snapshot_entry>> snapshot_cursor::next() {
    const auto& blocks = reader_.footer().blocks;
    while (left_.empty()) {
        if (block_ == blocks.size()) return std::optional<snapshot_entry>();
        const auto entries = reader_.read_block(blocks[block_++]);
        if (!entries) return entries.error();
        left_ = *entries;
    }
    const auto entry = take_entry(left_);
    if (!entry)
        return failure{failure_code::damaged,
                       fmt::format("{}, offset {}", reader_.path(), blocks[block_ - 1].offset),
                       entry.error().detail};
    return std::optional(*entry);
}

result<> verify_block(snapshot_reader& reader, std::size_t index,
                      const std::function<void(const snapshot_entry&)>& visit) {
    const auto& blocks = reader.footer().blocks;
    const auto& place = blocks[index];
    const auto broken = [&](std::string detail) {
        return failure{failure_code::damaged,
                       fmt::format("{}, offset {}", reader.path(), place.offset),
                       std::move(detail)};
    };
    const auto* before = index == 0 ? nullptr : &blocks[index - 1];
    if (place.offset != (before ? before->offset + before->span : snapshot_header_size))
        return broken("blocks do not follow one another");
    auto left = reader.read_block(place);
    if (!left) return left.error();
    const auto& header = reader.header();
    question_id last = before ? before->last_question : 0;
    std::uint32_t records = 0;
    for (; !left->empty(); ++records) {
        const auto entry = take_entry(*left);
        if (!entry) return broken(entry.error().detail);
        if (records == 0 && entry->record.question != place.first_question)
            return broken("a block does not begin where the footer tells");
        if (entry->record.question < last || entry->number < header.first_lsn ||
            entry->number > header.last_lsn)
            return broken("a record is out of order");
        last = entry->record.question;
        if (visit) visit(*entry);
    }
    if (records != place.records || last != place.last_question)
        return broken("a block does not hold what the footer tells");
    return {};
}

result<> verify_snapshot(file_system& disk, const std::string& path) {
    auto reader = snapshot_reader::open(disk, path);
    if (!reader) return reader.error();
    for (std::size_t i = 0; i < reader->footer().blocks.size(); ++i)
        if (auto done = verify_block(*reader, i, {}); !done) return done;
    return {};
}

// --- reading what is damaged --------------------------------------------------------------------

block_scanner::block_scanner(std::unique_ptr<file> file, std::string path, snapshot_header header,
                             std::uint64_t size)
    : file_(std::move(file)), path_(std::move(path)), header_(header), size_(size) {}

result<block_scanner> block_scanner::open(file_system& disk, const std::string& path) {
    auto opened = open_with_front(disk, path, snapshot_header_size);
    if (!opened) return opened.error();
    const auto header = decode_snapshot_header(opened->front);
    if (!header) return failure{header.error().code, path, header.error().detail};
    return block_scanner(std::move(opened->handle), path, *header, opened->size);
}

result<std::optional<block_scanner::block>> block_scanner::read_at(std::uint64_t offset) {
    std::string front(block_header_size, '\0');
    auto got = file_->read_at(offset, front);
    if (!got) return got.error();
    front.resize(*got);
    const auto header = decode_block_header(front, header_.salt);
    if (!header || header->kind != block_kind::records || header->span() > size_ - offset)
        return std::optional<block>();
    // No more than zstd makes of what it cannot compress (ZSTD_compressBound): the length may be a
    // guess.
    if (header->stored_size > header->raw_size + header->raw_size / 128 + 512)
        return std::optional<block>();
    stored_.resize(header->stored_size);
    got = file_->read_at(offset + block_header_size, stored_);
    if (!got) return got.error();
    if (*got != stored_.size() || !payload_intact(*header, stored_, header_.salt))
        return std::optional<block>();
    const auto raw = zstd_.decompress(stored_, header->raw_size);
    if (!raw) return std::optional<block>();
    return std::optional(block{offset, *header, *raw});
}

// The first place at or behind `offset` where a block may begin; the end if there is none.
result<std::uint64_t> block_scanner::find_magic(std::uint64_t offset) {
    constexpr std::size_t chunk_size = std::size_t{1} << 18;
    constexpr std::string_view magic = "BLK1";
    while (offset < size_) {
        if (offset < searched_at_ || offset + magic.size() > searched_at_ + searched_.size()) {
            searched_.resize(chunk_size);
            const auto got = file_->read_at(offset, searched_);
            if (!got) return got.error();
            searched_.resize(*got);
            searched_at_ = offset;
        }
        const auto at = searched_.find(magic, offset - searched_at_);
        if (at != std::string::npos) return searched_at_ + at;
        if (searched_.size() < chunk_size) break;
        offset =
            searched_at_ + searched_.size() - (magic.size() - 1); // it may stand across the edge
    }
    return size_;
}

result<std::optional<block_scanner::block>> block_scanner::next() {
    // Blocks follow one another; behind a damaged one the next is searched for by its magic.
    while (offset_ < size_) {
        auto found = read_at(offset_);
        if (!found) return found;
        if (*found) {
            offset_ += (*found)->header.span();
            return found;
        }
        const auto magic = find_magic(offset_ + 1);
        if (!magic) return magic.error();
        offset_ = *magic;
    }
    return std::optional<block>();
}

result<block_scanner> block_scanner::open_without_header(file_system& disk, const std::string& path,
                                                         snapshot_key key, const run_id& run) {
    auto opened = open_with_front(disk, path, snapshot_header_size);
    if (!opened) return opened.error();
    if (tells_of_another_run(opened->front, run))
        return failure{failure_code::damaged, path, "what is left of its header is another run's"};
    snapshot_header assumed;
    assumed.run = run;
    assumed.first_lsn = key.first_lsn;
    assumed.last_lsn = key.last_lsn;
    assumed.epoch = key.epoch;
    block_scanner scanner(std::move(opened->handle), path, assumed, opened->size);
    const auto found = scanner.find_salt();
    if (!found) return found.error();
    if (!*found)
        return failure{failure_code::damaged, path,
                       "neither a header nor any block tells the snapshot's salt"};
    return scanner;
}

result<bool> block_scanner::find_salt() {
    salt_vote votes;
    std::string front(block_header_size, '\0');
    auto offset = find_magic(snapshot_header_size);
    while (offset && *offset < size_) {
        const auto got = file_->read_at(*offset, front);
        if (!got) return got.error();
        if (*got < front.size()) break;
        header_.salt = salt_of_header(front);
        const auto whole = read_at(*offset);
        if (!whole) return whole.error();
        auto next = *offset + 1;
        if (*whole) {
            auto entries = (*whole)->entries;
            const auto first = take_entry(entries);
            if (first && first->number >= header_.first_lsn && first->number <= header_.last_lsn)
                votes.add(header_.salt, (*whole)->header.records);
            next = *offset + (*whole)->header.span();
        }
        offset = find_magic(next);
    }
    if (!offset) return offset.error();
    const auto winner = votes.winner();
    if (winner) header_.salt = *winner;
    return winner.has_value();
}

} // namespace proctor
