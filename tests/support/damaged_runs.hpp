// A run with snapshots, log and questions, to be damaged; and what a process finds in one.
#pragma once

#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace proctor::test {

// A segment of this size is sealed behind its second small frame, however many there are.
inline constexpr std::uint64_t two_frames = 2 * page_size + 1;

inline const std::string run_path = "/run";

template <class T>
T& value_of(result<T>& got) {
    if (!got) throw std::runtime_error(got.error().message());
    return *got;
}
template <class T>
T value_of(result<T>&& got) {
    if (!got) throw std::runtime_error(got.error().message());
    return std::move(*got);
}
inline void must_do(const result<>& done) {
    if (!done) throw std::runtime_error(done.error().message());
}

inline std::string body_of(question_id id, std::size_t padding = 0) {
    return fmt::format(R"({{"question_id":{},"score":1.0,"model_answer":"{}"}})", id,
                       std::string(padding, static_cast<char>('a' + id % 26)));
}

inline std::string result_record(question_id id, std::size_t padding = 0) {
    std::string bytes;
    record_view record;
    record.question = id;
    const auto body = body_of(id, padding);
    record.body = body;
    append_record(bytes, record);
    return bytes;
}

// A run of 40 questions in the making: results in order from question 1 on, two a frame, each
// frame synced.
class growing_run {
public:
    explicit growing_run(memory_file_system& disk, std::uint64_t segment_size = 1 << 20)
        : store_(value_of(
              run_store::create(disk, run_path, identity(), make_options(segment_size, 1)))) {}

    static run_identity identity() {
        auto one = make_identity();
        one.settings["questions"] = {{"count", 40}};
        return one;
    }

    growing_run& answer_to(question_id last, std::size_t padding = 0) {
        while (next_ < last) {
            must_do(store_->append(
                result_record(next_, padding) + result_record(next_ + 1, padding), 2));
            must_do(store_->sync());
            next_ += 2;
        }
        return *this;
    }
    growing_run& compact() {
        while (value_of(store_->compact())) {
        }
        return *this;
    }
    // In good order: snapshots, and a segment that holds nothing but the closing frame.
    void end() {
        must_do(store_->close());
        compact();
        store_.reset();
    }
    void note() { must_do(store_->note()); }

private:
    std::unique_ptr<run_store> store_;
    question_id next_ = 1;
};

// Bodies by question, as a reader finds them.
inline std::map<question_id, std::string> results_of(memory_file_system& disk) {
    const auto view = value_of(run_view::open(disk, run_path));
    std::map<question_id, std::string> found;
    auto records = view.records();
    for (;;) {
        const auto entry = value_of(records.next());
        if (!entry) return found;
        if (entry->record.question != 0)
            found[entry->record.question] = std::string(entry->record.body);
    }
}

inline std::vector<std::string> names_with(memory_file_system& disk, std::string_view part) {
    std::vector<std::string> found;
    for (const auto& name : value_of(disk.list(run_path)))
        if (name.find(part) != name.npos && !name.ends_with(".tmp"))
            found.push_back(join_path(run_path, name));
    return found;
}

inline void flip(memory_file_system& disk, const std::string& path, std::size_t at) {
    auto text = disk.contents(path);
    text.at(at) = static_cast<char>(text.at(at) ^ 1);
    disk.set_contents(path, std::move(text));
}

} // namespace proctor::test
