// A minute of faults: what was opened is closed again, and what was allocated is freed.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <thread>

using namespace proctor::test;
using namespace std::chrono_literals;

namespace {

struct footprint {
    std::size_t descriptors = 0;
    long memory_kib = 0;
};

footprint footprint_of(pid_t process) {
    const auto place = "/proc/" + std::to_string(process);
    footprint found;
    for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(place + "/fd"))
        ++found.descriptors;
    const auto status = text_of(place + "/status");
    const auto at = status.find("VmRSS:");
    found.memory_kib = std::stol(status.substr(at + 6));
    return found;
}

std::uint64_t completed(const workplace& where) {
    return json_of(where.dir.file("checkpoints/latest.json"))
        .at("completed_count")
        .to_number<std::uint64_t>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(soak)

// SOAK_SECONDS=600 makes it longer.
BOOST_AUTO_TEST_CASE(descriptors_and_memory_do_not_grow) {
    const char* wanted = std::getenv("SOAK_SECONDS");
    const auto length = std::chrono::seconds{wanted ? std::atoi(wanted) : 60};
    const workplace where;
    // 64 in flight at 20 ms are 3,200 a second at the most.
    where.dir.write("q.jsonl", few_questions(4000 * static_cast<std::size_t>(length.count())));
    const simulator endpoint({"--latency", "lognormal:20ms,0.5", "--close-after", "50", "--faults",
                              "429:2%,500:1%,reset:1%,truncate:1%,garbage:1%"});
    child_process run(
        where.ask(endpoint, "q.jsonl",
                  {"--parallel", "64", "--fixed-parallelism", "--max-failures", "1000000"}));
    while (!std::filesystem::exists(where.dir.file("checkpoints/latest.json")))
        std::this_thread::sleep_for(100ms);
    std::this_thread::sleep_for(length / 4);
    const auto early = footprint_of(run.id());
    std::this_thread::sleep_for(length * 3 / 4);
    const auto late = footprint_of(run.id());
    const auto done = completed(where);
    std::cout << "soak: " << length.count() << " s, " << done << " questions; descriptors "
              << early.descriptors << " then " << late.descriptors << ", memory "
              << early.memory_kib << " then " << late.memory_kib << " KiB" << std::endl;
    run.send(SIGINT);
    BOOST_TEST(run.wait().code == 130);
    BOOST_TEST(done > 0u);
    BOOST_TEST(late.descriptors <= early.descriptors + 64); // connections come and go
    BOOST_TEST(late.memory_kib <= early.memory_kib + early.memory_kib / 4 + 4096);
}

BOOST_AUTO_TEST_SUITE_END()
