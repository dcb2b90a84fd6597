// Names and texts that people see.
#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor;

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(a_failure_says_where_and_what) {
    const failure why(failure_code::not_found, "q.jsonl", "no such file");
    BOOST_TEST(why.message() == "q.jsonl: no such file");
    BOOST_TEST(failure(failure_code::bad_value, "", "odd").message() == "odd");
    BOOST_TEST(to_string(failure_code::timed_out) == "timed_out");
}

BOOST_AUTO_TEST_CASE(a_result_without_a_value_throws_its_failure) {
    const result<int> none = failure(failure_code::held, "run", "process 7 holds it");
    BOOST_CHECK_EXCEPTION(none.value(), failure_error, [](const failure_error& thrown) {
        return thrown.reason().code == failure_code::held &&
               std::string(thrown.what()) == "run: process 7 holds it";
    });
}

BOOST_AUTO_TEST_CASE(spellings_round_trip) {
    for (const auto kind :
         {record_kind::answered, record_kind::result, record_kind::failed, record_kind::session})
        BOOST_TEST((parse_record_kind(to_string(kind)) == kind));
    for (const auto format : {question_format::multiple_choice, question_format::free_text})
        BOOST_TEST((parse_question_format(to_string(format)) == format));
    BOOST_TEST(!parse_record_kind("other"));
    BOOST_TEST(!parse_question_format(""));
}

BOOST_AUTO_TEST_SUITE_END()
