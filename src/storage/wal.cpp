// Writing and reading one segment. Which segments a run has, and what a bad frame means, is
// replay's business.
#include "proctor/storage/wal.hpp"

#include "proctor/codec/lost_salt.hpp"
#include "proctor/core/mutation.hpp"

#include "opened_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace proctor {
namespace {

constexpr std::size_t pages_at_a_time = 64; // of those that are searched

} // namespace

result<segment_writer> segment_writer::create(file_system& disk, const std::string& directory,
                                              const segment_header& header) {
    const auto path = join_path(directory, segment_name({header.first_lsn, header.epoch}));
    const auto temporary = path + std::string(temporary_suffix);
    auto created = create_anew(disk, temporary);
    if (!created) return created.error();
    auto file = std::move(*created);
    if (auto done = file->write_at(0, encode(header)); !done) return done.error();
    if (!mutated(mutation::segment_header_not_synced))
        if (auto done = file->sync(); !done) return done.error();
    if (auto done = disk.rename(temporary, path); !done) return done.error();
    if (!mutated(mutation::segment_name_not_synced))
        if (auto done = disk.sync_directory(directory); !done)
            // The name is there: whatever the reason, this cannot simply be done again.
            return failure{failure_code::io_error, directory, done.error().detail};
    return segment_writer(std::move(file), path, header);
}

#ifdef PROCTOR_MUTATIONS
result<segment_writer> segment_writer::reopen(file_system& disk, const std::string& directory,
                                              segment_key key, std::uint64_t end) {
    const auto read = segment_reader::open(disk, directory, key);
    if (!read) return read.error();
    const auto path = join_path(directory, segment_name(key));
    auto opened = disk.lock(path, locking::none);
    if (!opened) return opened.error();
    segment_writer writer(std::move(*opened), path, read->header());
    writer.size_ = end ? end : read->size();
    return writer;
}
#endif

result<> segment_writer::append(std::string_view frames, std::size_t room) {
    PROCTOR_ASSERT(frames.size() % page_size == 0 || mutated(mutation::no_page_padding));
    const auto end = size_ + frames.size();
    bool written = false;
    if (room > 0 && end > grown_to_) {
        std::string with_room(frames);
        with_room.resize(frames.size() + room);
        const auto done = file_->write_at(size_, with_room);
        if (!done && done.error().code != failure_code::disk_full) return named(done);
        written = done.has_value();
        if (written) grown_to_ = end + room;
    }
    if (!written)
        if (auto done = file_->write_at(size_, frames); !done) return named(done);
    size_ = end;
    grown_to_ = std::max(grown_to_, end);
    return {};
}

result<> segment_writer::sync() {
    return named(file_->sync());
}

result<bool> segment_writer::linked() {
    return file_->linked();
}

result<> segment_writer::named(result<> done) const {
    if (done) return done;
    return failure{done.error().code, path_, done.error().detail};
}

result<segment_reader> segment_reader::open(file_system& disk, const std::string& directory,
                                            segment_key key) {
    auto reader = open(disk, join_path(directory, segment_name(key)));
    if (reader && segment_key{reader->header_.first_lsn, reader->header_.epoch} != key)
        return failure{failure_code::damaged, reader->path_,
                       "the segment's header does not fit its name"};
    return reader;
}

result<segment_reader> segment_reader::open(file_system& disk, const std::string& path) {
    auto opened = open_with_front(disk, path, page_size);
    if (!opened) return opened.error();
    const auto header = decode_segment_header(opened->front);
    if (!header) return failure{header.error().code, path, header.error().detail};
    return segment_reader(std::move(opened->handle), path, *header, opened->size);
}

result<segment_reader> segment_reader::open_without_header(file_system& disk,
                                                           const std::string& path, segment_key key,
                                                           const run_id& run) {
    auto opened = open_with_front(disk, path, page_size);
    if (!opened) return opened.error();
    if (tells_of_another_run(opened->front, run))
        return failure{failure_code::damaged, path, "what is left of its header is another run's"};
    segment_header assumed;
    assumed.run = run;
    assumed.first_lsn = key.first_lsn;
    assumed.epoch = key.epoch;
    segment_reader reader(std::move(opened->handle), path, assumed, opened->size);
    const auto found = reader.find_salt();
    if (!found) return found.error();
    if (!*found)
        return failure{failure_code::damaged, path,
                       "neither a header nor any frame tells the segment's salt"};
    return reader;
}

