// The commands on runs, on what real runs leave behind and while they live.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <iomanip>
#include <optional>
#include <sstream>

using namespace proctor::test;

namespace {

constexpr std::size_t total = 30;

struct class_room : workplace {
    class_room() { dir.write("q.jsonl", few_questions(total)); }

    boost::json::value status(const std::string& run) const {
        return boost::json::parse(result_of({"status", run, "--json"}));
    }

    // Runs to its end; the results file that it wrote.
    std::filesystem::path complete(const words& more = {}) const {
        const simulator endpoint({"--questions", dir.file("q.jsonl"), "--accuracy", "0.5"});
        const auto run = run_to_end(ask(endpoint, "q.jsonl", more));
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        return results_path(*this, run.errors);
    }
};

// A run that has some results and gets no further: its second session waits for an hour.
struct live_run : class_room {
    live_run() {
        const simulator quick({"--latency", "50ms"});
        child_process beginning(ask(quick, "q.jsonl", some + words{"--ack-fd", "3"}));
        beginning.acknowledged.wait_for("\n");
        beginning.send(SIGTERM);
        BOOST_REQUIRE(beginning.wait().code == 143);
        done = count_lines(beginning.acknowledged.all());
        process.emplace(ask(slow, "q.jsonl", some));
        while (slow.requests() == 0)
            BOOST_REQUIRE(!process->ends_within(std::chrono::milliseconds{20}));
    }
    void kill() {
        process->send(SIGKILL);
        process->wait();
    }

    const words some{"--parallel", "2", "--save-incremental"};
    const simulator slow{{"--latency", "1h"}};
    std::size_t done = 0; // results that it has
    std::optional<child_process> process;
};

boost::json::array lines_of(const std::string& text) {
    boost::json::array all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) all.push_back(boost::json::parse(line));
    return all;
}

// Rows of CSV, as RFC 4180 has them.
std::vector<words> rows_of(const std::string& text) {
    std::vector<words> rows(1, words(1));
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"')
            rows.back().back() += text[++i];
        else if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            rows.back().emplace_back();
        else if (c == '\n' && !quoted)
            rows.emplace_back(1);
        else
            rows.back().back() += c;
    }
    rows.pop_back();
    return rows;
}

} // namespace

BOOST_AUTO_TEST_SUITE(commands)

BOOST_FIXTURE_TEST_CASE(each_command_has_help_with_examples, class_room) {
    for (const auto* name :
         {"regrade", "status", "get", "export", "report", "view", "merge", "compare", "prune"}) {
        const auto help = result_of({name, "--help"});
        BOOST_TEST(contains(help, "Examples:"));
        BOOST_TEST(contains(help, std::string("proctor ") + name));
        BOOST_TEST(contains(result_of({"--help"}), name));
    }
}

BOOST_FIXTURE_TEST_CASE(what_is_no_run_is_told_apart_from_wrong_usage, class_room) {
    std::filesystem::create_directory(dir.file("empty"));
    for (const words& command : {words{"status"}, words{"get"}, words{"export"}, words{"report"}}) {
        const words rest = command[0] == "get"      ? words{"1"}
                           : command[0] == "export" ? words{"--format", "json"}
                                                    : words{};
        for (const auto& [path, code] :
             {std::pair{"nowhere", 4}, std::pair{"empty", 4}, std::pair{"q.jsonl", 2}}) {
            const auto refused = say(command + words{path} + rest);
            BOOST_TEST(refused.code == code);
            BOOST_TEST(refused.output == "");
            BOOST_TEST(refused.errors.starts_with(std::string("proctor: ") + path));
        }
    }
    BOOST_TEST(contains(say({"statsu", "x"}).errors, "did you mean proctor status?"));
    BOOST_TEST(contains(say({"status", "x", "--wacth"}).errors, "did you mean --watch?"));
}

