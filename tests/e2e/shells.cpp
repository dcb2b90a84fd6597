// What shells and man make of the pages that are written for them.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <regex>

using namespace proctor::test;

namespace {

std::string page(const words& command, std::string_view of = "proctor") {
    const auto shown = run_to_end({words{program(of)} + command, {}, "."});
    BOOST_TEST_REQUIRE(shown.code == 0, shown.errors);
    BOOST_TEST(shown.errors.empty());
    return shown.output;
}

// Programs without commands, which have flags where proctor has a command that writes a page.
const char* const tools[] = {"proctor-dump", "proctor-sim"};

std::string completion(std::string_view of, const std::string& shell) {
    return page(of == "proctor" ? words{"completion", shell} : words{"--completion", shell}, of);
}

std::string manual(std::string_view of) {
    return page({of == "proctor" ? "manual" : "--manual"}, of);
}

words flags_in(const std::string& help) {
    words flags;
    const std::regex name("--[a-z][a-z-]*");
    std::istringstream lines(help);
    for (std::string line; std::getline(lines, line);) {
        const auto begin = line.find_first_not_of(' ');
        const bool is_flag = (begin == 2 || begin == 4) && line[begin] == '-'; // 4: in a group
        if (!is_flag) continue;
        line = line.substr(0, line.find("  ", begin)); // not what it says of it
        for (std::sregex_iterator at(line.begin(), line.end(), name), end; at != end; ++at)
            flags.push_back(at->str());
    }
    return flags;
}

// Of the program's help, or that of each command.
words all_flags(std::string_view of) {
    if (of != "proctor") return flags_in(page({"--help"}, of));
    words flags;
    for (const auto* command :
         {"run", "config", "resume", "regrade", "status", "get", "export", "merge", "prune"})
        flags = flags + flags_in(page({command, "--help"}));
    BOOST_TEST(flags.size() > 50u);
    return flags;
}

// What bash offers for the last of `line`, whose first is the program.
std::string offered(const std::string& script, const words& line) {
    words quoted;
    for (const auto& word : line) quoted.push_back("'" + word + "'");
    const auto text = fmt::format("{}\nCOMP_WORDS=({}); COMP_CWORD={}; _{}\n"
                                  "printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
                                  script, fmt::join(quoted, " "), line.size() - 1, line.front());
    const auto done = run_to_end({{"/bin/bash", "-uc", text}, {}, "."});
    BOOST_TEST(done.code == 0, done.errors);
    BOOST_TEST(done.errors.empty(), done.errors);
    return done.output;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shells)

BOOST_AUTO_TEST_CASE(every_flag_is_on_every_page) {
    for (const std::string of : {"proctor", tools[0], tools[1]}) {
        const auto flags = all_flags(of);
        BOOST_TEST(flags.size() > 10u, of);
        const auto bash = completion(of, "bash"), zsh = completion(of, "zsh");
        const auto fish = completion(of, "fish"), man = manual(of);
        for (const auto& flag : flags) {
            BOOST_TEST(contains(bash, flag), of << " for bash has no " << flag);
            BOOST_TEST(contains(zsh, flag), of << " for zsh has no " << flag);
            BOOST_TEST(contains(fish, "-l " + flag.substr(2)), of << " for fish has no " << flag);
            const auto in_troff = std::regex_replace(flag, std::regex("-"), "\\-");
            BOOST_TEST(contains(man, in_troff), of << " for man has no " << flag);
        }
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

BOOST_AUTO_TEST_CASE(bash_completes_flags_values_and_files_of_the_tools) {
    const scratch_dir dir;
    dir.write("a run.snap", "");
    const auto dump = completion("proctor-dump", "bash"), sim = completion("proctor-sim", "bash");
    BOOST_TEST(offered(dump, {"proctor-dump", "--sal"}) == "--salvage\n");
    BOOST_TEST(offered(dump, {"proctor-dump", "--kind", "re"}) == "result\n");
    BOOST_TEST(offered(dump, {"proctor-dump", "--verify", dir.file("a r")}) ==
               dir.file("a run.snap") + "\n");
    BOOST_TEST(offered(sim, {"proctor-sim", "--plain", "--id"}) == "--idle-close\n");
    BOOST_TEST(offered(sim, {"proctor-sim", "--certificate", "w"}) == "wrong-name\n");
    BOOST_TEST(offered(sim, {"proctor-sim", "--questions", dir.file("a r")}) ==
               dir.file("a run.snap") + "\n");
    BOOST_TEST(offered(sim, {"proctor-sim", "--completion", ""}) == "bash\nzsh\nfish\n");
}

BOOST_AUTO_TEST_CASE(fish_completes_commands_flags_and_values) {
    const scratch_dir dir;
    std::string scripts;
    for (const std::string of : {"proctor", tools[0], tools[1]})
        scripts += "source " + dir.write(of + ".fish", completion(of, "fish")) + "; ";
    const auto offer = [&](const std::string& line) {
        const auto text = fmt::format("{}complete -C '{}'", scripts, line);
        const auto done = run_to_end({{"/usr/bin/fish", "-N", "-c", text}, {}, "."});
        BOOST_TEST(done.code == 0, done.errors);
        return std::regex_replace(done.output, std::regex("\t[^\n]*"), "");
    };
    BOOST_TEST(offer("proctor st") == "status\n");
    BOOST_TEST(offer("proctor run --checkpoint-i") == "--checkpoint-interval\n");
    BOOST_TEST(offer("proctor export --format js") == "json\njsonl\n");
    BOOST_TEST(offer("proctor completion z") == "zsh\n");
    BOOST_TEST(offer("proctor-dump --sal") == "--salvage\n");
    BOOST_TEST(offer("proctor-dump --kind re") == "result\n");
    BOOST_TEST(offer("proctor-sim --certificate w") == "wrong-name\n");
}

BOOST_AUTO_TEST_CASE(zsh_takes_its_scripts) {
    const scratch_dir dir;
    for (const std::string of : {"proctor", tools[0], tools[1]}) {
        dir.write("_" + of, completion(of, "zsh"));
        const auto text = fmt::format("fpath=({0}); autoload -U compinit; compinit -u -D; "
                                      "print ${{_comps[{1}]}}; autoload +X _{1}",
                                      dir.path().string() + " $fpath", of);
        const auto done = run_to_end({{"/usr/bin/zsh", "-fc", text}, {}, "."});
        BOOST_TEST(done.code == 0, done.errors);
        BOOST_TEST(done.errors.empty(), done.errors);
        BOOST_TEST(done.output == "_" + of + "\n");
    }
}

BOOST_AUTO_TEST_CASE(man_has_nothing_to_complain_of) {
    const scratch_dir dir;
    for (const std::string of : {"proctor", tools[0], tools[1]}) {
        const auto path = dir.write(of + ".1", manual(of));
        const auto done = run_to_end(
            {{"/usr/bin/groff", "-Kutf8", "-man", "-ww", "-Tutf8", "-rLL=100n", path}, {}, "."});
        BOOST_TEST(done.code == 0);
        BOOST_TEST(done.errors.empty(), done.errors);
        BOOST_TEST(done.output.size() > (of == "proctor" ? 10'000u : 2'000u));
    }
}

BOOST_AUTO_TEST_CASE(an_installation_has_the_pages_where_they_are_looked_for) {
    const scratch_dir dir;
    const auto done = run_to_end(
        {{"/usr/bin/cmake", "--install", program(".."), "--prefix", dir.path().string()}, {}, "."});
    BOOST_TEST_REQUIRE(done.code == 0, done.errors);
    for (const std::string of : {"proctor", tools[0], tools[1]}) {
        BOOST_TEST(std::filesystem::exists(dir.file("bin/" + of)));
        const auto share = dir.file("share/");
        BOOST_TEST(text_of(share + "bash-completion/completions/" + of) == completion(of, "bash"));
        BOOST_TEST(text_of(share + "zsh/site-functions/_" + of) == completion(of, "zsh"));
        BOOST_TEST(text_of(share + "fish/vendor_completions.d/" + of + ".fish") ==
                   completion(of, "fish"));
        BOOST_TEST(text_of(share + "man/man1/" + of + ".1") == manual(of));
    }
}

BOOST_AUTO_TEST_CASE(a_shell_that_is_none_of_them_is_told_of) {
    const auto asked = run_to_end({{program("proctor"), "completion", "csh"}, {}, "."});
    BOOST_TEST(asked.code == 2);
    BOOST_TEST(contains(asked.errors, "Say bash, zsh or fish"), asked.errors);
    for (const auto* of : tools) {
        const auto told = run_to_end({{program(of), "--completion", "csh"}, {}, "."});
        BOOST_TEST(told.code == 2);
        BOOST_TEST(contains(told.errors, "say bash, zsh or fish"), told.errors);
        BOOST_TEST(told.output.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