result<bool> segment_reader::find_salt() {
    salt_vote votes;
    std::string front(frame_header_size, '\0');
    for (std::uint64_t offset = page_size, span = 0; offset < size_; offset += span) {
        span = page_size;
        const auto got = file_->read_at(offset, front);
        if (!got) return got.error();
        if (*got < front.size()) break;
        header_.salt = salt_of_header(front);
        const auto header = decode_frame_header(front, header_.salt);
        // Any length holds with some salt: what no frame of ours is, is not read.
        if (!header || header->flags != 0 || header->raw_size != header->stored_size ||
            header->first_lsn < header_.first_lsn)
            continue;
        const auto whole = read(offset);
        if (!whole && whole.error().code != failure_code::damaged) return whole.error();
        if (!whole || !*whole) continue;
        votes.add(header_.salt, header->record_count);
        span = header->span();
    }
    const auto winner = votes.winner();
    if (winner) header_.salt = *winner;
    return winner.has_value();
}

result<std::optional<segment_reader::frame>> segment_reader::read(std::uint64_t offset) {
    if (offset >= size_) return std::optional<frame>();
    const auto damaged = [&](std::string detail) {
        return failure{failure_code::damaged, fmt::format("{}, offset {}", path_, offset),
                       std::move(detail)};
    };
    // Most frames of a busy run are larger than a page, those of a slow one are one page: the
    // first read takes a page, a second one the rest.
    // The buffer only grows: what it is given anew, it fills with zeros first.
    if (buffer_.size() < page_size) buffer_.resize(page_size);
    const auto front = file_->read_at(offset, std::span(buffer_).first(page_size));
    if (!front) return front.error();
    const auto header =
        decode_frame_header(std::string_view(buffer_).substr(0, *front), header_.salt);
    if (!header) {
        const auto room = only_zeros_from(offset);
        if (!room) return room.error();
        if (*room) return std::optional<frame>();
        return damaged(header.error().detail);
    }
    const auto whole = frame_header_size + header->stored_size;
    if (whole > size_ - offset)
        return damaged(fmt::format("a frame of {} bytes begins here, the file ends after {}", whole,
                                   size_ - offset));
    auto have = *front;
    if (whole > have) {
        if (buffer_.size() < whole) buffer_.resize(whole);
        const auto rest =
            file_->read_at(offset + have, std::span(buffer_).subspan(have, whole - have));
        if (!rest) return rest.error();
        have += *rest;
    }
    const auto payload =
        std::string_view(buffer_).substr(0, have).substr(frame_header_size, header->stored_size);
    if (!payload_intact(*header, payload, header_.salt))
        return damaged("the checksum of the frame's payload does not match");
    return std::optional(frame{offset, *header, payload});
}

result<bool> segment_reader::only_zeros_from(std::uint64_t offset) {
    std::string chunk;
    for (; offset < size_; offset += chunk.size()) {
        chunk.resize(std::min<std::uint64_t>(pages_at_a_time * page_size, size_ - offset));
        const auto got = file_->read_at(offset, chunk);
        if (!got) return got.error();
        if (chunk.find_first_not_of('\0') < *got) return false;
    }
    return true;
}

result<std::optional<segment_reader::frame>> segment_reader::find_header(std::uint64_t offset) {
    std::string chunk;
    if (!mutated(mutation::no_page_padding)) offset = round_up_to_page(offset);
    for (; offset < size_; offset += pages_at_a_time * page_size) {
        // Not beyond what the file was when it was opened: a live run writes on, and a frame from
        // behind a cut would make the cut look like damage.
        chunk.resize(std::min<std::uint64_t>(pages_at_a_time * page_size, size_ - offset));
        const auto got = file_->read_at(offset, chunk);
        if (!got) return got.error();
        chunk.resize(*got);
        for (std::size_t at = 0; at < chunk.size(); at += page_size) {
            const auto header = decode_frame_header(
                std::string_view(chunk).substr(at, frame_header_size), header_.salt);
            if (header) return std::optional(frame{offset + at, *header, {}});
        }
    }
    return std::optional<frame>();
}

result<> segment_reader::refresh() {
    const auto size = file_->size();
    if (!size) return size.error();
    size_ = *size;
    return {};
}

result<record_view> read_record(file& from, const std::string& path, record_place place,
                                std::string& buffer) {
    const auto damaged = [&](std::string detail) {
        return failure{failure_code::damaged, fmt::format("{}, offset {}", path, place.offset),
                       std::move(detail)};
    };
    // Without a size, a guess that fits most; a second read takes the rest of a larger one.
    constexpr std::size_t guess = 8192;
    buffer.resize(place.size ? place.size : guess);
    auto got = from.read_at(place.offset, buffer);
    if (!got) return got.error();
    if (*got < record_header_size) return damaged("the file ends inside a record's header");
    const auto size = record_size(buffer);
    if (size > record_header_size + max_record_body)
        return damaged("a record's length is impossible");
    if (size > *got) {
        buffer.resize(size);
        const auto rest = from.read_at(place.offset + *got, std::span(buffer).subspan(*got));
        if (!rest) return rest.error();
        *got += *rest;
    }
    std::string_view bytes(buffer.data(), *got);
    auto record = take_record(bytes);
    if (!record) return damaged(record.error().detail);
    return record;
}

} // namespace proctor