BOOST_FIXTURE_TEST_CASE(status_of_a_live_run_names_its_process_and_of_a_killed_one_its_death,
                        live_run) {
    const auto live = status("checkpoints");
    BOOST_REQUIRE(live.as_array().size() == 1u);
    BOOST_TEST(live.at_pointer("/0/state").as_string() == "running");
    BOOST_TEST(live.at_pointer("/0/pid").to_number<int>() == process->id());
    BOOST_TEST(live.at_pointer("/0/total").to_number<std::size_t>() == total);
    BOOST_TEST(live.at_pointer("/0/completed_count").to_number<std::size_t>() == done);
    BOOST_TEST(contains(result_of({"status", "checkpoints/latest"}), "running: process "));

    kill();
    const auto dead = status("checkpoints/latest");
    BOOST_TEST(dead.at("state").as_string() == "died");
    const auto text = result_of({"status", "checkpoints/latest"});
    BOOST_TEST(contains(text, "is gone"));
    BOOST_TEST(contains(text, "`proctor resume checkpoints/checkpoint_q_m_"));
    // Looking changed nothing: the run goes on.
    const simulator quick;
    const auto rest = run_to_end(ask(quick, "q.jsonl", {"--must-resume"}));
    BOOST_TEST(rest.code == 0, rest.errors);
}

BOOST_FIXTURE_TEST_CASE(status_of_a_complete_run_agrees_with_its_results, class_room) {
    const auto results = json_of(complete());
    const auto seen = status("checkpoints/latest");
    BOOST_TEST(seen.at("state").as_string() == "finished");
    BOOST_TEST(seen.at("completed_count").to_number<std::size_t>() == total);
    BOOST_TEST(seen.at("accuracy") == results.at_pointer("/metadata/statistics/overall/accuracy"));
    BOOST_TEST(seen.at_pointer("/tokens/prompt") ==
               results.at_pointer("/metadata/statistics/prompt_tokens"));
    BOOST_TEST(contains(result_of({"status", "checkpoints/latest"}), "nothing is left to do"));
    BOOST_TEST(count_lines(result_of({"status", "checkpoints"})) == 2u);
}

BOOST_FIXTURE_TEST_CASE(a_watch_ends_with_the_run, live_run) {
    child_process watch(proctor({"status", "checkpoints/latest", "--watch"}));
    watch.output.wait_for("running");
    kill();
    BOOST_TEST(watch.wait().code == 0);
    BOOST_TEST(contains(watch.output.all(), ": died, "));
}

BOOST_FIXTURE_TEST_CASE(a_starting_run_is_never_turned_away_by_somebody_who_looks, class_room) {
    complete();
    child_process watch(
        {{"/bin/sh", "-c", "while " + program("proctor") + " status checkpoints; do :; done"},
         {},
         dir.path().string()});
    watch.output.wait_for("finished");
    for (int start = 0; start < 5; ++start) complete({"--must-resume"});
    watch.send(SIGKILL);
}

BOOST_FIXTURE_TEST_CASE(single_results_come_in_the_order_asked_as_they_stand, class_room) {
    const auto results = results_in(complete());
    const auto found = lines_of(result_of({"get", "checkpoints", "17", "3", "17"}));
    BOOST_REQUIRE(found.size() == 3u);
    BOOST_TEST((found[0] == results.at(16)));
    BOOST_TEST((found[1] == results.at(2)));
    BOOST_TEST((found[2] == results.at(16)));

    const auto partly = say({"get", "checkpoints", "1", "4711"});
    BOOST_TEST(partly.code == 3);
    BOOST_TEST(lines_of(partly.output).size() == 1u);
    BOOST_TEST(contains(partly.errors, "4711"));
}

