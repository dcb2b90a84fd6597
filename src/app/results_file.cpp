// From the records to the results, one by one, as they were marked.
#include "proctor/app/results_file.hpp"

#include "proctor/app/results_csv.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/codec/json_fields.hpp"

#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <utility>

namespace proctor {
namespace {

// Gathers what is written into large pieces.
class gathered_text {
public:
    explicit gathered_text(const text_sink& to) : sink_(to) {
        buffer_.reserve(piece + piece / 4); // one allocation, unless a result is very large
    }

    // To append to; pass_on() now and then.
    std::string& text() { return buffer_; }
    result<> pass_on() { return buffer_.size() < piece ? result<>() : flush(); }
    result<> flush() {
        if (auto done = sink_(buffer_); !done) return done;
        buffer_.clear();
        return {};
    }

private:
    static constexpr std::size_t piece = std::size_t{1} << 20;

    const text_sink& sink_;
    std::string buffer_;
};

bool is_wrong(const record_view& record) {
    if (record.kind != record_kind::result) return false;
    const auto what = read_outcome(record);
    return what && what->score && *what->score < 1;
}

csv_layout layout_of(const run_view& run, const results_frame& frame) {
    const auto& settings = run.identity().settings;
    return {repeats_of(settings) > 1, shuffle_seed_of(settings).has_value(),
            kept_fields(frame.config)};
}

class results_writer {
public:
    results_writer(const run_view& run, const text_sink& sink, results_format format,
                   results_choice choice, const results_frame& frame)
        : run_(run), out_(sink), format_(format), choice_(choice), frame_(frame),
          layout_(layout_of(run, frame)) {}

    result<> write() {
        if (auto done = begin(); !done) return done;
        const auto written = run_.each_record([this](const record_view& record) -> result<> {
            if (!is_shown(record)) return {};
            if (auto done = put(record); !done) return done;
            return out_.pass_on();
        });
        if (!written) return written;
        end();
        return out_.flush();
    }

private:
    bool is_shown(const record_view& record) const {
        // No session is a result, nor is an answer that is not marked yet.
        if (record.kind != record_kind::result && record.kind != record_kind::failed) return false;
        if (format_ == results_format::checkpoint) return record.kind == record_kind::result;
        return choice_ == results_choice::all || is_wrong(record);
    }

    result<> begin() {
        auto& text = out_.text();
        switch (format_) {
        case results_format::json:
            text += "{\"metadata\": " + json_text(frame_.metadata) + ",\n\"results\": [";
            break;
        case results_format::jsonl: break;
        case results_format::csv: text += csv_header(layout_); break;
        case results_format::checkpoint: return begin_checkpoint();
        }
        return {};
    }

    result<> begin_checkpoint() {
        const auto& found = run_.found();
        auto& text = out_.text();
        fmt::format_to(std::back_inserter(text),
                       "{{\"timestamp\": \"{}\",\n\"completed_count\": {},\n"
                       "\"completed_indices\": [",
                       iso_time(found.last_written), found.counted.completed_count());
        bool first = true;
        result<> passed;
        found.counted.state().completed.each_member([&](question_id id) {
            if (!passed) return;
            fmt::format_to(std::back_inserter(text), "{}{}",
                           std::exchange(first, false) ? "" : ", ", id);
            passed = out_.pass_on();
        });
        text += "],\n\"results\": [";
        return passed;
    }

    result<> put(const record_view& record) {
        auto& text = out_.text();
        switch (format_) {
        case results_format::csv: return append_csv_line(text, record.body, layout_);
        case results_format::jsonl: text.append(record.body).append("\n"); break;
        case results_format::json:
        case results_format::checkpoint:
            text.append(std::exchange(first_, false) ? "\n" : ",\n").append(record.body);
        }
        return {};
    }

    void end() {
        auto& text = out_.text();
        if (format_ == results_format::json) text += "\n]}\n";
        if (format_ == results_format::checkpoint)
            text += "\n],\n\"metadata\": " + json_text(frame_.metadata) +
                    ",\n\"config\": " + json_text(frame_.config) + ",\n\"version\": \"2.0\"}\n";
    }

    const run_view& run_;
    gathered_text out_;
    const results_format format_;
    const results_choice choice_;
    const results_frame& frame_;
    const csv_layout layout_;
    bool first_ = true;
};

} // namespace

std::optional<results_format> parse_results_format(std::string_view name) {
    if (name == "json") return results_format::json;
    if (name == "jsonl") return results_format::jsonl;
    if (name == "csv") return results_format::csv;
    if (name == "checkpoint") return results_format::checkpoint;
    return std::nullopt;
}

result<> write_results(const run_view& run, const text_sink& sink, results_format format,
                       results_choice choice, const results_frame& frame) {
    return results_writer(run, sink, format, choice, frame).write();
}

result<> write_results(file_system& disk, const run_view& run, const std::string& path,
                       results_format format, results_choice choice, const results_frame& frame) {
    return write_whole(disk, path, [&](const text_sink& sink) {
        return write_results(run, sink, format, choice, frame);
    });
}

result<> write_results(file_system& disk, const std::string& run_directory, const std::string& path,
                       results_format format, results_choice choice,
                       const boost::json::object& metadata) {
    const auto run = run_view::open(disk, run_directory);
    if (!run) return run.error();
    return write_results(disk, *run, path, format, choice, {metadata, {}});
}

} // namespace proctor
