// Replaces what is damaged by snapshots of what can be read. Each replacement appears whole, by one
// rename, after its original got a second name in quarantine/ and before the first one goes; until
// the last one is there the run reads as damaged.
#include "proctor/storage/salvage.hpp"

#include "proctor/codec/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

failure newer(const std::string& path) {
    return {failure_code::unsupported, path,
            "a newer proctor wrote this: salvage with that one, for this one would give up what "
            "it does not know"};
}

// The frames of a segment that verify, wherever they stand, in order of LSN; of several that tell
// of the same records the first.
struct surviving_frames {
    struct place {
        lsn first_lsn = 0, next_lsn = 0;
        std::uint64_t offset = 0;
    };
    std::vector<place> frames;
    // The highest LSN that an intact frame header, whatever its payload, has or knows durable.
    lsn highest = 0;
};

result<surviving_frames> find_frames(segment_reader& segment) {
    surviving_frames found;
    for (std::uint64_t offset = page_size;;) {
        const auto next = segment.find_header(offset);
        if (!next) return next.error();
        if (!*next) break;
        const auto& header = (*next)->header;
        offset = (*next)->offset;
        found.highest = std::max({found.highest, header.durable_lsn, header.next_lsn() - 1});
        const auto whole = segment.read(offset);
        if (!whole && whole.error().code != failure_code::damaged) return whole.error();
        if (whole) found.frames.push_back({header.first_lsn, header.next_lsn(), offset});
        offset += whole ? header.span() : page_size;
    }
    auto& frames = found.frames;
    std::sort(frames.begin(), frames.end(), [](const auto& a, const auto& b) {
        return std::tie(a.first_lsn, a.offset) < std::tie(b.first_lsn, b.offset);
    });
    lsn behind = 0;
    std::erase_if(frames, [&](const surviving_frames::place& frame) {
        if (frame.first_lsn == frame.next_lsn || frame.first_lsn < behind) return true;
        behind = frame.next_lsn;
        return false;
    });
    return found;
}

// What the ledger can read of a record counts; a body that it cannot is lost.
bool is_readable(const record_view& record) {
    return read_outcome(record).has_value();
}

} // namespace

class salvager {
public:
    salvager(file_system& disk, const std::string& directory, run_identity identity,
             store_options options, const std::function<void(const complaint&)>& complain)
        : disk_(disk), directory_(directory), complain_(complain),
          holder_(disk, directory, std::move(identity), std::move(options)) {}

    result<salvage_report> run() {
        if (auto done = holder_.take_lock(); !done) return done.error();
        if (auto done = find_damage(); !done) return done.error();
        if (report_.found != condition::damaged) return std::move(report_);
        for (const auto& name : damaged_)
            if (auto done = quarantine(name); !done) return done.error();
        if (auto done = mend_snapshots(); !done) return done.error();
        if (auto done = mend_log(); !done) return done.error();
        // One place judges.
        if (const auto judged = replay(disk_, directory_, holder_.identity_.id, {}); !judged)
            return judged.error();
        return std::move(report_);
    }

private:
    result<> find_damage() {
        inspection_observer observer;
        observer.complain = complain_;
        auto found = inspect_run(disk_, directory_, observer);
        if (!found) return found.error();
        report_.found = found->verdict;
        report_.lost_records = found->lost_records;
        report_.at_risk = std::move(found->at_risk);
        report_.at_risk_exactly = found->at_risk_exactly;
        if (report_.found != condition::damaged) return {};

        auto files = list_damaged_run(disk_, directory_, gaps_);
        if (!files) return files.error();
        files_ = std::move(*files);
        holder_.epoch_ = files_.highest_epoch + 1;
        for (const auto& one : found->snapshots)
            if (auto done = consider(one.path, one.header, one.verdict); !done) return done;
        for (const auto& one : found->segments)
            if (auto done = consider(one.path, one.header, one.verdict); !done) return done;
        return {};
    }

    template <class Header>
    result<> consider(const std::string& path, const std::optional<Header>& header,
                      condition verdict) {
        if (header && header->read_only_compatible != 0) return newer(path);
        if (verdict != condition::damaged) return {};
        if (!header)
            if (auto done = only_damaged(path); !done) return done;
        damaged_.push_back(path.substr(path.find_last_of('/') + 1));
        return {};
    }

