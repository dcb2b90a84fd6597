// Snapshots of a full segment's size each, then an empty, closed segment, then run.json; all in a
// directory that gets its name last.
#include "proctor/storage/run_builder.hpp"

#include "proctor/codec/json_fields.hpp"

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

result<> remove_directory(file_system& disk, const std::string& path) {
    const auto names = disk.list(path);
    if (!names) return names.error().code == failure_code::not_found ? result<>() : names.error();
    for (const auto& name : *names)
        if (auto done = disk.remove(join_path(path, name)); !done) return done;
    return disk.remove(path);
}

} // namespace

run_builder::run_builder(file_system& disk, std::string directory, run_identity identity,
                         store_options options)
    : disk_(&disk), directory_(std::move(directory)), making_(directory_ + ".making"),
      identity_(std::move(identity)), options_(std::move(options)) {}

result<run_builder> run_builder::create(file_system& disk, const std::string& directory,
                                        const run_identity& identity, store_options options) {
    run_builder builder(disk, directory, identity, std::move(options));
    if (disk.list(directory))
        return failure{failure_code::already_exists, directory, "there is something already"};
    if (auto done = make_directories(disk, parent_path(directory)); !done) return done.error();
    if (auto done = remove_directory(disk, builder.making_); !done) return done.error();
    if (auto done = disk.make_directory(builder.making_); !done) return done.error();
    return builder;
}

result<> run_builder::begin_snapshot() {
    snapshot_header header;
    header.run = identity_.id;
    header.first_lsn = next_lsn_;
    header.last_lsn = next_lsn_; // until it is known
    header.salt = options_.random();
    header.created = options_.now();
    auto created = snapshot_writer::create(*disk_, making_, header);
    if (!created) return created.error();
    snapshot_.emplace(std::move(*created));
    snapshot_begin_ = next_lsn_;
    counted_ = {};
    return {};
}

result<> run_builder::add(const record_view& record) {
    const auto what = read_outcome(record);
    if (!what) return failure{failure_code::damaged, directory_, what.error().message()};
    if (snapshot_ && snapshot_->raw_bytes() >= options_.segment_size)
        if (auto done = end_snapshot(); !done) return done;
    if (!snapshot_)
        if (auto done = begin_snapshot(); !done) return done;
    counted_.apply(*what);
    return snapshot_->add(next_lsn_++, record);
}

result<> run_builder::end_snapshot() {
    snapshot_->set_last_lsn(next_lsn_ - 1);
    const auto built = snapshot_->finish(counted_);
    if (!built) return built.error();
    const auto temporary = snapshot_->temporary_path();
    snapshot_.reset();
    return disk_->rename(temporary, join_path(making_, snapshot_name(*built)));
}

result<> run_builder::finish(const spending& superseded) {
    if (superseded != spending{}) {
        // Somewhere it must stand; an empty run has no snapshot, and has spent nothing.
        if (snapshot_) counted_.add_spending(superseded);
    }
    if (snapshot_)
        if (auto done = end_snapshot(); !done) return done;
    segment_header header;
    header.run = identity_.id;
    header.first_lsn = next_lsn_;
    header.salt = options_.random();
    header.created = options_.now();
    auto segment = segment_writer::create(*disk_, making_, header);
    if (!segment) return segment.error();
    frame_header closing;
    closing.type = frame_type::closing;
    closing.first_lsn = next_lsn_;
    closing.durable_lsn = next_lsn_ - 1;
    closing.written = options_.now();
    if (auto done = segment->append(encode(closing, {}, header.salt)); !done) return done;
    if (auto done = segment->sync(); !done) return done;
    if (auto done = write_new_file(*disk_, join_path(making_, identity_file), encode(identity_));
        !done)
        return done;
    if (auto done = disk_->sync_directory(making_); !done) return done;
    if (auto done = disk_->rename(making_, directory_); !done) return done;
    return disk_->sync_directory(parent_path(directory_));
}

void run_builder::abandon() {
    snapshot_.reset();
    (void)remove_directory(*disk_, making_); // the next attempt, or prune, does what is left
}

result<merge_report> merge_runs(const std::vector<const run_view*>& runs, run_builder& into) {
    constexpr std::size_t most_listed = 20;
    // In the order in which they were written last, so that of equals the later one wins.
    auto ordered = runs;
    std::stable_sort(ordered.begin(), ordered.end(), [](const run_view* a, const run_view* b) {
        return a->found().last_written < b->found().last_written;
    });
    struct source {
        run_cursor cursor;
        std::optional<snapshot_entry> head;
    };
    std::vector<source> sources;
    spending spent;
    for (const auto* run : ordered) {
        sources.push_back({run->records(), {}});
        spent += run->counted().total_spending();
        auto head = sources.back().cursor.next();
        if (!head) return head.error();
        sources.back().head = *head;
    }
    merge_report report;
    ledger merged; // of what is taken, for what is not
    const auto take = [&](const record_view& record) -> result<> {
        const auto what = read_outcome(record);
        if (!what) return what.error();
        merged.apply(*what);
        report.records += record.question != 0;
        return into.add(record);
    };
    const auto key_of = [](const source& from) { return from.head->record.question; };
    for (;;) {
        const source* first = nullptr;
        for (const auto& from : sources)
            if (from.head && (!first || key_of(from) < key_of(*first))) first = &from;
        if (!first) break;
        const auto key = key_of(*first);
        const source* best = nullptr;
        unsigned results = 0;
        for (const auto& from : sources) {
            if (!from.head || key_of(from) != key) continue;
            const auto kind = from.head->record.kind;
            results += kind == record_kind::result;
            if (key == 0) // session records all count
                if (auto done = take(from.head->record); !done) return done.error();
            // Of equals the one written later, results too.
            if (!best || !supersedes(best->head->record.kind, kind) ||
                kind == best->head->record.kind)
                best = &from;
        }
        if (key != 0)
            if (auto done = take(best->head->record); !done) return done.error();
        if (results > 1) {
            ++report.conflicts;
            if (report.first_conflicts.size() < most_listed) report.first_conflicts.push_back(key);
        }
        for (auto& from : sources) {
            if (!from.head || key_of(from) != key) continue;
            auto head = from.cursor.next();
            if (!head) return head.error();
            from.head = *head;
        }
    }
    if (auto done = into.finish(spent -= merged.total_spending()); !done) return done.error();
    return report;
}

} // namespace proctor
