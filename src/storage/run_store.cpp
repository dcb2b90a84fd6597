// The order of writes, syncs and names that makes a run survive a crash at any step. What each
// step relies on is said where it stands; FORMAT.md has the whole argument.
#include "proctor/storage/run_store.hpp"

#include "proctor/core/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

constexpr std::size_t frame_cap = std::size_t{1} << 20; // bytes; one record may be more
constexpr std::uint32_t frame_record_cap = 1024;
constexpr std::size_t kept_together = std::size_t{256} << 10; // bytes of what is not synced
constexpr std::uint64_t many_snapshots = 512, snapshots_per_doubling = 64;

} // namespace

std::uint64_t segment_limit(std::uint64_t segment_size, std::uint64_t snapshots) {
    const auto too_many = snapshots - std::min(snapshots, many_snapshots);
    return segment_size + segment_size * too_many / snapshots_per_doubling;
}

run_store::run_store(file_system& disk, std::string directory, run_identity identity,
                     store_options options)
    : disk_(disk), directory_(std::move(directory)), identity_(std::move(identity)),
      options_(std::move(options)) {}

// --- beginning, and going on --------------------------------------------------------------------

result<std::unique_ptr<run_store>> run_store::create(file_system& disk,
                                                     const std::string& directory,
                                                     const run_identity& identity,
                                                     store_options options) {
    if (auto done = disk.make_directory(directory); !done) return done.error();
    if (auto done = disk.sync_directory(parent_path(directory)); !done) return done.error();
    std::unique_ptr<run_store> store(new run_store(disk, directory, identity, std::move(options)));
    const auto name_it = [&] {
        return write_new_file(disk, join_path(directory, identity_file), encode(identity));
    };
    if (mutated(mutation::identity_named_first))
        if (auto done = name_it(); !done) return done.error();
    if (auto done = store->take_lock(); !done) return done.error();
    if (auto done = store->begin_segment(); !done) return done.error();
    // Last: a directory with run.json has everything that a run has.
    if (!mutated(mutation::identity_named_first))
        if (auto done = name_it(); !done) return done.error();
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
    if (auto done = store->recover(); !done) return done.error();
    return store;
}

result<> run_store::take_lock() {
    const auto path = join_path(directory_, lock_file);
    auto locked = disk_.lock(path, options_.lock);
    if (!locked) return locked.error();
    lock_ = std::move(*locked);
    // The text of a longer predecessor must not show behind ours.
    auto& text = options_.lock_text;
    const auto size = lock_->size();
    if (!size) return size.error();
    text.resize(std::max<std::size_t>(text.size(), *size), ' ');
    if (auto done = lock_->write_at(0, text); !done) return done;
    if (auto done = lock_->sync(); !done) return done;
    if (options_.fence_wait) options_.fence_wait(2 * options_.fence_period);
    looked_at_lock_ = {};
    return still_ours();
}