    // What is newer is not given up, nor what the disk does not tell now.
    result<> only_damaged(const std::string& path) {
        const auto snapshot = snapshot_reader::open(disk_, path);
        if (!snapshot && snapshot.error().code != failure_code::damaged) return snapshot.error();
        const auto segment = segment_reader::open(disk_, path);
        if (!segment && segment.error().code != failure_code::damaged) return segment.error();
        return {};
    }

    bool is_damaged(const std::string& name) const {
        return std::find(damaged_.begin(), damaged_.end(), name) != damaged_.end();
    }

    // A second name for the original, durable before anything is put in its place. It may have it
    // from a salvage that died.
    result<> quarantine(const std::string& name) {
        const auto place = join_path(directory_, quarantine_directory);
        if (auto done = make_directories(disk_, place); !done) return done;
        auto linked = disk_.link(join_path(directory_, name), join_path(place, name));
        if (!linked && linked.error().code != failure_code::already_exists) return linked;
        return disk_.sync_directory(place);
    }

    result<> remove(const std::string& name) {
        if (auto done = holder_.still_ours(); !done) return done;
        return disk_.remove(join_path(directory_, name));
    }

    // --- snapshots ------------------------------------------------------------------------------

    result<> mend_snapshots() {
        for (const auto& missing : gaps_)
            if (auto done = cover(missing); !done) return done;
        for (const auto& key : files_.snapshots) {
            const auto name = snapshot_name(key);
            if (!is_damaged(name)) continue;
            if (auto done = rebuild(key); !done) return done;
            if (auto done = remove(name); !done) return done;
        }
        return {};
    }

    snapshot_header header_for(lsn first, lsn last) const {
        snapshot_header header;
        header.run = holder_.identity_.id;
        header.first_lsn = first;
        header.last_lsn = last;
        header.epoch = holder_.epoch_;
        header.salt = holder_.options_.random();
        header.created = holder_.options_.now();
        return header;
    }

    // Gives a snapshot its name, durably.
    result<> name(snapshot_key built, salvage_report::repair repair) {
        if (auto done = holder_.still_ours(); !done) return done;
        repair.snapshot = snapshot_name(built);
        repair.first_lsn = built.first_lsn;
        repair.last_lsn = built.last_lsn;
        const auto path = join_path(directory_, repair.snapshot);
        if (auto done = disk_.rename(path + std::string(temporary_suffix), path); !done)
            return done;
        report_.repairs.push_back(std::move(repair));
        return disk_.sync_directory(directory_);
    }

    // An empty snapshot: these LSNs are given up.
    result<> cover(lsn_range missing) {
        auto writer =
            snapshot_writer::create(disk_, directory_, header_for(missing.first, missing.last));
        if (!writer) return writer.error();
        const auto built = writer->finish({});
        if (!built) return built.error();
        return name(*built, {});
    }

    // A snapshot of the same range, of the records whose blocks verify.
    result<> rebuild(snapshot_key key) {
        auto writer =
            snapshot_writer::create(disk_, directory_, header_for(key.first_lsn, key.last_lsn));
        if (!writer) return writer.error();
        auto repair = of_original(snapshot_name(key));
        ledger counted;
        const auto path = join_path(directory_, repair.replaced);
        auto scanner = block_scanner::open(disk_, path);
        if (!scanner && scanner.error().code == failure_code::damaged)
            scanner = block_scanner::open_without_header(disk_, path, key, holder_.identity_.id);
        if (!scanner && scanner.error().code != failure_code::damaged) return scanner.error();
        if (scanner && scanner->header().run == holder_.identity_.id)
            if (auto done = copy(*scanner, key, *writer, counted, repair.kept); !done) return done;
        const auto built = writer->finish(counted);
        if (!built) return built.error();
        return name(*built, std::move(repair));
    }

    result<> copy(block_scanner& from, snapshot_key key, snapshot_writer& to, ledger& counted,
                  std::uint64_t& kept) {
        std::pair<question_id, lsn> last;
        for (;;) {
            const auto block = from.next();
            if (!block) return block.error();
            if (!*block) return {};
            for (auto left = (*block)->entries; !left.empty();) {
                const auto entry = take_entry(left);
                if (!entry) break;
                const auto& record = entry->record;
                const auto what = read_outcome(record);
                const std::pair at(record.question, entry->number);
                if (!what || at <= last || entry->number < key.first_lsn ||
                    entry->number > key.last_lsn)
                    continue;
                if (auto done = to.add(entry->number, record); !done) return done;
                last = at;
                counted.apply(*what);
                ++kept;
            }
        }
    }

