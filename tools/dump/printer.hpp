// What proctor-dump prints: records, frames, blocks and summaries, filtered and limited. Results go
// to standard output, complaints and other talk to standard error.
#pragma once

#include "proctor/storage/inspect.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::dump {

enum class exit_status { clean = 0, torn = 1, usage = 2, cannot_read = 3, damaged = 4, held = 5 };
enum class view { by_path, info, records, frames, stats, verify, salvage };
enum class format { text, jsonl };

struct options {
    std::vector<std::string> paths;
    view show = view::by_path;
    format as = format::text;
    bool hex = false;
    bool follow = false;
    std::optional<lsn> from_lsn;
    lsn to_lsn = no_limit;
    std::optional<question_id> question;
    std::optional<record_kind> kind;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
};

// Standard output. When nobody reads it any more, there is nothing left to do.
class output {
public:
    template <class... Args>
    void line(fmt::format_string<Args...> form, Args&&... args) {
        buffer_.clear();
        fmt::format_to(std::back_inserter(buffer_), form, std::forward<Args>(args)...);
        buffer_ += '\n';
        put();
    }
    void finish();

private:
    void put();

    std::string buffer_;
};

std::string quoted(std::string_view text); // as JSON
std::string name_in(std::string_view path);

class printer {
public:
    printer(file_system& disk, const options& asked) : disk_(disk), asked_(asked) {}

    // True once as many lines were shown as were asked for.
    bool done() const { return shown_ >= asked_.limit; }
    bool could_not_read() const { return cannot_read_; }

    void record(const std::string& path, const record_view&, record_place, lsn);
    void entry(const std::string& path, std::uint64_t block, const snapshot_entry&);
    void frame(const segment_reader&, const segment_reader::frame&);
    void block(const std::string& path, const block_place&);

    void verdict(const std::string& path, condition);
    void verdict(const std::string& path, const run_summary&);
    void info(const std::string& path, const run_summary&);
    void info(const segment_summary&);
    void info(const snapshot_findings&);
    void stats(const std::string& path, const std::vector<segment_summary>&,
               const std::vector<snapshot_findings>&);

    output& out() { return out_; }

private:
    bool is_wanted(const record_view&, lsn) const;
    // `place`: the members of the JSON object that tell where it stands.
    void show(const record_view&, lsn, const std::string& place, std::uint64_t offset);
    void hex(const std::string& path, std::uint64_t offset, std::uint64_t size);

    file_system& disk_;
    const options& asked_;
    output out_;
    std::uint64_t shown_ = 0;
    bool cannot_read_ = false;
};

} // namespace proctor::dump
