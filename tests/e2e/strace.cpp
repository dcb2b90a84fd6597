// The order of the shipped program's system calls, as strace sees it: what STORE.md demands,
// whatever our own file layer believes. And that a breach of each rule would be found.
#include "disk_discipline.hpp"
#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <sstream>

using namespace proctor::test;

namespace {

// --- traces made by hand ----------------------------------------------------------------------

struct line {
    std::string label;
    std::string text;
};
using script = std::vector<line>;

constexpr const char* here = "/w";
constexpr const char* run = "/w/checkpoints/checkpoint_q";

std::string in_run(const std::string& name) {
    return std::string(run) + "/" + name;
}
std::string call(const std::string& what, const std::string& result = "0") {
    return "7 " + what + " = " + result + "\n";
}
std::string open_new(int descriptor, const std::string& path) {
    return call("openat(AT_FDCWD</w>, \"" + path + "\", O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC, 0666)",
                std::to_string(descriptor) + "<" + path + ">");
}
std::string sync(int descriptor, const std::string& result = "0") {
    return call("fdatasync(" + std::to_string(descriptor) + "</x>)", result);
}
std::string write_at(int descriptor, const std::string& literal, std::size_t size,
                     std::uint64_t offset) {
    return call("pwrite64(" + std::to_string(descriptor) + "</x>, \"" + literal + "\", " +
                    std::to_string(size) + ", " + std::to_string(offset) + ")",
                std::to_string(size));
}
std::string rename_new(const std::string& from, const std::string& to) {
    return call("renameat2(AT_FDCWD</w>, \"" + from + "\", AT_FDCWD</w>, \"" + to +
                "\", RENAME_NOREPLACE)");
}
std::string sync_directory(const std::string& path) {
    return call("openat(AT_FDCWD</w>, \"" + path + "\", O_RDONLY|O_CLOEXEC|O_DIRECTORY)",
                "30<" + path + ">") +
           call("fsync(30<" + path + ">)") + call("close(30<" + path + ">)");
}
std::string acknowledge(const std::string& literal, std::size_t size) {
    return call("write(3<pipe:[1]>, \"" + literal + "\", " + std::to_string(size) + ")",
                std::to_string(size));
}

std::string octal(char byte) {
    char text[5];
    std::snprintf(text, sizeof text, "\\%03o", static_cast<unsigned char>(byte));
    return text;
}
std::string octal_number(std::uint64_t number, std::size_t bytes) {
    std::string text;
    for (; bytes > 0; --bytes, number >>= 8) text += octal(static_cast<char>(number & 0xff));
    return text;
}

// A frame of a page with the records of questions `first` to `last`, of the same LSNs.
std::string frame(int descriptor, std::uint64_t offset, std::uint64_t first, std::uint64_t last) {
    std::string body, literal = "FRM1" + octal_number(0, 4);
    std::size_t size = 0;
    for (auto question = first; question <= last; ++question) {
        body += R"({\"question_id\":)" + std::to_string(question) + "}";
        size += 16 + std::to_string(question).size();
    }
    literal += octal_number(size, 4) + octal_number(size, 4) + octal_number(0, 4) +
               octal_number(last - first + 1, 4) + octal_number(1, 8) + octal_number(first, 8) +
               octal_number(0, 24) + body;
    for (auto padding = 64 + size; padding < 4096; ++padding) literal += R"(\0)";
    return write_at(descriptor, literal, 4096, offset);
}

// Makes a file as all that is never replaced is made.
script made(const std::string& what, int descriptor, const std::string& path) {
    return {{what + " created", open_new(descriptor, path + ".tmp")},
            {what + " filled", write_at(descriptor, "x", 1, 0)},
            {what + " synced", sync(descriptor)},
            {what + " named", rename_new(path + ".tmp", path)},
            {what + " kept", sync_directory(path.substr(0, path.rfind('/')))}};
}

using proctor::test::operator+; // which ours would hide
script operator+(script first, const script& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

// The life of a run that does everything right: two questions, a segment that is sealed, compacted
// and removed, a third question.
script faultless() {
    const auto first = in_run("wal-00000000000000000001-00001.log");
    const auto second = in_run("wal-00000000000000000003-00001.log");
    return script{{"directory made", call("mkdir(\"" + std::string(run) + "\", 0777)")},
                  {"directory kept", sync_directory("/w/checkpoints")}} +
           made("segment", 5, first) + made("run.json", 6, in_run("run.json")) +
           script{{"written", frame(5, 4096, 1, 2)},
                  {"synced", sync(5)},
                  {"acknowledged", acknowledge(R"(1\n2\n)", 4)}} +
           made("successor", 8, second) + made("snapshot", 9, in_run("snapshot-1-2-1.snap")) +
           script{{"removed", call("unlink(\"" + first + "\")")},
                  {"written again", frame(8, 4096, 3, 3)},
                  {"synced again", sync(8)},
                  {"acknowledged again", acknowledge(R"(3\n)", 2)},
                  {"status written", open_new(10, in_run("status.json.tmp"))},
                  {"status named", call("rename(\"" + in_run("status.json.tmp") + "\", \"" +
                                        in_run("status.json") + "\")")},
                  {"ended", "7 +++ exited with 0 +++\n"}};
}

std::size_t place_of(const script& lines, const std::string& label) {
    for (std::size_t i = 0; i < lines.size(); ++i)
        if (lines[i].label == label) return i;
    throw std::runtime_error("no line is called " + label);
}
script without(script lines, const std::string& label) {
    lines.erase(lines.begin() + static_cast<long>(place_of(lines, label)));
    return lines;
}
script with(script lines, const std::string& text, const std::string& behind) {
    lines.insert(lines.begin() + static_cast<long>(place_of(lines, behind)) + 1, {"new", text});
    return lines;
}
script moved(script lines, const std::string& label, const std::string& behind) {
    const auto text = lines[place_of(lines, label)].text;
    return with(without(std::move(lines), label), text, behind);
}
script instead(script lines, const std::string& label, const std::string& text) {
    lines[place_of(lines, label)].text = text;
    return lines;
}

trace read(const script& lines) {
    std::string text;
    for (const auto& each : lines) text += each.text;
    return read_trace(text);
}

std::vector<std::string> complaints_of(std::initializer_list<script> sessions) {
    disk_discipline rules(here);
    for (const auto& session : sessions) rules.watch(read(session));
    return rules.complaints();
}

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& each : lines) text += each + "\n";
    return text;
}

