// The order of writes, syncs and names that makes a run survive a crash at any step. What each
// step relies on is said where it stands; FORMAT.md has the whole argument.
#include "proctor/storage/run_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

constexpr std::size_t frame_cap = std::size_t{1} << 20; // bytes; one record may be more
constexpr std::uint32_t frame_record_cap = 1024;

std::string parent_of(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const auto slash = path.find_last_of('/');
    if (slash == std::string_view::npos) return ".";
    return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

result<> write_new_file(file_system& disk, const std::string& directory, std::string_view name,
                        std::string_view text) {
    const auto path = join_path(directory, name);
    const auto temporary = path + std::string(temporary_suffix);
    auto created = disk.create(temporary);
    if (!created) return created.error();
    if (auto done = (*created)->write_at(0, text); !done) return done;
    if (auto done = (*created)->sync(); !done) return done;
    if (auto done = disk.rename(temporary, path); !done) return done;
    return disk.sync_directory(directory);
}

result<> remove_temporary_files(file_system& disk, const std::string& directory) {
    const auto names = disk.list(directory);
    if (!names) return names.error();
    for (const auto& name : *names)
        if (name.ends_with(temporary_suffix))
            if (auto done = disk.remove(join_path(directory, name)); !done) return done;
    return {};
}

} // namespace

run_store::run_store(file_system& disk, std::string directory, run_identity identity,
                     store_options options)
    : disk_(disk), directory_(std::move(directory)), identity_(std::move(identity)),
      options_(std::move(options)) {}

result<std::unique_ptr<run_store>> run_store::create(file_system& disk,
                                                     const std::string& directory,
                                                     const run_identity& identity,
                                                     store_options options) {
    if (auto done = disk.make_directory(directory); !done) return done.error();
    if (auto done = disk.sync_directory(parent_of(directory)); !done) return done.error();
    std::unique_ptr<run_store> store(new run_store(disk, directory, identity, std::move(options)));
    if (auto done = store->take_lock(); !done) return done.error();
    if (auto done = store->begin_segment(1); !done) return done.error();
    // Last: a directory with run.json has everything that a run has.
    if (auto done = write_new_file(disk, directory, identity_file, encode(identity)); !done)
        return done.error();
    return store;
}

result<std::unique_ptr<run_store>> run_store::open(file_system& disk, const std::string& directory,
                                                   store_options options,
                                                   const record_visitor& visit) {
    auto identity = read_identity(disk, directory);
    if (!identity) return identity.error();
    std::unique_ptr<run_store> store(
        new run_store(disk, directory, std::move(*identity), std::move(options)));
    if (auto done = store->take_lock(); !done) return done.error();
    auto found = replay(disk, directory, store->identity_.id, visit);
    if (!found) return found.error();
    store->found_ = std::move(*found);
    if (const auto& newer = store->found_.read_only)
        return failure{failure_code::unsupported, *newer,
                       "a newer proctor wrote this: it can be read, but not gone on with"};
    if (auto done = remove_temporary_files(disk, directory); !done) return done.error();

    // What is trusted must be durable before anything is built on it: the process may have died
    // with its last frames in the page cache only. Older segments were synced when their
    // successors began.
    const auto& last = store->found_.segments.back();
    auto tail = disk.open(join_path(directory, segment_name(last)));
    if (!tail) return tail.error();
    if (auto done = (*tail)->sync(); !done) return done.error();

    store->next_lsn_ = store->found_.next_lsn;
    store->durable_ = store->next_lsn_ - 1;
    std::uint32_t epoch = 0;
    for (const auto& key : store->found_.segments) epoch = std::max(epoch, key.epoch);
    if (auto done = store->begin_segment(epoch + 1); !done) return done.error();
    return store;
}

