// Records as a run writes them, and runs made of them.
#pragma once

#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/posix_file_system.hpp"
#include "proctor/storage/run_store.hpp"

#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <initializer_list>
#include <memory>
#include <string>

namespace proctor::test {

inline question asked(question_id number) {
    question made;
    made.number = number;
    made.text = fmt::format("What is {}?", number);
    made.reference_answer = fmt::format("{}", number);
    return made;
}

inline answer said(std::string text = "so") {
    answer made;
    made.text = std::move(text);
    made.finish_reason = "stop";
    made.usage = {10, 3};
    return made;
}

inline std::string result_record(question_id number, double score, std::string text = "so") {
    grade mark;
    mark.score = score;
    return make_raw_record(number, result_body(asked(number), said(std::move(text)), mark));
}

inline std::string answered_record(question_id number) {
    return make_raw_record(number, answered_body(asked(number), said()), record_kind::answered);
}

inline std::string failed_record(question_id number) {
    question_failure why;
    why.kind = "timed_out";
    why.message = "after 600 s";
    return make_raw_record(number, failed_body(asked(number), why), record_kind::failed);
}

inline std::string refused_record(question_id number) {
    question_failure why;
    why.kind = "http_status";
    why.message = "400";
    why.refused = true;
    return make_raw_record(number, failed_body(asked(number), why), record_kind::failed);
}

// Of so many questions.
inline run_identity identity_of(std::uint64_t questions) {
    auto identity = make_identity();
    identity.settings["questions"] = {{"sha256", "abc"}, {"count", questions}};
    identity.settings["selection"] = {{"limit", "none"}};
    return identity;
}

// A run that is held as long as the store lives.
inline std::unique_ptr<run_store> begin_run(file_system& disk, const std::string& directory,
                                            const run_identity& identity,
                                            std::initializer_list<std::string> records,
                                            std::string lock_text = "") {
    auto options = make_options(8192, 3);
    options.lock_text = std::move(lock_text);
    auto store = run_store::create(disk, directory, identity, options).value();
    for (const auto& record : records) BOOST_REQUIRE(store->append(record, 1).has_value());
    BOOST_REQUIRE(store->sync().has_value());
    return store;
}

// One that ended in good order.
inline void make_run(file_system& disk, const std::string& directory, const run_identity& identity,
                     std::initializer_list<std::string> records) {
    auto store = begin_run(disk, directory, identity, records);
    BOOST_REQUIRE(store->close().has_value());
    while (store->compact().value()) {
    }
}

} // namespace proctor::test