void check_found(const std::vector<std::string>& complaints, std::string_view part) {
    BOOST_TEST(contains(joined(complaints), part),
               "\"" << part << "\" is not among: " << joined(complaints));
}

// --- traces of the real program ---------------------------------------------------------------

constexpr unsigned total = 60; // frames for more than one small segment

// What is in the working directory, and what its processes did to the disk.
class watched_run {
public:
    watched_run()
        : questions_(where_.dir.write("q.jsonl", few_questions(total))),
          endpoint_({"--questions", questions_, "--latency", "10ms"}),
          rules_(std::filesystem::canonical(where_.dir.path()).string()),
          books_(witnesses_of(endpoint_)) {}

    command traced(const words& options, const words& mode) const {
        auto what = where_.ask(endpoint_, questions_,
                               words{"--parallel", "3", "--ack-fd", "3"} + small_segments + mode);
        what.words = words{"/usr/bin/strace",
                           "-f",
                           "-y",
                           "-s",
                           "2097152",
                           "-o",
                           trace_path(),
                           "-e",
                           "trace=openat,write,pwrite64,writev,pwritev,pwritev2,fdatasync,fsync,"
                           "rename,renameat,renameat2,link,linkat,unlink,unlinkat,ftruncate,"
                           "truncate,close,mkdir"} +
                     options + what.words;
        what.environment["LSAN_OPTIONS"] = "detect_leaks=0"; // it does not work under strace
        return what;
    }

    // To the end, whatever it is.
    finished to_the_end(const words& mode, const words& options = {}) {
        child_process strace(traced(options, mode));
        const auto code = strace.wait().code;
        note(strace);
        return {code, strace.output.all(), strace.errors.all()};
    }

