// Two passes: where the records stand, and what they add up to; then those that count, in order.
#include "proctor/storage/compaction.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/core/mutation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace proctor {
namespace {

int rank_of(record_kind kind) {
    if (kind == record_kind::result) return 3;
    if (kind == record_kind::answered) return 2;
    return kind == record_kind::failed ? 1 : 0;
}

// Reads records in an order that is roughly the file's, as that of a run's questions is: what is
// read around one holds the next ones; where it does not, less is read.
class nearby_reader {
public:
    nearby_reader(std::unique_ptr<file> from, std::string path)
        : from_(std::move(from)), path_(std::move(path)) {}

    // The record, verified once more; until the next call.
    result<record_view> read(record_place place) {
        if (place.offset < begin_ || place.offset + place.size > end_)
            if (auto done = move_to(place); !done) return done.error();
        ++used_;
        auto bytes = std::string_view(window_).substr(place.offset - begin_, place.size);
        auto record = take_record(bytes);
        if (!record) return damaged(place, record.error().detail);
        return record;
    }

private:
    result<> move_to(record_place place) {
        constexpr std::size_t least = 8 << 10, most = 128 << 10;
        reach_ = used_ > 8 ? std::min(2 * reach_, most) : std::max(reach_ / 2, least);
        used_ = 0;
        begin_ = place.offset - std::min<std::uint64_t>(place.offset, reach_ / 2);
        const auto wanted = place.offset - begin_ + place.size + reach_;
        if (window_.size() < wanted) window_.resize(wanted);
        const auto got = from_->read_at(begin_, std::span(window_).first(wanted));
        if (!got) return got.error();
        end_ = begin_ + *got;
        if (place.offset + place.size > end_)
            return damaged(place, "the file ends inside a record");
        return {};
    }

    failure damaged(record_place place, std::string detail) const {
        return {failure_code::damaged, fmt::format("{}, offset {}", path_, place.offset),
                std::move(detail)};
    }

    std::unique_ptr<file> from_;
    std::string path_;
    std::string window_; // its front holds the bytes from `begin_` to `end_`
    std::uint64_t begin_ = 0, end_ = 0;
    std::size_t reach_ = 0; // bytes to be read behind a record; half as many before it
    std::size_t used_ = 0;  // how often, since it was moved
};

} // namespace

void keep_what_counts(std::vector<record_position>& found) {
    std::sort(found.begin(), found.end(), [](const record_position& a, const record_position& b) {
        return std::tie(a.question, a.number) < std::tie(b.question, b.number);
    });
    std::size_t kept = 0;
    for (const auto& record : found) {
        const bool another = kept == 0 || record.kind == record_kind::session ||
                             found[kept - 1].question != record.question;
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
    // Of what is salvaged most may be missing.
    constexpr lsn most_at_once = 1 << 20;
    found.reserve(std::min(job.header.last_lsn - job.header.first_lsn + 1, most_at_once));
    ledger counted;
    const auto note = [&](const record_view& record, record_place place, lsn number) -> result<> {
        const auto what = read_outcome(record);
        if (!what) return what.error();
        counted.apply(*what);
        found.push_back({record.question, number, place, record.kind});
        return {};
    };
    if (auto done = read(note); !done) return done.error();
    keep_what_counts(found);

    const auto path = join_path(job.directory, segment_name(job.segment));
    auto from = disk.open(path);
    if (!from) return from.error();
    auto writer = snapshot_writer::create(disk, job.directory, job.header);
    if (!writer) return writer.error();
    nearby_reader records(std::move(*from), path);
    for (const auto& position : found) {
        const auto record = records.read(position.place);
        if (!record) return record.error();
        if (auto done = writer->add(position.number, *record); !done) return done.error();
    }
    return writer->finish(counted);
}

} // namespace proctor
