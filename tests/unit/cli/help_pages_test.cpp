// What is written for shells and man, of programs with commands and of ones without.
#include "proctor/cli/help_pages.hpp"

#include <CLI/CLI.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

using namespace proctor;

namespace {

// Without commands, and with all that a flag may be.
struct tool {
    CLI::App app{"Looks at things.\nAnd more.", "thing-tool"};
    std::string text;
    bool quiet = false;

    tool() {
        app.footer("Examples:\n  thing-tool x");
        app.add_option("THING", text, "what to look at")->type_name("PATH");
        app.add_option("--colour", text, "of it: [any]")->type_name("red|light-blue");
        app.add_option("--part", text, "which one")->type_name("PART");
        app.add_option("--size", text, "at the most")->type_name("N")->default_str("no limit");
        app.add_option_group("One of them")->add_flag("-q,--quiet", quiet, "don't say anything");
    }
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != text.npos;
}

void check_has(const std::string& text, std::initializer_list<std::string_view> parts) {
    for (const auto part : parts)
        BOOST_TEST(contains(text, part), "\"" << part << "\" is not in: " << text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(help_pages)

BOOST_AUTO_TEST_CASE(a_program_without_commands_completes_its_own_flags) {
    const tool one;
    const value_words known{{"PART", {"head", "tail"}}};
    check_has(completion_script(one.app, shell::bash, known),
              {"thing-tool --completion bash > /etc/bash_completion.d/thing-tool\n",
               "complete -F _thing-tool thing-tool\n", "--colour", "-W \"red light-blue\"",
               "-W \"head tail\"", "-q --quiet", "compgen -f"});
    check_has(completion_script(one.app, shell::zsh, known),
              {"#compdef thing-tool\n",
               R"('*--colour[of it\: \[any\]]:red|light-blue:(red light-blue)')",
               R"('*--quiet[don'\''t say anything]')", "'*:PATH:_files'"});
    check_has(completion_script(one.app, shell::fish, known),
              {"complete -c thing-tool -l colour -x -a 'red light-blue' -d 'of it: [any]'\n",
               "complete -c thing-tool -l part -x -a 'head tail' -d 'which one'\n",
               R"(complete -c thing-tool -s q -l quiet -d 'don\'t say anything')"});
}

BOOST_AUTO_TEST_CASE(a_program_with_commands_completes_them_first) {
    CLI::App app{"Does things.", "things"};
    auto& walk = *app.add_subcommand("walk", "go");
    bool far = false;
    walk.add_flag("--far", far, "a long way");
    check_has(completion_script(app, shell::bash), {"things completion bash", "walk) ", "--far"});
    check_has(completion_script(app, shell::zsh), {"'walk:go'", "'*--far[a long way]'"});
    check_has(completion_script(app, shell::fish),
              {"-n __fish_use_subcommand -x -a walk -d 'go'\n",
               "-n '__fish_seen_subcommand_from walk' -l far -d 'a long way'\n"});
    check_has(manual_page(app, "do things"),
              {".I COMMAND\n", ".SH COMMANDS\n.SS things walk\ngo\n"});
}

BOOST_AUTO_TEST_CASE(a_manual_page_has_all_that_the_parser_knows) {
    const tool one;
    const auto page = manual_page(one.app, "look at things");
    check_has(page,
              {".SH NAME\nthing\\-tool \\- look at things\n",
               ".B thing\\-tool\n[\\fIflags\\fR]\n\\fIPATH\\fR...\n",
               "Looks at things.\nAnd more.\n", "\\fB\\-\\-colour\\fR \\fIred|light\\-blue\\fR\n",
               "at the most (default: no limit)\n", "\\fB\\-q, \\-\\-quiet\\fR\n",
               ".SH EXAMPLES\n.nf\nExamples:\n"});
    BOOST_TEST(!contains(page, "COMMAND"));
    const std::string_view help = "\\-\\-help\\fR";
    BOOST_TEST(page.find(help) == page.rfind(help)); // groups have one of their own
    BOOST_TEST(page.find(help) != page.npos);
}

BOOST_AUTO_TEST_CASE(pages_are_asked_for_by_flags_whatever_is_missing) {
    const auto parse = [](const std::string& line) {
        CLI::App app{"Looks at things.", "thing-tool"};
        std::string thing;
        app.add_option("THING", thing, "what to look at")->type_name("PATH")->required();
        add_page_flags(app, "look at things");
        app.parse(line);
    };
    BOOST_CHECK_THROW(parse("--manual"), CLI::Success);
    BOOST_CHECK_THROW(parse("--completion fish"), CLI::Success);
    BOOST_CHECK_THROW(parse("--completion csh x"), CLI::ValidationError);
    BOOST_CHECK_THROW(parse(""), CLI::RequiredError);
    BOOST_CHECK_NO_THROW(parse("x"));
}

BOOST_AUTO_TEST_SUITE_END()