    // Killed as soon as it has acknowledged so many.
    void killed_after(std::size_t acknowledgements, const words& mode) {
        child_process strace(traced({}, mode));
        strace.acknowledged.wait_until(
            [&](const std::string& text) { return count_lines(text) >= acknowledgements; });
        ::kill(child_of(strace.id()), SIGKILL); // strace then ends in the same way
        BOOST_TEST(strace.wait().signal == SIGKILL);
        note(strace);
    }

    // After the last process.
    void check(const finished& last) const {
        BOOST_REQUIRE_MESSAGE(last.code == 0, last.errors);
        BOOST_TEST(rules_.complaints().empty(), joined(rules_.complaints()));
        const auto results = results_in(results_path(where_, last.errors));
        BOOST_TEST(results.size() == total);
        BOOST_TEST(books_.settle(results).none());
        const auto& seen = rules_.seen();
        std::cout << "acknowledgements " << seen.acknowledged << ", syncs " << seen.syncs
                  << ", names " << seen.names << ", removed segments " << seen.removed_segments
                  << ", breaches " << rules_.complaints().size() << std::endl;
        BOOST_TEST(seen.names >= 3u); // a segment, run.json, results
        BOOST_TEST(seen.removed_segments > 0u);
    }

    std::size_t acknowledged() const { return rules_.seen().acknowledged; }

private:
    std::string trace_path() const { return trace_.file("trace"); }

    static pid_t child_of(pid_t parent) {
        const auto process = std::to_string(parent);
        return std::stoi(text_of("/proc/" + process + "/task/" + process + "/children"));
    }

    void note(child_process& strace) {
        rules_.watch(read_trace(text_of(trace_path())));
        books_.note_acknowledged(strace.acknowledged.all());
        books_.note_end();
    }

    workplace where_;
    scratch_dir trace_;
    std::string questions_;
    simulator endpoint_;
    disk_discipline rules_;
    run_books books_;
};

const words each_result{"--save-incremental"};
const words by_interval{"--checkpoint-interval", "5"};

} // namespace

BOOST_AUTO_TEST_SUITE(strace)

BOOST_AUTO_TEST_CASE(a_run_that_nobody_disturbs_keeps_the_order) {
    for (const auto& mode : {each_result, by_interval}) {
        watched_run watched;
        const auto last = watched.to_the_end(mode);
        watched.check(last);
        BOOST_TEST(watched.acknowledged() == total);
    }
}

BOOST_AUTO_TEST_CASE(a_run_that_is_killed_and_gone_on_with_keeps_the_order) {
    for (const auto& mode : {each_result, by_interval}) {
        watched_run watched;
        watched.killed_after(5, mode);
        watched.killed_after(3, mode);
        watched.check(watched.to_the_end(mode));
    }
}

BOOST_AUTO_TEST_CASE(after_a_sync_that_fails_nothing_relies_on_the_file_and_the_run_can_go_on) {
    watched_run watched;
    // The seventh of any thread: not one of those that begin the run.
    const auto broken =
        watched.to_the_end(each_result, {"-e", "inject=fdatasync:error=EIO:when=7"});
    BOOST_TEST((broken.code == 6 || broken.code == 0), broken.errors);
    watched.check(watched.to_the_end(each_result));
}

BOOST_AUTO_TEST_CASE(after_a_write_that_fails_nothing_is_acknowledged_that_is_not_there) {
    watched_run watched;
    const auto full =
        watched.to_the_end(each_result, {"-e", "inject=pwrite64:error=ENOSPC:when=7"});
    BOOST_TEST((full.code == 6 || full.code == 0), full.errors);
    watched.check(watched.to_the_end(each_result));
}

