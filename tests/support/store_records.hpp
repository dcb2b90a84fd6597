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

// A body is given as it is.
inline std::string make_raw_record(question_id question, std::string_view body,
                                   record_kind kind = record_kind::result) {
    std::string bytes;
    record_view record;
    record.kind = kind;
    record.question = question;
    record.body = body;
    append_record(bytes, record);
    return bytes;
}

// A body as replay and compaction read it, around a text (plain enough for JSON as it stands).
inline std::string make_body(question_id question, std::string_view payload,
                             record_kind kind = record_kind::result) {
    auto body = "{\"question_id\":" + std::to_string(question) + ",\"payload\":\"";
    body += payload;
    body += '"';
    if (kind == record_kind::result) body += ",\"score\":1.0";
    if (kind == record_kind::failed) body += ",\"error_kind\":\"timed_out\"";
    if (kind != record_kind::session)
        body += ",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2},\"attempts\":1";
    return body + '}';
}

inline std::string make_record(question_id question, std::string_view payload,
                               record_kind kind = record_kind::result) {
    return make_raw_record(question, make_body(question, payload, kind), kind);
}

// What a replay showed: the records as bytes, in order of LSN. Those that snapshots cover are not
// shown, so the first one may have any.
class seen_records {
public:
    // Fails, as io_error, what is out of turn.
    record_visitor visitor() {
        return [this](const record_view& record, record_place place, lsn number) -> result<> {
            if (bytes_.empty()) first_lsn_ = number;
            if (number != first_lsn_ + bytes_.size())
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
    lsn first_lsn() const { return first_lsn_; } // 0: none was shown

private:
    std::vector<std::string> bytes_;
    std::vector<record_place> places_;
    lsn first_lsn_ = 0;
};

// The clock stands still, the salts are drawn, and a file ends where its frames do.
inline store_options make_options(std::uint64_t segment_size, std::uint64_t seed) {
    store_options options;
    options.segment_size = segment_size;
    options.room_ahead = 0;
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
