// Questions that come through a pipe.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>

using namespace proctor::test;

namespace {

constexpr std::size_t total = 40;

struct plumbing : workplace {
    plumbing() { dir.write("q.jsonl", few_questions(total)); }

    // `what | proctor …`, which are words of a shell.
    command piped(const std::string& what, const command& to) const {
        return {words{"/bin/sh", "-c", what + R"( | "$0" "$@")"} + to.words, {}, to.directory};
    }
    finished run_piped(const std::string& what, const words& more = {}) const {
        return run_to_end(piped(what, ask(endpoint, "-", more)));
    }
    std::string one_run() const {
        const auto found = runs();
        BOOST_REQUIRE(found.size() == 1u);
        return found.front();
    }

    simulator endpoint{{"--latency", "1ms"}};
};

} // namespace

BOOST_AUTO_TEST_SUITE(cli)

BOOST_FIXTURE_TEST_CASE(a_run_of_piped_questions_goes_on_without_the_pipe, plumbing) {
    const auto stopped = run_piped("cat q.jsonl", {"--max-total-tokens", "1", "--parallel", "1"});
    BOOST_REQUIRE_MESSAGE(stopped.code == 7, stopped.errors);
    const auto run = one_run();
    BOOST_TEST(text_of(run + "/questions.spool") == text_of(dir.file("q.jsonl")));
    BOOST_TEST(
        contains(stopped.errors, "To go on: proctor resume checkpoints/checkpoint_stdin_m_"));

    const auto resumed =
        run_to_end(proctor({"resume", "checkpoints", "--max-total-tokens", "1000000"}));
    BOOST_REQUIRE_MESSAGE(resumed.code == 0, resumed.errors);
    BOOST_TEST(results_in(results_path(*this, resumed.errors)).size() == total);
    BOOST_TEST(endpoint.requests() == total);
    BOOST_TEST(one_run() == run);
}

BOOST_FIXTURE_TEST_CASE(the_same_questions_through_a_pipe_again_are_the_same_run, plumbing) {
    const auto first = run_piped("cat q.jsonl");
    BOOST_REQUIRE_MESSAGE(first.code == 0, first.errors);
    for (const auto* again : {"cat q.jsonl", "gzip -c q.jsonl"}) {
        const auto second = run_piped(again);
        BOOST_REQUIRE_MESSAGE(second.code == 0, second.errors);
        BOOST_TEST(contains(second.errors, "Loaded checkpoint: " + std::string("checkpoints/")));
    }
    BOOST_TEST(endpoint.requests() == total);
    // What is there now came compressed, and serves a resume as well.
    const auto resumed = run_to_end(proctor({"resume", one_run()}));
    BOOST_TEST(resumed.code == 0, resumed.errors);
    BOOST_TEST(endpoint.requests() == total);
}

BOOST_FIXTURE_TEST_CASE(without_checkpoints_a_pipe_leaves_the_results_alone, plumbing) {
    const auto run = run_piped("cat q.jsonl", {"--disable-checkpointing", "--output-dir", "out"});
    BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
    BOOST_TEST(results_in(results_path(*this, run.errors)).size() == total);
    for (const auto& file : files())
        BOOST_TEST((file == "q.jsonl" || file.starts_with("out/rag_results_")), file);
    BOOST_TEST(!std::filesystem::exists(dir.file("checkpoints")));
}

BOOST_FIXTURE_TEST_CASE(a_pipe_that_brings_nothing_is_an_error, plumbing) {
    const auto run = run_piped("true");
    BOOST_TEST(run.code == 2);
    BOOST_TEST(contains(run.errors, "standard input: is empty"));
    BOOST_TEST(runs().empty());
}

BOOST_FIXTURE_TEST_CASE(what_is_no_question_is_told_by_its_line_in_the_pipe, plumbing) {
    const auto run = run_piped("printf '{}\\n' | cat q.jsonl -", {"--strict"});
    BOOST_TEST(run.code == 2);
    BOOST_TEST(contains(run.errors, "standard input:" + std::to_string(total + 1)), run.errors);
    BOOST_TEST(runs().empty());
}

BOOST_FIXTURE_TEST_CASE(nobody_types_questions, plumbing) {
    const auto run = run_to_end(ask(endpoint, "/dev/ptmx"));
    BOOST_TEST(run.code == 2);
    BOOST_TEST(contains(run.errors, "is a terminal; give the questions from a pipe or a file"));
}

BOOST_FIXTURE_TEST_CASE(half_a_spool_is_no_question_file_and_prune_takes_it_away, plumbing) {
    namespace fs = std::filesystem;
    BOOST_REQUIRE(::mkfifo(dir.file("pipe").c_str(), 0600) == 0);
    {
        child_process reader(ask(endpoint, "pipe"));
        const descriptor writer(::open(dir.file("pipe").c_str(), O_WRONLY | O_CLOEXEC));
        const auto half = few_questions(total / 2);
        BOOST_REQUIRE(::write(writer.number(), half.data(), half.size()) == ssize_t(half.size()));
        const auto is_written = [&] {
            for (const auto& name : files())
                if (name.ends_with("/questions.spool") && fs::file_size(dir.file(name)) > 0)
                    return true;
            return false;
        };
        while (!reader.ends_within(std::chrono::milliseconds{5}) && !is_written()) {
        }
        reader.send(SIGKILL);
        BOOST_TEST(reader.wait().signal == SIGKILL);
    }
    const auto left = one_run();
    const auto whole = run_piped("cat q.jsonl");
    BOOST_REQUIRE_MESSAGE(whole.code == 0, whole.errors);
    BOOST_TEST(results_in(results_path(*this, whole.errors)).size() == total);
    BOOST_TEST(runs().size() == 2u);

    const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours{25};
    for (const auto& path : {left + "/questions.spool", left}) fs::last_write_time(path, long_ago);
    const auto pruned = run_to_end(proctor({"prune", "checkpoints", "--keep", "1"}));
    BOOST_REQUIRE_MESSAGE(pruned.code == 0, pruned.errors);
    BOOST_TEST(!fs::exists(left));
    BOOST_TEST(runs().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
