// From the log to the results file, record by record, as it was marked, byte for byte.
#include "proctor/app/results_file.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/run_view.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

namespace proctor {
namespace {

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

result<> write_results(file_system& disk, const std::string& run_directory, const std::string& path,
                       results_format format, results_choice choice,
                       const boost::json::object& metadata) {
    const auto run = run_view::open(disk, run_directory);
    if (!run) return run.error();

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
    auto records = run->records();
    for (;;) {
        const auto entry = records.next();
        if (!entry) return entry.error();
        if (!*entry) break;
        const auto& record = (*entry)->record;
        // No session is a result, nor is an answer that is not marked yet.
        if (record.kind != record_kind::result && record.kind != record_kind::failed) continue;
        if (choice == results_choice::incorrect && !is_wrong(record)) continue;
        if (json)
            if (auto put = out.put(std::exchange(first, false) ? "\n" : ",\n"); !put) return put;
        if (auto put = out.put(record.body); !put) return put;
        if (!json)
            if (auto put = out.put("\n"); !put) return put;
    }
    if (json)
        if (auto put = out.put("\n]}\n"); !put) return put;
    if (auto finished = out.finish(); !finished) return finished;
    if (auto named = disk.replace(temporary, path); !named) return named;
    const auto slash = path.find_last_of('/');
    return disk.sync_directory(slash == std::string::npos ? "." : path.substr(0, slash + 1));
}

} // namespace proctor
