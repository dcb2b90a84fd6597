// Memory does not grow with the number of questions.
#include "support/nginx.hpp"

#include <boost/test/unit_test.hpp>

using namespace proctor::test;

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(an_array_of_a_hundred_megabytes_is_run_in_64_mebibytes_and_its_connections) {
    constexpr unsigned questions = 10'000;
    constexpr long parallel = 64;
    const workplace where;
    {
        const std::string context(10'000, 'x'); // that is not put into the prompt
        std::ofstream file(where.dir.file("array.json"));
        for (unsigned i = 0; i < questions; ++i)
            file << (i == 0 ? "[" : ",\n") << R"({"question": "What is )" << i
                 << R"( plus one?", "choices": ["nothing", "more"], "answer": "B", "text": ")"
                 << context << "\"}";
        file << "]\n";
    }
    const nginx_server endpoint(nginx_server::fixed());
    const auto run =
        run_to_end(where.ask(endpoint, "array.json", {"--parallel", std::to_string(parallel)}));
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    BOOST_TEST(contains(run.output, "(10000/10000)"));
    std::cout << "peak memory " << run.peak_memory_kib << " KiB" << std::endl;
    BOOST_TEST(run.peak_memory_kib < 64 * 1024 + parallel * 100);
}

BOOST_AUTO_TEST_SUITE_END()
