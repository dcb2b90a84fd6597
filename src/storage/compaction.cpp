// Two passes: where the records stand, and what they add up to; then those that count, in order.
#include "proctor/storage/compaction.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/core/mutation.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

namespace proctor {
namespace {

int rank_of(record_kind kind) {
    if (kind == record_kind::result) return 3;
    if (kind == record_kind::answered) return 2;
    return kind == record_kind::failed ? 1 : 0;
}

} // namespace

void keep_what_counts(std::vector<record_position>& found) {
    std::sort(found.begin(), found.end(), [](const record_position& a, const record_position& b) {
        return std::tie(a.question, a.repeat, a.number) < std::tie(b.question, b.repeat, b.number);
    });
    std::size_t kept = 0;
    for (const auto& record : found) {
        const bool another = kept == 0 || record.kind == record_kind::session ||
                             found[kept - 1].question != record.question ||
                             found[kept - 1].repeat != record.repeat;
        if (another)
            found[kept++] = record;
        else if (supersedes(record.kind, found[kept - 1].kind))
            found[kept - 1] = record;
    }
    found.resize(kept);
}

bool supersedes(record_kind later, record_kind earlier) {
    if (mutated(mutation::latest_record_wins)) return true;
    if (rank_of(later) != rank_of(earlier)) return rank_of(later) > rank_of(earlier);
    return later != record_kind::result;
}

result<snapshot_key> build_snapshot(file_system& disk, const compaction_job& job) {
    const auto& header = job.header;
    return build_snapshot(disk, job, [&](const record_visitor& visit) {
        return read_sealed(disk, job.directory, job.segment, header.first_lsn, header.last_lsn + 1,
                           visit);
    });
}

result<snapshot_key> build_snapshot(file_system& disk, const compaction_job& job,
                                    const record_source& read) {
    std::vector<record_position> found;
    ledger counted;
    const auto note = [&](const record_view& record, record_place place, lsn number) -> result<> {
        const auto what = read_outcome(record);
        if (!what) return what.error();
        counted.apply(*what);
        found.push_back({record.question, number, place, record.repeat, record.kind});
        return {};
    };
    if (auto done = read(note); !done) return done.error();
    keep_what_counts(found);

    const auto path = join_path(job.directory, segment_name(job.segment));
    auto from = disk.open(path);
    if (!from) return from.error();
    auto writer = snapshot_writer::create(disk, job.directory, job.header);
    if (!writer) return writer.error();
    std::string buffer;
    for (const auto& position : found) {
        const auto record = read_record(**from, path, position.place, buffer);
        if (!record) return record.error();
        if (auto done = writer->add(position.number, *record); !done) return done.error();
    }
    return writer->finish(counted);
}

} // namespace proctor
