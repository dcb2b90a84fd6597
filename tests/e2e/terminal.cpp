// What a person sees: the program in a terminal of tmux's, looked at as it stands on the screen.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <regex>
#include <thread>

using namespace proctor::test;

namespace {

words lines_in(const std::string& text) {
    std::istringstream in(text);
    words lines;
    for (std::string line; std::getline(in, line);)
        if (!line.empty()) lines.push_back(line);
    return lines;
}

words matching(const words& lines, const std::string& pattern) {
    words found;
    for (const auto& line : lines)
        if (std::regex_search(line, std::regex(pattern))) found.push_back(line);
    return found;
}

// A terminal in which a shell runs `script`.
class terminal {
public:
    terminal(const workplace& where, int columns, const std::string& script) : where_(where) {
        tmux({"-u", "-f", "/dev/null", "new-session", "-d", "-x", std::to_string(columns), "-y",
              "24", script + "; sleep 600"});
    }
    ~terminal() { run_to_end(command_of({"kill-server"})); }

    void resize(int columns) const {
        tmux({"resize-window", "-x", std::to_string(columns), "-y", "24"});
    }
    // With what it has scrolled away: a resize does that.
    words screen() const { return lines_in(tmux({"capture-pane", "-p", "-S", "-"})); }

    // The screen, once a line of it looks like that.
    words screen_with(const std::string& pattern) const {
        using namespace std::chrono_literals;
        words last;
        for (const auto end = std::chrono::steady_clock::now() + 60s;
             std::chrono::steady_clock::now() < end; std::this_thread::sleep_for(50ms)) {
            last = screen();
            if (!matching(last, pattern).empty()) return last;
        }
        throw std::runtime_error(
            fmt::format("no line like {} on: {}", pattern, fmt::join(last, "\n")));
    }

private:
    // The server stays, and is not to keep our pipe open.
    command command_of(const words& asked) const {
        return {words{"/bin/sh", "-c", "exec \"$@\" 3>&-", "sh", "/usr/bin/tmux", "-S",
                      where_.dir.file("tmux")} +
                    asked,
                {{"TERM", "xterm-256color"}},
                where_.dir.path().string()};
    }
    std::string tmux(const words& asked) const {
        const auto done = run_to_end(command_of(asked));
        if (done.code != 0) throw std::runtime_error("tmux: " + done.errors);
        return done.output;
    }

    const workplace& where_;
};

struct lecture_hall : workplace {
    lecture_hall() { dir.write("q.jsonl", few_questions(600)); }

    std::string script(const std::string& locale) const {
        std::string text = "env LC_ALL=" + locale;
        for (const auto& word : ask(endpoint, "q.jsonl", {"--parallel", "4"}).words)
            if (word != "--no-progress-bar") text += " '" + word + "'";
        return text;
    }

    simulator endpoint{{"--latency", "50ms", "--accuracy", "0.5"}};
};

constexpr auto bar = "[|].*[|] [0-9]+/600";

} // namespace

BOOST_AUTO_TEST_SUITE(terminal_screen)

BOOST_FIXTURE_TEST_CASE(a_bar_stays_one_line_whatever_becomes_of_the_terminal, lecture_hall) {
    const terminal window(*this, 80, script("C.UTF-8"));
    auto screen = window.screen_with("█.*acc [0-9]+[.][0-9]%"); // a whole cell
    auto bars = matching(screen, bar);
    BOOST_TEST_REQUIRE(bars.size() == 1u);
    BOOST_TEST(bars.front() == screen.back());
    BOOST_TEST(std::regex_search(bars.front(),
                                 std::regex("^[0-9]+[.][0-9]%[|].* [0-9]+/600 \\[[0-9:]+<[0-9:]+, "
                                            "[0-9.]+ questions/s\\] acc [0-9]+[.][0-9]%")),
               bars.front());
    BOOST_TEST(contains(bars.front(), "█"));
    BOOST_TEST(matching(screen, "^New run: ").size() == 1u);

    window.resize(40);
    screen = window.screen_with("^[0-9.]+% [0-9]+/600 acc ");
    BOOST_TEST(matching(screen, "[|]").empty(), fmt::format("{}", fmt::join(screen, "\n")));
    BOOST_TEST(matching(screen, "/600").size() == 1u);
    BOOST_TEST(matching(screen, "^New run: ").size() == 1u);

    window.resize(120);
    screen = window.screen_with("^Processing questions: .* in flight$");
    BOOST_TEST(matching(screen, "/600").size() == 1u);

    screen = window.screen_with("^Overall Accuracy: ");
    bars = matching(screen, "100.0%[|].*600/600");
    BOOST_TEST(bars.size() == 1u);
    BOOST_TEST(matching(screen, "^New run: ").size() == 1u);
}

BOOST_FIXTURE_TEST_CASE(where_letters_are_all_there_is_the_bar_is_made_of_them, lecture_hall) {
    const terminal window(*this, 80, script("C"));
    const auto bars = matching(window.screen_with("[|]#+ *[|].*acc"), bar);
    BOOST_TEST_REQUIRE(bars.size() == 1u);
    BOOST_TEST(!contains(bars.front(), "█"));
}

BOOST_FIXTURE_TEST_CASE(a_terminal_is_told_that_html_is_nothing_for_it, lecture_hall) {
    const terminal window(*this, 120, "'" + program("proctor") + "' report checkpoints");
    const auto screen = window.screen_with("-o report.html$");
    BOOST_TEST(matching(screen, "^proctor: the report is a page of HTML").size() == 1u);
    BOOST_TEST(matching(screen, "<").empty());
}

BOOST_FIXTURE_TEST_CASE(a_pipe_gets_lines_and_no_bar, lecture_hall) {
    const auto done = run_to_end(ask(endpoint, "q.jsonl", {"--parallel", "64"}));
    BOOST_TEST(done.code == 0, done.errors);
    for (const auto* text : {&done.errors, &done.output}) {
        BOOST_TEST(!contains(*text, "\r"));
        BOOST_TEST(!contains(*text, "\x1b"));
    }
    BOOST_TEST(contains(done.output, "Overall Accuracy: "));
}

BOOST_AUTO_TEST_SUITE_END()