BOOST_AUTO_TEST_CASE(of_a_faultless_trace_there_is_nothing_to_complain) {
    BOOST_TEST(complaints_of({faultless()}).empty(), joined(complaints_of({faultless()})));
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_before_its_sync_is_found) {
    const std::string_view found = "question 1 is acknowledged before";
    check_found(complaints_of({without(faultless(), "synced")}), found);
    check_found(complaints_of({moved(faultless(), "synced", "acknowledged")}), found);
    check_found(complaints_of({moved(faultless(), "synced", "run.json kept")}), found);
    check_found(complaints_of({instead(faultless(), "synced", sync(6))}), found);
    check_found(
        complaints_of({instead(faultless(), "synced", sync(5, "-1 EIO (Input/output error)"))}),
        found);
    check_found(complaints_of({without(faultless(), "written")}), "no segment has it");
}

// The sync of one thread begins before another one's write has ended, or ends after the
// acknowledgement began.
BOOST_AUTO_TEST_CASE(a_sync_that_does_not_enclose_what_it_should_is_found) {
    const std::string_view found = "question 1 is acknowledged before";
    const std::string begun = "8 fdatasync(5</x> <unfinished ...>\n";
    const std::string over = "8 <... fdatasync resumed>)          = 0\n";
    const auto enclosing =
        with(with(without(faultless(), "synced"), over, "written"), begun, "written");
    BOOST_TEST(complaints_of({enclosing}).empty());
    check_found(complaints_of({with(with(without(faultless(), "synced"), over, "written"), begun,
                                    "run.json kept")}),
                found);
    check_found(complaints_of({with(with(without(faultless(), "synced"), over, "acknowledged"),
                                    begun, "written")}),
                found);
}

BOOST_AUTO_TEST_CASE(names_that_a_crash_could_take_are_found) {
    check_found(complaints_of({without(faultless(), "directory kept")}), "before the name");
    check_found(complaints_of({without(without(faultless(), "segment kept"), "run.json kept")}),
                "before the name");
    check_found(complaints_of({without(faultless(), "run.json kept")}), "before run.json is there");
    check_found(complaints_of({without(faultless(), "run.json named")}),
                "before run.json is there");
    check_found(complaints_of({moved(faultless(), "snapshot kept", "snapshot created")}),
                "its directory was never synced after it");
}

BOOST_AUTO_TEST_CASE(a_name_before_the_sync_of_its_file_is_found) {
    for (const std::string what : {"segment", "run.json", "successor", "snapshot"}) {
        const std::string_view found = "before it is synced";
        check_found(complaints_of({without(faultless(), what + " synced")}), found);
        check_found(complaints_of({moved(faultless(), what + " synced", what + " named")}), found);
        check_found(complaints_of({moved(faultless(), what + " filled", what + " synced")}), found);
    }
}