// Nothing is judged here any more: replay has done that. What was trusted becomes durable before
// anything is built on it, for the process before us may have died with its last frames in the
// page cache alone, or after a sync that failed.
result<> run_store::recover() {
    const auto& files = found_.files;
    epoch_ = files.highest_epoch + 1;
    next_lsn_ = found_.next_lsn;
    durable_ = next_lsn_ - 1;
    snapshots_ = files.snapshots;
    // Names too: one that was made and not synced must not be lost to a power cut that keeps a
    // later one.
    if (!mutated(mutation::unsynced_names_trusted))
        if (auto done = disk_.sync_directory(directory_); !done) return done;
    for (const auto& name : files.temporary)
        if (auto done = disk_.remove(join_path(directory_, name)); !done) return done;

    // Snapshots in order of LSN, so that they tile whenever the next crash comes.
    std::vector<std::string> done_with;
    for (std::size_t i = 0; i < files.segments.size(); ++i) {
        const auto key = files.segments[i];
        const auto end = std::min(files.limit_of(i), next_lsn_);
        const auto first = std::max(key.first_lsn, files.covered + 1);
        if (end > first) sealed_.push_back({key, first, end - 1, 0});
        done_with.push_back(segment_name(key));
    }
    if (mutated(mutation::unread_tail_trusted) || mutated(mutation::recovery_appends_to_old_file)) {
        sealed_.clear();
        done_with.clear();
    }
    while (!sealed_.empty()) {
        const auto job = next_compaction();
        const auto built = build_snapshot(disk_, *job);
        if (!built) return built.error();
        const auto path = join_path(directory_, snapshot_name(*built));
        if (auto done = disk_.rename(path + std::string(temporary_suffix), path); !done)
            return done;
        if (auto done = disk_.sync_directory(directory_); !done) return done;
        snapshots_.push_back(*built);
        sealed_.pop_front();
        compacting_ = false;
    }
#ifdef PROCTOR_MUTATIONS
    if (mutated(mutation::recovery_appends_to_old_file)) {
        auto old = segment_writer::reopen(disk_, directory_, files.segments.back(),
                                          found_.torn ? found_.torn->offset : 0);
        if (!old) return old.error();
        active_.emplace(std::move(*old));
        return {};
    }
#endif
    // A run always has a segment; the old ones go when the new one is there.
    if (auto done = begin_segment(); !done) return done;
    for (const auto& name : files.superseded)
        if (auto done = disk_.remove(join_path(directory_, name)); !done) return done;
    const auto torn = found_.torn ? found_.torn->path : std::string();
    for (const auto& name : done_with) {
        const auto path = join_path(directory_, name);
        if (auto done = path == torn ? set_aside(name) : disk_.remove(path); !done) return done;
    }
    return {};
}

// Into quarantine, where a person may look at it and no program does.
result<> run_store::set_aside(const std::string& name) {
    const auto quarantine = join_path(directory_, quarantine_directory);
    if (auto done = make_directories(disk_, quarantine); !done) return done;
    const auto from = join_path(directory_, name);
    auto moved = disk_.rename(from, join_path(quarantine, name));
    if (!moved && moved.error().code == failure_code::already_exists) moved = disk_.remove(from);
    if (!moved) return moved;
    return disk_.sync_directory(quarantine);
}

// --- the log ------------------------------------------------------------------------------------

result<> run_store::begin_segment() {
    segment_header header;
    header.run = identity_.id;
    header.first_lsn = next_lsn_;
    header.epoch = epoch_;
    header.salt = options_.random();
    header.created = options_.now();
    auto created = segment_writer::create(disk_, directory_, header);
    if (!created) return created.error();
    active_.emplace(std::move(*created));
    return {};
}

result<> run_store::append(std::string_view records, std::uint32_t count) {
    if (broken_) return *broken_;
    auto done = seal_if_full();
    if (done) done = write_records(records, count);
    if (!done && done.error().code == failure_code::disk_full && !broken_) return done;
    return sticky(std::move(done));
}

result<> run_store::write_records(std::string_view records, std::uint32_t count) {
    const auto frames = frames_of(records, count, next_lsn_);
    // A large batch would spend more on writing twice than its sync saves.
    constexpr std::size_t small = 4 * page_size;
    const auto room = frames.size() <= small ? options_.room_ahead : 0;
    if (auto done = active_->append(frames, room); !done) return done;
    // Small ones together, large ones by themselves: what grows by doubling takes twice the memory.
    if (unsynced_.empty() || unsynced_.back().records.size() + records.size() > kept_together)
        unsynced_.emplace_back();
    unsynced_.back().records += records;
    unsynced_.back().count += count;
    next_lsn_ += count;
    return {};
}

std::string_view run_store::frames_of(std::string_view records, std::uint32_t count, lsn first) {
    frames_.clear();
    frame_header header;
    header.type = frame_type::records;
    header.durable_lsn = durable_;
    header.written = options_.now();
    while (count > 0) {
        std::size_t size = 0;
        std::uint32_t taken = 0;
        while (taken < count && taken < frame_record_cap) {
            const auto next = record_size(records.substr(size));
            if (taken > 0 && size + next > frame_cap) break;
            size += next;
            ++taken;
        }
        header.first_lsn = first;
        header.record_count = taken;
        append_frame(frames_, header, records.substr(0, size), active_->header().salt);
        records.remove_prefix(size);
        count -= taken;
        first += taken;
    }
    PROCTOR_ASSERT(records.empty());
    return frames_;
}

