// Records for tests of the store, and somebody who remembers what a replay shows.
#pragma once

#include "proctor/codec/record.hpp"
#include "proctor/storage/replay.hpp"
#include "proctor/storage/run_store.hpp"

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::test {

inline std::string make_record(question_id question, std::string_view body,
                               record_kind kind = record_kind::result) {
    std::string bytes;
    record_view record;
    record.kind = kind;
    record.question = question;
    record.body = body;
    append_record(bytes, record);
    return bytes;
}

// What a replay showed: the records as bytes, LSN 1 first.
class seen_records {
public:
    // Fails, as io_error, what is out of turn.
    record_visitor visitor() {
        return [this](const record_view& record, record_place place, lsn number) -> result<> {
            if (number != bytes_.size() + 1)
                return failure{failure_code::io_error, "visitor",
                               "LSN " + std::to_string(number) + " is out of turn"};
            std::string bytes;
            append_record(bytes, record);
            bytes_.push_back(std::move(bytes));
            places_.push_back(place);
            return {};
        };
    }

    const std::vector<std::string>& bytes() const { return bytes_; }
    const std::vector<record_place>& places() const { return places_; }

private:
    std::vector<std::string> bytes_;
    std::vector<record_place> places_;
};

// The clock stands still, the salts are drawn.
inline store_options make_options(std::uint64_t segment_size, std::uint64_t seed) {
    store_options options;
    options.segment_size = segment_size;
    options.now = [] { return wall_time{std::chrono::seconds{1'735'689'600}}; };
    options.random = [engine = std::make_shared<std::mt19937_64>(seed)] { return (*engine)(); };
    options.lock_text = "tester, pid 1";
    return options;
}

inline run_identity make_identity() {
    run_identity identity;
    identity.id.fill('\x5a');
    identity.created = "2025-01-01T00:00:00.000000";
    identity.made_by = "proctor test";
    identity.settings["model"] = "m";
    identity.settings["questions"] = 12;
    identity.about["questions_file"] = "q.jsonl";
    return identity;
}

} // namespace proctor::test