result<> run_store::take_lock() {
    const auto path = join_path(directory_, lock_file);
    auto locked = disk_.lock(path);
    if (!locked) return locked.error();
    lock_ = std::move(*locked);
    // The text of a longer predecessor must not show behind ours.
    auto text = options_.lock_text;
    const auto size = lock_->size();
    if (!size) return size.error();
    text.resize(std::max<std::size_t>(text.size(), *size), ' ');
    if (auto done = lock_->write_at(0, text); !done) return done;
    return lock_->sync();
}

result<> run_store::begin_segment(std::uint32_t epoch) {
    segment_header header;
    header.run = identity_.id;
    header.first_lsn = next_lsn_;
    header.epoch = epoch;
    header.salt = options_.random();
    header.created = options_.now();
    auto created = segment_writer::create(disk_, directory_, header);
    if (!created) return created.error();
    active_.emplace(std::move(*created));
    return {};
}

result<> run_store::append(std::string_view records, std::uint32_t count) {
    if (broken_) return *broken_;
    return sticky(write_frames(records, count));
}

result<> run_store::write_frames(std::string_view records, std::uint32_t count) {
    while (count > 0) {
        std::size_t size = 0;
        std::uint32_t taken = 0;
        while (taken < count && taken < frame_record_cap) {
            const auto next = record_size(records.substr(size));
            if (taken > 0 && size + next > frame_cap) break;
            size += next;
            ++taken;
        }
        if (auto done = write_frame(frame_type::records, records.substr(0, size), taken); !done)
            return done;
        records.remove_prefix(size);
        count -= taken;
    }
    PROCTOR_ASSERT(records.empty());
    return {};
}

result<> run_store::write_frame(frame_type type, std::string_view payload, std::uint32_t count) {
    if (auto done = seal_if_full(); !done) return done;
    frame_header header;
    header.type = type;
    header.record_count = count;
    header.first_lsn = next_lsn_;
    header.durable_lsn = durable_;
    header.written = options_.now();
    if (auto done = active_->append(encode(header, payload, active_->header().salt)); !done)
        return done;
    next_lsn_ += count;
    return {};
}

result<> run_store::seal_if_full() {
    if (active_->size() < options_.segment_size) return {};
    // Notes alone do not seal a segment: its successor would begin at the same LSN, under its name.
    if (next_lsn_ == active_->header().first_lsn) return {};
    // A successor proves its predecessor whole, so the predecessor is synced first.
    if (auto done = active_->sync(); !done) return done;
    durable_ = next_lsn_ - 1;
    return begin_segment(active_->header().epoch);
}

result<> run_store::sync() {
    if (broken_) return *broken_;
    if (durable_ == written()) return {};
    if (auto done = sticky(active_->sync()); !done) return done;
    durable_ = written();
    return {};
}

result<> run_store::note() {
    if (broken_) return *broken_;
    return sticky(write_frame(frame_type::note, {}, 0));
}

result<> run_store::close() {
    if (auto done = sync(); !done) return done;
    if (auto done = sticky(write_frame(frame_type::closing, {}, 0)); !done) return done;
    return sticky(active_->sync());
}

result<std::string> run_store::read_body(record_place place) const {
    const auto path = join_path(directory_, segment_name(found_.segments.at(place.segment)));
    const auto opened = disk_.open(path);
    if (!opened) return opened.error();
    std::string buffer;
    const auto record = read_record(**opened, path, place, buffer);
    if (!record) return record.error();
    return std::string(record->body);
}

result<> run_store::sticky(result<> done) {
    if (!done) broken_ = done.error();
    return done;
}

result<> make_directories(file_system& disk, const std::string& path) {
    if (path.empty() || path == "." || path == "/") return {};
    if (disk.list(path)) return {};
    const auto parent = parent_of(path);
    if (auto done = make_directories(disk, parent); !done) return done;
    auto made = disk.make_directory(path);
    if (!made && made.error().code == failure_code::already_exists) made = result<>();
    if (!made) return made;
    return disk.sync_directory(parent);
}

} // namespace proctor