result<> run_store::write_empty_frame(frame_type type) {
    frame_header header;
    header.type = type;
    header.first_lsn = next_lsn_;
    header.durable_lsn = durable_;
    header.written = options_.now();
    return active_->append(encode(header, {}, active_->header().salt));
}

result<> run_store::seal_if_full() {
    const auto limit = segment_limit(options_.segment_size, snapshots_.size() + sealed_.size());
    return active_->size() < limit ? result<>() : seal();
}

result<> run_store::seal() {
    // A segment without records is not sealed: its successor would begin at the same LSN.
    if (next_lsn_ == active_->header().first_lsn) return {};
    // A successor proves its predecessor whole, so the predecessor is synced first.
    if (!mutated(mutation::successor_before_predecessor_is_synced))
        if (auto done = make_durable(); !done) return done;
    const auto& header = active_->header();
    const sealed_segment full{
        {header.first_lsn, header.epoch}, header.first_lsn, next_lsn_ - 1, active_->size()};
    if (mutated(mutation::segment_removed_before_successor)) {
        sealed_.push_back(full);
        if (auto done = compact(); !done) return done.error();
    }
    if (auto done = begin_segment(); !done) return done;
    if (mutated(mutation::successor_before_predecessor_is_synced)) durable_ = written();
    unsynced_.clear();
    if (!mutated(mutation::segment_removed_before_successor)) sealed_.push_back(full);
    return {};
}

result<> run_store::sync() {
    if (broken_) return *broken_;
    return sticky(make_durable());
}

result<> run_store::make_durable() {
    if (durable_ == written()) return {};
    if (mutated(mutation::acknowledge_before_sync)) {
        durable_ = written();
        return active_->sync();
    }
    auto synced = active_->sync();
    if (!synced && mutated(mutation::sync_tried_again)) synced = active_->sync();
    if (!synced)
        if (auto done = sticky(write_anew(synced.error())); !done) return done;
    if (auto done = still_ours(); !done) return done;
    durable_ = written();
    unsynced_.clear();
    return {};
}

// After a failed sync nobody knows what of the file is on the disk, and the kernel believes that
// all is: it is never synced or trusted again beyond what was durable before. What it should have
// made durable goes into a new file, once.
result<> run_store::write_anew(const failure& why) {
    if (mended_) return why;
    mended_ = true;
    const auto& header = active_->header();
    const sealed_segment poisoned{
        {header.first_lsn, header.epoch}, header.first_lsn, durable_, active_->size()};
    const auto poisoned_path = active_->path();
    const auto count = written() - durable_;
    next_lsn_ = durable_ + 1;
    ++epoch_;
    if (auto done = begin_segment(); !done) return done;
    for (const auto& [records, number] : unsynced_) {
        if (!mutated(mutation::poisoned_records_dropped))
            if (auto done = active_->append(frames_of(records, number, next_lsn_)); !done)
                return done;
        next_lsn_ += number;
    }
    if (auto done = active_->sync(); !done) return done;
    if (poisoned.last_lsn >= poisoned.first_lsn)
        sealed_.push_back(poisoned);
    else if (auto done = disk_.remove(poisoned_path); !done)
        return done;
    notes_.push_back(fmt::format("{}: {}; the {} records that were not durable yet are in a new "
                                 "file now",
                                 why.where, why.detail, count));
    return {};
}

result<> run_store::note() {
    if (broken_) return *broken_;
    auto done = write_empty_frame(frame_type::note);
    // Nothing relies on it, and records that come meanwhile wait for room.
    if (!done && done.error().code == failure_code::disk_full) return done;
    return sticky(std::move(done));
}

result<> run_store::close() {
    if (broken_) return *broken_;
    auto done = make_durable();
    if (done) done = seal();
    if (done) done = write_empty_frame(frame_type::closing);
    if (done) done = active_->sync();
    return sticky(std::move(done));
}

