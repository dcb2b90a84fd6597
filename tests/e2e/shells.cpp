// What shells and man make of the pages that are written for them.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <regex>

using namespace proctor::test;

namespace {

std::string page(const words& command) {
    const auto shown = run_to_end({words{program("proctor")} + command, {}, "."});
    BOOST_TEST_REQUIRE(shown.code == 0, shown.errors);
    BOOST_TEST(shown.errors.empty());
    return shown.output;
}

// Of the program's help, and that of each command.
words all_flags() {
    words flags;
    const std::regex name("--[a-z][a-z-]*");
    const auto take = [&](const std::string& help) {
        std::istringstream lines(help);
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("  -")) continue;
            line = line.substr(0, line.find("  ", 2)); // not what it says of it
            for (std::sregex_iterator at(line.begin(), line.end(), name), end; at != end; ++at)
                flags.push_back(at->str());
        }
    };
    for (const auto* command :
         {"run", "config", "resume", "regrade", "status", "get", "export", "merge", "prune"})
        take(page({command, "--help"}));
    BOOST_TEST(flags.size() > 50u);
    return flags;
}

// What bash offers for the last of `line`.
std::string offered(const std::string& script, const words& line) {
    words quoted;
    for (const auto& word : line) quoted.push_back("'" + word + "'");
    const auto text = fmt::format("{}\nCOMP_WORDS=({}); COMP_CWORD={}; _proctor\n"
                                  "printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
                                  script, fmt::join(quoted, " "), line.size() - 1);
    const auto done = run_to_end({{"/bin/bash", "-uc", text}, {}, "."});
    BOOST_TEST(done.code == 0, done.errors);
    BOOST_TEST(done.errors.empty(), done.errors);
    return done.output;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shells)

BOOST_AUTO_TEST_CASE(every_flag_is_on_every_page) {
    const auto manual = page({"manual"});
    for (const auto* shell : {"bash", "zsh"}) {
        const auto script = page({"completion", shell});
        for (const auto& flag : all_flags())
            BOOST_TEST(script.find(flag) != script.npos, shell << " has no " << flag);
    }
    const auto fish = page({"completion", "fish"});
    for (const auto& flag : all_flags()) {
        BOOST_TEST(fish.find("-l " + flag.substr(2)) != fish.npos, "fish has no " << flag);
        const auto in_troff = std::regex_replace(flag, std::regex("-"), "\\-");
        BOOST_TEST(manual.find(in_troff) != manual.npos, "man has no " << flag);
    }
}

BOOST_AUTO_TEST_CASE(bash_completes_commands_flags_values_and_files) {
    const scratch_dir dir;
    dir.write("a question set.jsonl", "");
    const auto script = page({"completion", "bash"});
    BOOST_TEST(offered(script, {"proctor", "st"}) == "status\n");
    BOOST_TEST(offered(script, {"proctor", "run", "--checkpoint-i"}) == "--checkpoint-interval\n");
    BOOST_TEST(offered(script, {"proctor", "export", "r", "--format", "js"}) == "json\njsonl\n");
    BOOST_TEST(offered(script, {"proctor", "run", "--model", ""}) == "\n"); // anything goes
    BOOST_TEST(offered(script, {"proctor", "run", dir.file("a q")}) ==
               dir.file("a question set.jsonl") + "\n");
    BOOST_TEST(offered(script, {"proctor", "completion", ""}) == "bash\nzsh\nfish\n");
    BOOST_TEST(offered(script, {"proctor", "config", "--explain", "processing.max_ti"}) ==
               "processing.max_time\n");
}

BOOST_AUTO_TEST_CASE(fish_completes_commands_flags_and_values) {
    const scratch_dir dir;
    const auto script = dir.write("proctor.fish", page({"completion", "fish"}));
    const auto offer = [&](const std::string& line) {
        const auto text = fmt::format("source {}; complete -C '{}'", script, line);
        const auto done = run_to_end({{"/usr/bin/fish", "-N", "-c", text}, {}, "."});
        BOOST_TEST(done.code == 0, done.errors);
        return std::regex_replace(done.output, std::regex("\t[^\n]*"), "");
    };
    BOOST_TEST(offer("proctor st") == "status\n");
    BOOST_TEST(offer("proctor run --checkpoint-i") == "--checkpoint-interval\n");
    BOOST_TEST(offer("proctor export --format js") == "json\njsonl\n");
    BOOST_TEST(offer("proctor completion z") == "zsh\n");
}

BOOST_AUTO_TEST_CASE(zsh_takes_its_script) {
    const scratch_dir dir;
    dir.write("_proctor", page({"completion", "zsh"}));
    const auto text = fmt::format("fpath=({}); autoload -U compinit; compinit -u -D; "
                                  "print ${{_comps[proctor]}}; autoload +X _proctor",
                                  dir.path().string() + " $fpath");
    const auto done = run_to_end({{"/usr/bin/zsh", "-fc", text}, {}, "."});
    BOOST_TEST(done.code == 0, done.errors);
    BOOST_TEST(done.errors.empty(), done.errors);
    BOOST_TEST(done.output == "_proctor\n");
}

BOOST_AUTO_TEST_CASE(man_has_nothing_to_complain_of) {
    const scratch_dir dir;
    const auto path = dir.write("proctor.1", page({"manual"}));
    const auto done = run_to_end(
        {{"/usr/bin/groff", "-Kutf8", "-man", "-ww", "-Tutf8", "-rLL=100n", path}, {}, "."});
    BOOST_TEST(done.code == 0);
    BOOST_TEST(done.errors.empty(), done.errors);
    BOOST_TEST(done.output.size() > 10'000u);
}

BOOST_AUTO_TEST_CASE(a_shell_that_is_none_of_them_is_told_of) {
    const auto asked = run_to_end({{program("proctor"), "completion", "csh"}, {}, "."});
    BOOST_TEST(asked.code == 2);
    BOOST_TEST(asked.errors.find("Say bash, zsh or fish") != std::string::npos, asked.errors);
}

BOOST_AUTO_TEST_SUITE_END()
