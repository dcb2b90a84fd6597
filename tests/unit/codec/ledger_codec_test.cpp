// A ledger as bytes: all of it comes back, and no part of them passes for it.
#include "proctor/codec/ledger_codec.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>

using namespace proctor;

namespace {

ledger sample() {
    ledger counted;
    for (question_id id = 1; id <= 200; ++id) {
        auto kind = record_kind::result;
        if (id % 7 == 0) kind = record_kind::failed;
        if (id % 11 == 0) kind = record_kind::answered;
        outcome what(kind, id * (id > 150 ? 1000 : 1));
        what.format = id % 2 ? question_format::multiple_choice : question_format::free_text;
        if (id % 5) what.score = double(id % 3) / 2;
        what.category = id % 4 ? "physics" : "";
        what.usage = {id, 2 * id};
        what.model_seconds = double(id) / 50;
        what.attempts = 2;
        what.truncated = id % 13 == 0;
        what.no_choice = id % 17 == 0;
        what.chosen = static_cast<std::uint8_t>(id % 5);
        what.key = static_cast<std::uint8_t>(id % 27);
        what.answer_characters = static_cast<std::uint32_t>(id * id);
        what.reasoning_characters = id % 3 ? 0 : static_cast<std::uint32_t>(10 * id);
        what.error_kind = id % 2 ? "timed_out" : "http_status";
        what.refused = id % 3 == 0;
        counted.apply(what);
    }
    return counted;
}

std::string bytes_of(const ledger& counted) {
    std::string bytes;
    append_ledger(bytes, counted);
    return bytes;
}

bool refused(const std::string& bytes) {
    varint_reader in(bytes);
    const auto read = read_ledger(in);
    return !read && read.error().code == failure_code::damaged;
}

std::string numbers(std::initializer_list<std::uint64_t> values) {
    std::string bytes;
    for (const auto value : values) append_varint(bytes, value);
    return bytes;
}

} // namespace

BOOST_AUTO_TEST_SUITE(ledgers_as_bytes)

BOOST_AUTO_TEST_CASE(a_ledger_round_trips) {
    for (const auto& written : {ledger(), sample()}) {
        const auto bytes = bytes_of(written) + "what follows";
        varint_reader in(bytes);
        const auto read = read_ledger(in);
        BOOST_TEST_REQUIRE(read.has_value());
        BOOST_TEST(in.left() == "what follows");
        BOOST_TEST((read->state() == written.state()));
        BOOST_TEST((read->total_spending() == written.total_spending()));
        BOOST_TEST((bytes_of(*read) == bytes_of(written)));
    }
}

BOOST_AUTO_TEST_CASE(a_ledger_of_version_1_comes_back_without_answers) {
    const auto written = sample();
    std::string bytes;
    append_ledger(bytes, written, ledger_layout::without_answers);
    varint_reader in(bytes);
    const auto read = read_ledger(in, highest_question, ledger_layout::without_answers);
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(in.left().empty());
    auto expected = written.state();
    expected.answers_said = {};
    BOOST_TEST((read->state() == expected));
    BOOST_TEST(!read->knows_all_answers());
    BOOST_TEST(refused(bytes)); // it is not a whole one
}

BOOST_AUTO_TEST_CASE(the_highest_question_comes_back_as_every_other) {
    ledger counted;
    counted.apply({record_kind::result, highest_question});
    const auto bytes = bytes_of(counted);
    varint_reader in(bytes);
    const auto read = read_ledger(in);
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(read->completed(highest_question));
    BOOST_TEST(read->completed_count() == 1u);
}

BOOST_AUTO_TEST_CASE(questions_in_order_take_a_few_bytes) {
    ledger counted;
    for (question_id id = 1; id <= 100'000; ++id) counted.apply({record_kind::result, id});
    BOOST_TEST(bytes_of(counted).size() < 100u);
}

BOOST_AUTO_TEST_CASE(a_kind_of_failure_that_nobody_has_any_more_leaves_no_trace) {
    ledger made_good, never_failed;
    outcome failed(record_kind::failed, 1);
    failed.error_kind = "timed_out";
    made_good.apply(failed);
    made_good.apply({record_kind::result, 1});
    never_failed.apply({record_kind::result, 1});
    BOOST_TEST((bytes_of(made_good) == bytes_of(never_failed)));
}

BOOST_AUTO_TEST_CASE(every_shorter_text_is_refused) {
    const auto bytes = bytes_of(sample());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        BOOST_TEST(refused(bytes.substr(0, size)), "size " << size);
}

BOOST_AUTO_TEST_CASE(absurd_numbers_are_refused) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    const auto beyond = highest_question + 1;
    BOOST_TEST(refused(numbers({most})));             // runs
    BOOST_TEST(refused(numbers({1, most, 1})));       // where the first one begins
    BOOST_TEST(refused(numbers({1, 1, most})));       // its length
    BOOST_TEST(refused(numbers({1, beyond, 1})));     // too high
    BOOST_TEST(refused(numbers({1, 1, beyond})));     // too many
    BOOST_TEST(refused(numbers({1, beyond - 1, 2}))); // the end of it
    const std::string no_sets = numbers({0, 0, 0, 0});
    BOOST_TEST(refused(no_sets + numbers({most})));    // kinds of failures
    BOOST_TEST(refused(no_sets + numbers({1, most}))); // the length of a name
    BOOST_TEST(refused(no_sets + numbers({0, most}))); // answers
    const auto no_answers = no_sets + numbers({0, 0, 0, 0, 0});
    const auto no_marks = no_answers + numbers({0, 0, 0, 0, 0, 0, 0, 0, 0});
    BOOST_TEST(refused(no_marks + numbers({most})));               // categories
    BOOST_TEST(refused(no_marks + numbers({0, 1, 432, 1, 0, 0}))); // no such bucket
    BOOST_TEST(!refused(no_marks + numbers({0, 1, 431, 1, 0, 0, 0, 0, 0, 0, 0})));
    BOOST_TEST(refused(no_marks + numbers({0, most}))); // buckets
    const auto no_figures = no_marks + numbers({0, 0, 0, 0});
    BOOST_TEST(refused(no_figures + numbers({most})));                  // buckets of lengths
    BOOST_TEST(refused(no_figures + numbers({1, 432, 1, 7, 0, 0, 0}))); // no such bucket
    BOOST_TEST(!refused(no_figures + numbers({1, 431, 1, 7, 0, 0, 0})));
    const auto no_lengths = no_figures + numbers({0, 0, 0, 0});
    const auto positions = [](std::uint64_t count) {
        auto bytes = numbers({count});
        for (std::uint64_t i = 0; i < count; ++i) bytes += numbers({1, 1, 0, 0});
        return bytes;
    };
    BOOST_TEST(!refused(no_lengths + positions(26)));
    BOOST_TEST(refused(no_lengths + positions(27)));
    BOOST_TEST(refused(no_lengths + numbers({most})));
}

BOOST_AUTO_TEST_SUITE_END()
