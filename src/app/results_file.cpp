// From the log to the results file, record by record, as it was marked, byte for byte.
#include "proctor/app/results_file.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/run_identity.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <optional>

namespace proctor {
namespace {

// A place in 64 bits: rank of the kind (2), segment (22), offset (40).
constexpr int offset_bits = 40;
constexpr int segment_bits = 22;

std::uint64_t rank_of(record_kind kind) {
    switch (kind) {
    case record_kind::result: return 3;
    case record_kind::answered: return 2;
    case record_kind::failed: return 1;
    case record_kind::session: break;
    }
    return 0;
}

std::uint64_t pack(record_kind kind, record_place place) {
    PROCTOR_ASSERT(place.offset >> offset_bits == 0 && place.segment >> segment_bits == 0);
    return rank_of(kind) << (offset_bits + segment_bits) |
           std::uint64_t{place.segment} << offset_bits | place.offset;
}

// The files of a run, opened when they are first needed; in order of question_id one or two
// segments are in use at a time, so few stay open.
class segment_files {
public:
    segment_files(file_system& disk, const std::string& directory,
                  const std::vector<segment_key>& segments)
        : disk_(disk), directory_(directory), segments_(segments) {}

    result<file*> at(std::uint32_t segment) {
        if (const auto found = open_.find(segment); found != open_.end())
            return found->second.get();
        constexpr std::size_t most = 16;
        if (open_.size() >= most) open_.erase(open_.begin());
        auto opened = disk_.open(path_of(segment));
        if (!opened) return opened.error();
        return open_.emplace(segment, std::move(*opened)).first->second.get();
    }
    std::string path_of(std::uint32_t segment) const {
        return join_path(directory_, segment_name(segments_.at(segment)));
    }

private:
    file_system& disk_;
    const std::string& directory_;
    const std::vector<segment_key>& segments_;
    std::map<std::uint32_t, std::unique_ptr<file>> open_;
};

// Gathers what is written into large pieces.
class text_file {
public:
    explicit text_file(std::unique_ptr<file> to) : file_(std::move(to)) {}

    result<> put(std::string_view text) {
        buffer_ += text;
        return buffer_.size() < piece ? result<>() : flush();
    }
    result<> finish() {
        if (auto done = flush(); !done) return done;
        return file_->sync();
    }

private:
    static constexpr std::size_t piece = std::size_t{1} << 20;

    result<> flush() {
        if (auto done = file_->write_at(offset_, buffer_); !done) return done;
        offset_ += buffer_.size();
        buffer_.clear();
        return {};
    }

    std::unique_ptr<file> file_;
    std::string buffer_;
    std::uint64_t offset_ = 0;
};

bool is_wrong(const record_view& record) {
    if (record.kind != record_kind::result) return false;
    const auto what = read_outcome(record);
    return what && what->score && *what->score < 1;
}

} // namespace

void record_index::add(const record_view& record, record_place place) {
    if (record.kind == record_kind::session) return;
    if (record.question >= places_.size())
        places_.resize(record.question + record.question / 4 + 64);
    auto& kept = places_[record.question];
    const auto rank = rank_of(record.kind);
    const auto kept_rank = kept >> (offset_bits + segment_bits);
    // Of several results the first counts, as in the ledger; of failures the latest.
    if (rank > kept_rank || (rank == kept_rank && rank < rank_of(record_kind::result)))
        kept = pack(record.kind, place);
}

result<> record_index::visit(file_system& disk, const std::string& directory,
                             const std::vector<segment_key>& segments,
                             const std::function<result<>(const record_view&)>& visit) const {
    segment_files files(disk, directory, segments);
    std::string buffer;
    for (const auto packed : places_) {
        if (packed == 0) continue;
        record_place place;
        place.offset = packed & ((std::uint64_t{1} << offset_bits) - 1);
        place.segment =
            static_cast<std::uint32_t>(packed >> offset_bits) & ((1u << segment_bits) - 1);
        const auto from = files.at(place.segment);
        if (!from) return from.error();
        const auto record = read_record(**from, files.path_of(place.segment), place, buffer);
        if (!record) return record.error();
        if (auto done = visit(*record); !done) return done;
    }
    return {};
}

result<> write_results(file_system& disk, const std::string& run_directory, const std::string& path,
                       results_format format, results_choice choice,
                       const boost::json::object& metadata) {
    const auto identity = read_identity(disk, run_directory);
    if (!identity) return identity.error();
    record_index index;
    const auto found = replay(disk, run_directory, identity->id,
                              [&](const record_view& record, record_place place, lsn) -> result<> {
                                  index.add(record, place);
                                  return {};
                              });
    if (!found) return found.error();

    // Of this process alone: another one may be writing a file of the same name.
    const auto temporary = fmt::format("{}.{}{}", path, ::getpid(), temporary_suffix);
    (void)disk.remove(temporary); // of an earlier attempt
    auto created = disk.create(temporary);
    if (!created) return created.error();
    text_file out(std::move(*created));
    const bool json = format == results_format::json;
    if (json)
        if (auto done = out.put("{\"metadata\": " + json_text(metadata) + ",\n\"results\": [");
            !done)
            return done;
    bool first = true;
    auto done = index.visit(
        disk, run_directory, found->segments, [&](const record_view& record) -> result<> {
            if (record.kind == record_kind::answered) return {}; // not marked: no result yet
            if (choice == results_choice::incorrect && !is_wrong(record)) return {};
            if (json)
                if (auto put = out.put(std::exchange(first, false) ? "\n" : ",\n"); !put)
                    return put;
            if (auto put = out.put(record.body); !put) return put;
            return json ? result<>() : out.put("\n");
        });
    if (!done) return done;
    if (json)
        if (auto put = out.put("\n]}\n"); !put) return put;
    if (auto finished = out.finish(); !finished) return finished;
    if (auto named = disk.replace(temporary, path); !named) return named;
    const auto slash = path.find_last_of('/');
    return disk.sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

} // namespace proctor