BOOST_FIXTURE_TEST_CASE(every_format_of_an_export_holds_the_results_of_the_run, class_room) {
    const auto path = complete();
    const auto results = results_in(path);

    BOOST_TEST((lines_of(result_of({"export", "checkpoints", "--format", "jsonl"})) == results));

    const auto json =
        boost::json::parse(result_of({"export", "checkpoints/latest", "--format", "json"}));
    BOOST_TEST((json.at("results").as_array() == results));
    auto expected = json_of(path).at("metadata").as_object();
    auto about = json.at("metadata").as_object();
    for (auto* metadata : {&expected, &about}) {
        metadata->erase("timestamp");
        for (const auto* name : {"run", "questions_file"}) // which each names as it was told
            BOOST_TEST(metadata->erase(name) == 1u);
    }
    BOOST_TEST(expected.erase("session") == 1u); // of no export
    BOOST_TEST((about == expected));

    BOOST_TEST(result_of({"export", "checkpoints", "--format", "csv", "-o", "r.csv"}) == "");
    const auto rows = rows_of(text_of(dir.file("r.csv")));
    BOOST_REQUIRE(rows.size() == total + 1);
    for (std::size_t i = 0; i < total; ++i) {
        const auto& row = rows[i + 1];
        BOOST_REQUIRE(row.size() == rows[0].size());
        BOOST_TEST(row[0] == std::to_string(i + 1));
        BOOST_TEST(std::stod(row[3]) == results[i].at("score").to_number<double>());
        BOOST_TEST(row[7] == results[i].at("model_answer").as_string().c_str());
        BOOST_TEST(row[8] == results[i].at("question").as_string().c_str());
    }

    const auto checkpoint =
        boost::json::parse(result_of({"export", "checkpoints", "--format", "checkpoint"}));
    BOOST_TEST((checkpoint.at("results").as_array() == results));
    BOOST_TEST(checkpoint.at("completed_indices").as_array().size() == total);
    BOOST_TEST(checkpoint.at("completed_count").to_number<std::size_t>() == total);
    BOOST_TEST(checkpoint.at_pointer("/config/model/generator_settings/model").as_string() == "m");
    BOOST_TEST(checkpoint.at("version").as_string() == "2.0");

    const auto wrong =
        lines_of(result_of({"export", "checkpoints", "--format", "jsonl", "--incorrect"}));
    BOOST_TEST(wrong.size() == total / 2);
    for (const auto& result : wrong) BOOST_TEST(result.at("score").to_number<double>() == 0);
}

// A file would take its place.
BOOST_FIXTURE_TEST_CASE(an_export_into_a_pipe_goes_through_it, class_room) {
    complete();
    const auto pipe = dir.file("pipe");
    BOOST_TEST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    child_process reader({{"/bin/cat", pipe}, {}, "."});
    BOOST_TEST(result_of({"export", "checkpoints", "--format", "jsonl", "-o", pipe}) == "");
    BOOST_TEST(reader.wait().code == 0);
    BOOST_TEST(reader.output.all() == result_of({"export", "checkpoints", "--format", "jsonl"}));
    BOOST_TEST(std::filesystem::is_fifo(pipe));
}

BOOST_FIXTURE_TEST_CASE(a_live_run_can_be_exported_with_what_is_durable, live_run) {
    BOOST_TEST(done > 0u);
    BOOST_TEST(lines_of(result_of({"export", "checkpoints", "--format", "jsonl"})).size() == done);
    const auto checkpoint =
        boost::json::parse(result_of({"export", "checkpoints", "--format", "checkpoint"}));
    BOOST_TEST(checkpoint.at("completed_count").to_number<std::size_t>() == done);
}

BOOST_FIXTURE_TEST_CASE(an_export_that_cannot_be_written_says_so, class_room) {
    complete();
    const auto full = run_to_end(
        {{"/bin/sh", "-c", program("proctor") + " export checkpoints --format json > /dev/full"},
         {},
         dir.path().string()});
    BOOST_TEST(full.code == 6);
    BOOST_TEST(contains(full.errors, "standard output"));
    BOOST_TEST(say({"export", "checkpoints", "--format", "csv", "-o", "none/r.csv"}).code == 2);
}

BOOST_FIXTURE_TEST_CASE(a_report_has_the_figures_of_its_run_and_none_of_its_questions, class_room) {
    const auto results = json_of(complete());
    BOOST_TEST(result_of({"report", "checkpoints", "-o", "report.html"}) == "");
    const auto page = text_of(dir.file("report.html"));
    const auto accuracy = results.at_pointer("/metadata/statistics/overall/accuracy");
    std::ostringstream percent;
    percent << std::fixed << std::setprecision(1) << 100 * accuracy.to_number<double>() << " %";
    BOOST_TEST(contains(page, "<b>" + percent.str() + "</b>"));
    BOOST_TEST(contains(page, "<b>" + std::to_string(total) + "</b>"));
    BOOST_TEST(contains(page, " &#183; finished &#183; "));
    BOOST_TEST(contains(page, "1 process worked on this run."));
    BOOST_TEST(contains(page, "<td class=\"text\">finished</td>"));
    BOOST_TEST(!contains(page, "plus one"));
    // Printed, it is the same but for the time in it.
    const auto printed = result_of({"report", "checkpoints/latest"});
    BOOST_TEST(printed.substr(0, printed.rfind("<footer>")) ==
               page.substr(0, page.rfind("<footer>")));
    for (const auto* nowhere : {"none/report.html", "checkpoints"})
        BOOST_TEST(say({"report", "checkpoints", "-o", nowhere}).code == 2);
}

