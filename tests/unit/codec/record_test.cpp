// Records in a payload: what goes in comes out, and nothing else passes for it.
#include "proctor/codec/record.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

namespace {

record_view sample() {
    record_view record;
    record.kind = record_kind::failed;
    record.repeats = 3;
    record.question = 0x0102030405;
    record.body = R"({"question_id":1})";
    return record;
}

} // namespace

BOOST_AUTO_TEST_SUITE(record)

BOOST_AUTO_TEST_CASE(records_round_trip_one_after_the_other) {
    std::string payload;
    append_record(payload, sample());
    record_view session;
    session.kind = record_kind::session;
    append_record(payload, session);
    BOOST_TEST(payload.size() == 2 * record_header_size + sample().body.size());

    std::string_view rest = payload;
    const auto first = take_record(rest);
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST((first->kind == record_kind::failed));
    BOOST_TEST(first->repeats == 3u);
    BOOST_TEST(first->question == 0x0102030405u);
    BOOST_TEST(first->body == sample().body);
    const auto second = take_record(rest);
    BOOST_REQUIRE(second.has_value());
    BOOST_TEST((second->kind == record_kind::session));
    BOOST_TEST(second->body.empty());
    BOOST_TEST(rest.empty());
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_detected) {
    std::string payload;
    append_record(payload, sample());
    for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
        auto damaged = payload;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        std::string_view rest = damaged;
        const auto taken = take_record(rest);
        BOOST_REQUIRE_MESSAGE(taken.has_error(), "bit " << bit << " passed");
        BOOST_TEST((taken.error().code == failure_code::damaged));
        BOOST_TEST(rest.size() == damaged.size());
    }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_detected) {
    std::string payload;
    append_record(payload, sample());
    for (std::size_t size = 0; size < payload.size(); ++size) {
        auto rest = std::string_view(payload).substr(0, size);
        BOOST_REQUIRE_MESSAGE(take_record(rest).has_error(), size << " bytes passed");
    }
}

BOOST_AUTO_TEST_SUITE_END()