    salvage_report::repair of_original(const std::string& name) const {
        salvage_report::repair repair;
        repair.replaced = name;
        if (is_damaged(name))
            repair.original = join_path(join_path(directory_, quarantine_directory), name);
        return repair;
    }

    // --- the log --------------------------------------------------------------------------------

    // Snapshots tile from LSN 1 on, so all segments up to the last damaged one become snapshots.
    result<> mend_log() {
        const auto& segments = files_.segments;
        std::size_t count = 0;
        for (std::size_t i = 0; i < segments.size(); ++i)
            if (is_damaged(segment_name(segments[i]))) count = i + 1;
        auto covered = files_.covered;
        if (!segments.empty() && segments[0].first_lsn > covered + 1) {
            if (auto done = cover({covered + 1, segments[0].first_lsn - 1}); !done) return done;
            covered = segments[0].first_lsn - 1;
        }
        for (std::size_t i = 0; i < count; ++i)
            if (auto done = replace(i, covered); !done) return done;
        // A run always has a segment; the old ones go when the new one is there.
        if (count == segments.size()) {
            holder_.next_lsn_ = covered + 1;
            if (auto done = holder_.begin_segment(); !done) return done;
        }
        for (std::size_t i = 0; i < count; ++i)
            if (auto done = remove(segment_name(segments[i])); !done) return done;
        return {};
    }

    result<> replace(std::size_t index, lsn& covered) {
        const auto key = files_.segments[index];
        auto repair = of_original(segment_name(key));
        const auto first = std::max(key.first_lsn, covered + 1);
        auto segment = open_anyhow(key);
        if (!segment && segment.error().code != failure_code::damaged) return segment.error();
        surviving_frames found;
        if (segment && segment->header().run == holder_.identity_.id) {
            auto frames = find_frames(*segment);
            if (!frames) return frames.error();
            found = std::move(*frames);
        }
        const auto limit = files_.limit_of(index);
        const auto last = limit != no_limit ? limit - 1 : std::max(found.highest, covered);
        if (last < first) { // nothing was ever written to it
            report_.repairs.push_back(std::move(repair));
            return {};
        }
        compaction_job job;
        job.directory = directory_;
        job.segment = key;
        job.header = header_for(first, last);
        const auto built = build_snapshot(disk_, job, [&](const record_visitor& visit) {
            return found.frames.empty() ? result<>()
                                        : read(*segment, found, {first, last}, visit, repair.kept);
        });
        if (!built) return built.error();
        covered = last;
        return name(*built, std::move(repair));
    }

    // damaged: not even its frames tell the salt that its header told.
    result<segment_reader> open_anyhow(segment_key key) {
        const auto path = join_path(directory_, segment_name(key));
        auto segment = segment_reader::open(disk_, path);
        if (segment || segment.error().code != failure_code::damaged) return segment;
        return segment_reader::open_without_header(disk_, path, key, holder_.identity_.id);
    }

    static result<> read(segment_reader& segment, const surviving_frames& found, lsn_range wanted,
                         const record_visitor& visit, std::uint64_t& kept) {
        for (const auto& place : found.frames) {
            const auto frame = segment.read(place.offset);
            if (!frame) return frame.error();
            result<> failed;
            const auto visited = visit_records(
                **frame, 0, segment.path(),
                [&](const record_view& record, record_place at, lsn number) -> result<> {
                    if (number < wanted.first || number > wanted.last || !is_readable(record))
                        return {};
                    ++kept;
                    return failed = visit(record, at, number);
                });
            if (!failed) return failed;
            // What stands in a frame before a bad record is kept.
            if (!visited && visited.error().code != failure_code::damaged) return visited;
        }
        return {};
    }

    file_system& disk_;
    const std::string& directory_;
    const std::function<void(const complaint&)>& complain_;
    run_store holder_; // of the lock, and of the segment that begins
    run_files files_;
    std::vector<lsn_range> gaps_;
    std::vector<std::string> damaged_; // names
    salvage_report report_;
};

result<salvage_report> salvage(file_system& disk, const std::string& directory,
                               store_options options,
                               const std::function<void(const complaint&)>& complain) {
    auto identity = read_identity(disk, directory);
    if (!identity) {
        auto why = identity.error();
        if (why.code == failure_code::damaged)
            why.detail += "; what this run is about cannot be guessed, so nothing was changed "
                          "(put a copy of run.json in its place)";
        return why;
    }
    return salvager(disk, directory, std::move(*identity), std::move(options), complain).run();
}

} // namespace proctor