BOOST_AUTO_TEST_CASE(a_segment_that_goes_too_early_is_found) {
    const std::string_view uncovered = "covers record 1";
    const auto named = [](const std::string& name) {
        return instead(faultless(), "snapshot named",
                       rename_new(in_run("snapshot-1-2-1.snap.tmp"), in_run(name)));
    };
    check_found(complaints_of({moved(faultless(), "removed", "successor kept")}), uncovered);
    check_found(complaints_of({moved(faultless(), "removed", "snapshot named")}), uncovered);
    check_found(complaints_of({without(faultless(), "snapshot kept")}), uncovered);
    check_found(complaints_of({named("snapshot-2-2-1.snap")}), uncovered);
    check_found(complaints_of({named("snapshot-1-1-1.snap")}), "covers record 2");
    const auto early = moved(faultless(), "removed", "acknowledged");
    check_found(complaints_of({early}), "before its successor is there for good");
    // A move takes the name as well.
    check_found(complaints_of({instead(early, "new",
                                       rename_new(in_run("wal-00000000000000000001-00001.log"),
                                                  in_run("quarantine/1.log")))}),
                uncovered);
    check_found(
        complaints_of({with(faultless(), call("unlink(\"" + in_run("snapshot-1-2-1.snap") + "\")"),
                            "acknowledged again")}),
        uncovered);
    check_found(complaints_of({with(faultless(), call("unlink(\"" + in_run("run.json") + "\")"),
                                    "acknowledged again")}),
                "run.json is removed");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_replaced_is_found) {
    const auto twice = [](const std::string& name) {
        return made("a", 20, in_run(name)) + made("b", 21, in_run(name));
    };
    check_found(complaints_of({faultless() + twice("snapshot-9-9-1.snap")}), "is replaced");
    check_found(complaints_of({faultless() + made("a", 20, in_run("run.json"))}), "is replaced");
    BOOST_TEST(complaints_of({faultless() + twice("questions.idx")}).empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_cut_short_is_found) {
    check_found(complaints_of({with(faultless(), call("ftruncate(5</x>, 4096)"), "synced")}),
                "cut short");
    const auto segment = in_run("wal-00000000000000000001-00001.log");
    check_found(
        complaints_of({with(faultless(),
                            call("openat(AT_FDCWD</w>, \"" + segment + "\", O_WRONLY|O_TRUNC)",
                                 "20<" + segment + ">"),
                            "synced")}),
        "cut short");
}

BOOST_AUTO_TEST_CASE(a_sync_after_one_that_failed_is_found) {
    const std::string_view found = "synced again after a sync of it had failed";
    const auto failed = sync(5, "-1 EIO (Input/output error)");
    check_found(complaints_of({with(faultless(), failed, "written")}), found);
    const auto segment = in_run("wal-00000000000000000003-00001.log");
    const script next{{"", call("openat(AT_FDCWD</w>, \"" + segment + "\", O_RDONLY|O_CLOEXEC)",
                                "5<" + segment + ">") +
                               sync(5)}};
    check_found(
        complaints_of(
            {instead(faultless(), "synced again", sync(8, "-1 EIO (Input/output error)")), next}),
        found);
}

BOOST_AUTO_TEST_CASE(writes_where_nobody_may_write_any_more_are_found) {
    check_found(complaints_of({instead(faultless(), "written again",
                                       frame(8, 4096, 3, 3) + sync(8) + frame(8, 4096, 3, 3))}),
                "where it was synced already");
    const auto segment = in_run("wal-00000000000000000003-00001.log");
    const script next{{"", call("openat(AT_FDCWD</w>, \"" + segment + "\", O_RDWR|O_CLOEXEC)",
                                "5<" + segment + ">") +
                               frame(5, 8192, 4, 4)}};
    check_found(complaints_of({faultless(), next}), "of an earlier session, and is written to");
}

BOOST_AUTO_TEST_CASE(a_trace_is_read_as_strace_writes_it) {
    const auto found =
        read_trace("12 openat(AT_FDCWD</w>, \"a\\\"b, (c\", O_RDONLY) = 5</w/a\"b, (c>\n"
                   "12 write(5</w/f>(deleted), \"\\0\\0012\\377\\n\\\\\", 6 <unfinished ...>\n"
                   "13 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER} ---\n"
                   "13 fsync(6</w>)                = -1 EIO (Input/output error) (INJECTED)\n"
                   "12 <... write resumed>)        = 6\n"
                   "13 fdatasync(5</w/f> <unfinished ...>\n"
                   "12 +++ killed by SIGKILL +++\n");
    BOOST_TEST(found.calls.size() == 4u);
    BOOST_TEST(string_in(found.calls[0].arguments.at(1)) == "a\"b, (c");
    BOOST_TEST(found.calls[0].result == 5);
    BOOST_TEST(string_in(found.calls[1].arguments.at(1)) == std::string("\0\1"
                                                                        "2\377\n\\",
                                                                        6));
    BOOST_TEST(found.calls[1].result == 6);
    BOOST_TEST(found.calls[2].failed());
    BOOST_TEST(found.calls[3].failed());
    BOOST_TEST(found.calls[3].arguments.at(0) == "5</w/f>");
    std::string order;
    for (const auto& step : found.steps)
        order += std::to_string(step.call) + (step.ends ? "e " : "b ");
    BOOST_TEST(order == "0b 0e 1b 2b 2e 1e 3b ");
    BOOST_TEST(!found.exited);
    BOOST_CHECK_THROW(read_trace("12 <... write resumed>) = 6\n"), std::runtime_error);
    BOOST_CHECK_THROW(string_in("\"cut\"..."), std::runtime_error);
}

BOOST_AUTO_TEST_SUITE_END()