// Whoever takes a run where locks do not reach writes LOCK, and a run whose files were removed has
// nothing to be acknowledged from.
result<> run_store::still_ours() {
    if (active_) {
        const auto linked = active_->linked();
        if (!linked) return linked.error();
        if (!*linked)
            return failure{failure_code::io_error, active_->path(),
                           "somebody has removed it while the run was going on"};
    }
    const auto now = options_.now();
    if (looked_at_lock_ != wall_time{} && now >= looked_at_lock_ &&
        now - looked_at_lock_ < options_.fence_period)
        return {};
    const auto path = join_path(directory_, lock_file);
    const auto text = read_all(disk_, path);
    if (!text) {
        if (text.error().code != failure_code::not_found) return text.error();
        return failure{failure_code::io_error, path,
                       "somebody has removed it while the run was going on"};
    }
    if (*text != options_.lock_text) return failure{failure_code::held, path, *text};
    looked_at_lock_ = now;
    return {};
}

result<> run_store::sticky(result<> done) {
    if (!done) broken_ = done.error();
    return done;
}

// --- compaction ---------------------------------------------------------------------------------

std::uint64_t run_store::sealed_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& segment : sealed_) bytes += segment.bytes;
    return bytes;
}

std::optional<compaction_job> run_store::next_compaction() {
    if (sealed_.empty() || compacting_) return std::nullopt;
    compacting_ = true;
    const auto& oldest = sealed_.front();
    compaction_job job;
    job.directory = directory_;
    job.segment = oldest.key;
    job.bytes = oldest.bytes;
    job.header.run = identity_.id;
    job.header.first_lsn = oldest.first_lsn;
    job.header.last_lsn = oldest.last_lsn;
    job.header.epoch = epoch_;
    job.header.salt = options_.random();
    job.header.created = options_.now();
    return job;
}

result<> run_store::adopt(const compaction_job& job, snapshot_key built) {
    if (broken_) return *broken_;
    PROCTOR_ASSERT(compacting_ && sealed_.front().key == job.segment);
    const auto adopt_it = [&]() -> result<> {
        if (auto done = still_ours(); !done) return done;
        const auto path = join_path(directory_, snapshot_name(built));
        const auto segment = join_path(directory_, segment_name(job.segment));
        if (mutated(mutation::segment_removed_before_snapshot))
            if (auto done = disk_.remove(segment); !done) return done;
        if (auto done = disk_.rename(path + std::string(temporary_suffix), path); !done)
            return done;
        if (!mutated(mutation::snapshot_name_not_synced))
            if (auto done = disk_.sync_directory(directory_); !done) return done;
        if (mutated(mutation::segment_removed_before_snapshot)) return {};
        return disk_.remove(segment);
    };
    if (auto done = adopt_it(); !done) return sticky(std::move(done));
    snapshots_.push_back(built);
    sealed_.pop_front();
    compacting_ = false;
    return {};
}

void run_store::abandon(const compaction_job& job) {
    compacting_ = false;
    const auto& header = job.header;
    const auto name = snapshot_name({header.first_lsn, header.last_lsn, header.epoch});
    // It may not even exist; the next opening removes what stays.
    (void)disk_.remove(join_path(directory_, name) + std::string(temporary_suffix));
}

result<bool> run_store::compact() {
    if (broken_) return *broken_;
    const auto job = next_compaction();
    if (!job) return false;
    const auto built = build_snapshot(disk_, *job);
    if (!built) {
        abandon(*job);
        return built.error();
    }
    if (auto done = adopt(*job, *built); !done) return done.error();
    return true;
}

result<std::optional<std::string>> run_store::read_body(question_id id) const {
    // Of the highest rank, as everywhere; snapshots of the latest first.
    std::optional<std::string> best;
    record_kind best_kind = record_kind::failed;
    for (auto key = snapshots_.rbegin(); key != snapshots_.rend(); ++key) {
        auto reader = snapshot_reader::open(disk_, directory_, *key);
        if (!reader) return reader.error();
        const auto& known = reader->footer().counted;
        if (!known.answered(id) && !known.completed(id)) continue;
        const auto entry = reader->find(id);
        if (!entry) return entry.error();
        if (!*entry)
            return failure{failure_code::damaged, reader->path(),
                           fmt::format("its footer tells of question {}, and its blocks do not "
                                       "hold it",
                                       id)};
        const auto& record = (*entry)->record;
        if (!best || !supersedes(best_kind, record.kind)) {
            best = std::string(record.body);
            best_kind = record.kind;
        }
    }
    return best;
}

} // namespace proctor