BOOST_FIXTURE_TEST_CASE(a_report_of_a_live_run_shows_what_is_durable, live_run) {
    const auto page = result_of({"report", "checkpoints"});
    BOOST_TEST(contains(page, " &#183; running &#183; "));
    BOOST_TEST(contains(page, "<b>" + std::to_string(done) + "</b><span>of 30</span>"));
    BOOST_TEST(contains(page, "<td class=\"text\">works</td>"));
    kill();
    BOOST_TEST(contains(result_of({"report", "checkpoints"}), "never said: killed"));
}

BOOST_FIXTURE_TEST_CASE(a_run_that_was_packed_anew_is_the_same_to_every_command, class_room) {
    const auto results = results_in(complete());
    BOOST_TEST(contains(result_of({"merge", "packed", "checkpoints"}), "Overall Accuracy: "));
    BOOST_TEST((lines_of(result_of({"export", "packed", "--format", "jsonl"})) == results));
    const auto before = status("checkpoints/latest"), after = status("packed");
    for (const auto* same : {"state", "completed_count", "total", "accuracy", "tokens"})
        BOOST_TEST(before.at(same) == after.at(same));
    BOOST_TEST(before.at("run_id") != after.at("run_id"));
    BOOST_TEST(say({"merge", "packed", "checkpoints"}).code == 2); // it is there by now

    complete({"--limit", "7"}); // something else
    const auto refused = say({"merge", "both", "packed", "checkpoints/latest"});
    BOOST_TEST(refused.code == 4);
    BOOST_TEST(contains(refused.errors, R"(selection.limit: "none" in the first, 7)"));
    BOOST_TEST(!std::filesystem::exists(dir.file("both")));
}

BOOST_FIXTURE_TEST_CASE(pruning_leaves_a_live_run_alone, live_run) {
    complete({"--no-auto-resume"});
    complete({"--no-auto-resume"});
    BOOST_REQUIRE(runs().size() == 3u);
    const auto told = result_of({"prune", "checkpoints", "--keep", "1", "--dry-run"});
    BOOST_TEST(contains(told, "would remove checkpoints/checkpoint_"));
    BOOST_TEST(runs().size() == 3u);

    const auto pruned = result_of({"prune", "checkpoints", "--keep", "1"});
    BOOST_TEST(contains(pruned, "Removed 1 directory, "));
    BOOST_TEST(contains(pruned, "is held by process " + std::to_string(process->id())));
    BOOST_TEST(runs().size() == 2u);
    BOOST_TEST(status(runs().front()).at("state").as_string() == "running");
}

BOOST_FIXTURE_TEST_CASE(runs_of_the_same_questions_are_compared, class_room) {
    complete({"--checkpoint-dir", "half"});
    const simulator knowing({"--questions", dir.file("q.jsonl"), "--accuracy", "1"});
    const auto all = run_to_end(ask(knowing, "q.jsonl", {"--checkpoint-dir", "all"}));
    BOOST_REQUIRE_MESSAGE(all.code == 0, all.errors);

    const auto right = static_cast<std::uint64_t>(
        status("half").at(0).at("accuracy").to_number<double>() * double(total) + 0.5);
    BOOST_TEST(right < total);
    const auto told = boost::json::parse(result_of({"compare", "half", "all", "--json"}));
    BOOST_TEST(told.at("questions").to_number<std::size_t>() == total);
    BOOST_TEST(told.at("second").at("accuracy").to_number<double>() == 1.0);
    BOOST_TEST(told.at("only_first_right").to_number<std::uint64_t>() == 0u);
    BOOST_TEST(told.at("only_second_right").to_number<std::uint64_t>() == total - right);
    BOOST_TEST(contains(result_of({"compare", "half", "half"}), "Difference: +0.0 points"));

    dir.write("others.jsonl", few_questions(total + 1));
    const auto others = run_to_end(ask(knowing, "others.jsonl", {"--checkpoint-dir", "others"}));
    BOOST_REQUIRE_MESSAGE(others.code == 0, others.errors);
    const auto refused = say({"compare", "half", "others"});
    BOOST_TEST(refused.code == 4);
    BOOST_TEST(contains(refused.errors, "different questions"));
    BOOST_TEST(say({"compare", "half", "nothing"}).code == 4);
}

BOOST_AUTO_TEST_SUITE_END()
