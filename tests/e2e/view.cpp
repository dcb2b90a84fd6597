// The runs of a directory as a browser asks for them.
#include "support/markup.hpp"
#include "support/programs.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <optional>

using namespace proctor::test;

namespace {

namespace asio = boost::asio;

constexpr unsigned total = 120;

struct page {
    unsigned status = 0;
    std::string body;
};

// proctor view on a free port.
class view_server {
public:
    explicit view_server(const workplace& where, const std::string& directory = "checkpoints")
        : process_(where.proctor({"view", directory, "--listen", "127.0.0.1:0"})) {
        const auto said = process_.errors.wait_for("Ctrl-C ends it\n");
        constexpr std::string_view before = "http://127.0.0.1:";
        const auto at = said.find(before) + before.size();
        port_ = static_cast<std::uint16_t>(std::stoul(said.substr(at)));
    }

    // What comes is parsed: every page is well-formed.
    page get(const std::string& path, const std::string& host = "localhost") const {
        asio::io_context io;
        asio::ip::tcp::socket socket(io);
        socket.connect({asio::ip::address_v4::loopback(), port_});
        asio::write(socket, asio::buffer("GET " + path + " HTTP/1.1\r\nHost: " + host + ":" +
                                         std::to_string(port_) + "\r\n\r\n"));
        std::string reply;
        boost::system::error_code end;
        asio::read(socket, asio::dynamic_buffer(reply), end);
        const auto body = reply.find("\r\n\r\n");
        if (!reply.starts_with("HTTP/1.1 ") || body == reply.npos)
            throw std::runtime_error("no reply: " + reply);
        page found{static_cast<unsigned>(std::stoul(reply.substr(9))), reply.substr(body + 4)};
        parse_markup(found.body);
        return found;
    }
    std::string body_of(const std::string& path) const {
        const auto found = get(path);
        BOOST_TEST_REQUIRE(found.status == 200u, path + ": " + found.body);
        return found.body;
    }

    child_process& process() { return process_; }

private:
    child_process process_;
    std::uint16_t port_ = 0;
};

struct exhibition : workplace {
    exhibition() { dir.write("q.jsonl", few_questions(total)); }

    // By their question_ids.
    boost::json::array complete(const words& more = {}) const {
        const simulator endpoint(
            {"--questions", dir.file("q.jsonl"), "--accuracy", "0.4", "--seed", "3"});
        return results_in(
            results_path(*this, ask_to_end(endpoint, "q.jsonl", small_segments + more).errors));
    }
    std::string run_name() const {
        return std::filesystem::path(runs().back()).filename().string();
    }
};

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
}

// The question_ids that a list has links to.
std::vector<std::size_t> listed(const std::string& body) {
    std::vector<std::size_t> ids;
    constexpr std::string_view before = "/question?id=";
    for (auto at = body.find(before); at != body.npos; at = body.find(before, at + 1))
        ids.push_back(std::stoul(body.substr(at + before.size())));
    return ids;
}

} // namespace

BOOST_AUTO_TEST_SUITE(view)

BOOST_FIXTURE_TEST_CASE(all_runs_are_shown_and_each_has_its_report, exhibition) {
    complete();
    complete({"--set", "model.generator_settings.temperature=1"});
    const view_server server(*this);
    const auto index = server.body_of("/");
    BOOST_TEST(count_of(index, "<a href=\"/run/checkpoint_q_m_") == 2u);
    BOOST_TEST(count_of(index, "<td>finished</td>") == 2u);
    BOOST_TEST(!contains(index, "http-equiv=\"refresh\""));
    for (const auto& directory : runs()) {
        const auto name = std::filesystem::path(directory).filename().string();
        const auto shown = server.body_of("/run/" + name);
        const auto report = result_of({"report", std::filesystem::canonical(directory).string()});
        const auto from = report.find("<header>"), to = report.find("<footer>");
        BOOST_TEST(contains(shown, report.substr(from, to - from)));
    }
}

BOOST_FIXTURE_TEST_CASE(each_question_can_be_looked_up, exhibition) {
    const auto results = complete();
    const view_server server(*this);
    const auto root = "/run/" + run_name();
    const auto body = server.body_of(root + "/question?id=17");
    BOOST_TEST(contains(body, "What is 17 plus one?"));
    BOOST_TEST(contains(body, results[16].at("model_answer").as_string().c_str()));
    BOOST_TEST(contains(body, "<td>finish_reason</td>"));
    const bool right = results[16].at("score").to_number<double>() == 1;
    BOOST_TEST(contains(body, right ? "<p>right</p>" : "<span class=\"wrong\">wrong</span>"));
    BOOST_TEST(contains(server.body_of(root + "/question?id=5000"), "nothing is recorded"));
    for (const auto* id : {"", "0", "-1", "x", "1x", "99999999999999999999"})
        BOOST_TEST(server.get(root + "/question?id=" + id).status == 400u);
    BOOST_TEST(server.get(root + "/question").status == 400u);
}

BOOST_FIXTURE_TEST_CASE(wrong_answers_are_listed_page_by_page, exhibition) {
    std::vector<std::size_t> wrong, all;
    for (const auto& result : complete()) {
        all.push_back(result.at("question_id").to_number<std::size_t>());
        if (result.at("score").to_number<double>() < 1) wrong.push_back(all.back());
    }
    BOOST_TEST_REQUIRE(wrong.size() > 50u);
    BOOST_TEST_REQUIRE(wrong.size() < 100u);
    const view_server server(*this);
    const auto root = "/run/" + run_name() + "/questions";
    for (const auto& [show, expected] : {std::pair{"wrong", &wrong}, {"all", &all}}) {
        std::vector<std::size_t> seen;
        auto path = root + "?show=" + show + "&from=1";
        for (int pages = 0; !path.empty() && pages < 5; ++pages) {
            const auto body = server.body_of(path);
            const auto ids = listed(body);
            BOOST_TEST(ids.size() <= 50u);
            seen.insert(seen.end(), ids.begin(), ids.end());
            const auto next = body.find("&amp;from=");
            path = next == body.npos
                       ? ""
                       : root + "?show=" + show +
                             "&from=" + std::to_string(std::stoul(body.substr(next + 10)));
        }
        BOOST_TEST(seen == *expected, boost::test_tools::per_element());
    }
    BOOST_TEST(contains(server.body_of(root + "?show=failed"), "There are none"));
    BOOST_TEST(listed(server.body_of(root + "?show=all&from=119")) ==
               (std::vector<std::size_t>{119, 120}));
    BOOST_TEST(server.get(root + "?show=nothing").status == 400u);
}

// From the question file, the command line, the endpoint and the model.
BOOST_FIXTURE_TEST_CASE(nothing_from_outside_becomes_markup, exhibition) {
    const std::string in_json = "<script>alert('&x')</script>\\r\\n";
    dir.write("bad.jsonl", "{\"question\": \"" + in_json + "one?\", \"answer\": \"" + in_json +
                               "a long reference that nothing can compare\", \"category\": \"" +
                               in_json + "\"}\n{\"question\": \"" + in_json +
                               "two?\", \"choices\": [\"" + in_json +
                               "\", \"<i>\"], \"answer\": \"B\"}\n");
    const auto put = [&](const words& endpoint_options, int code) {
        const simulator endpoint(words{"--questions", dir.file("bad.jsonl")} + endpoint_options);
        const auto run = say({"run", "bad.jsonl", "--no-progress-bar", "--model", "<img src='x'>&",
                              "--base-url", endpoint.base_url(), "--ca-file", endpoint.ca_file(),
                              "--no-auto-resume", "--max-failures", "100%"});
        BOOST_TEST_REQUIRE(run.code == code, run.errors);
        return run_name();
    };
    const auto marked = put({"--accuracy", "1"}, 0);
    const auto failed = put({"--faults", "400:100%"}, 3);
    const view_server server(*this);
    const auto root = "/run/" + marked, failed_root = "/run/" + failed;
    std::string all;
    for (const auto& path :
         {std::string("/"), root, root + "/questions?show=all", root + "/question?id=1",
          root + "/question?id=2", failed_root, failed_root + "/questions?show=failed",
          failed_root + "/question?id=1"}) {
        const auto body = server.body_of(path);
        for (const auto* part : {"<script", "<img", "<i>"})
            BOOST_TEST(!contains(body, part), path << " has " << part);
        BOOST_TEST(!contains(body, "\xef\xbf\xbd"), path);
        all += body;
    }
    for (const auto* part : {"&lt;script&gt;alert(&#39;&amp;x&#39;)&lt;/script&gt;\none?",
                             "&lt;img src=&#39;x&#39;&gt;&amp;"})
        BOOST_TEST(contains(all, part), part);
    BOOST_TEST(listed(server.body_of(root + "/questions?show=unmarked")) ==
               std::vector<std::size_t>{1});
    BOOST_TEST(listed(server.body_of(failed_root + "/questions?show=failed")) ==
               (std::vector<std::size_t>{1, 2}));
    BOOST_TEST(listed(server.body_of(failed_root + "/questions?show=failed&from=2")) ==
               std::vector<std::size_t>{2});
    BOOST_TEST(contains(server.body_of(failed_root + "/question?id=1"), "What went wrong"));
    const auto refused = server.get("/run/%3Cscript%3E");
    BOOST_TEST(refused.status == 404u);
    BOOST_TEST(!contains(refused.body, "<script"));
}

BOOST_FIXTURE_TEST_CASE(a_run_itself_can_be_shown_wherever_one_stands, exhibition) {
    complete();
    for (const auto* where :
         {"checkpoints/latest", "checkpoints/latest/.", "checkpoints/../checkpoints"}) {
        const view_server server(*this, where);
        const auto index = server.body_of("/");
        const auto link = index.find("/run/");
        BOOST_TEST_REQUIRE(link != index.npos);
        const auto path = index.substr(link, index.find('"', link) - link);
        BOOST_TEST(path == "/run/" + run_name());
        BOOST_TEST(contains(server.body_of(path), " &#183; finished &#183; "));
    }
}

BOOST_FIXTURE_TEST_CASE(all_repeats_of_a_question_are_shown, exhibition) {
    complete({"--repeats", "3", "--limit", "60"});
    const view_server server(*this);
    const auto body = server.body_of("/run/" + run_name() + "/question?id=60");
    BOOST_TEST(count_of(body, "What is 60 plus one?") == 3u);
    BOOST_TEST(contains(body, "<h1>Repeat 3</h1>"));
    const auto list = listed(server.body_of("/run/" + run_name() + "/questions?show=all"));
    // Pages end between questions.
    BOOST_TEST(list.size() == 51u);
    BOOST_TEST(list.back() == 17u);
}

BOOST_FIXTURE_TEST_CASE(a_live_run_is_shown_as_it_grows, exhibition) {
    const simulator slow({"--questions", dir.file("q.jsonl"), "--latency", "200ms"});
    child_process run(
        ask(slow, "q.jsonl", {"--parallel", "1", "--save-incremental", "--ack-fd", "3"}));
    run.acknowledged.wait_for("\n");
    const view_server server(*this);
    const auto index = server.body_of("/");
    BOOST_TEST(contains(index, "<td>running<"));
    BOOST_TEST(contains(index, "http-equiv=\"refresh\""));
    const auto report = server.body_of("/run/" + run_name());
    BOOST_TEST(contains(report, " &#183; running &#183; "));
    BOOST_TEST(contains(report, "http-equiv=\"refresh\""));
    // What was acknowledged before a page was asked for is on it.
    run.acknowledged.wait_until([](const std::string& text) { return count_lines(text) >= 5; });
    const auto results = listed(server.body_of("/run/" + run_name() + "/questions?show=all"));
    BOOST_TEST(results.size() >= 5u);
    run.send(SIGKILL);
    run.wait();
    BOOST_TEST(contains(server.body_of("/"), "<td>died</td>"));
}

BOOST_FIXTURE_TEST_CASE(what_is_not_there_is_told_and_nothing_else_is_shown, exhibition) {
    complete();
    dir.write("secret.txt", "not for readers");
    std::filesystem::create_directory(dir.file("checkpoints/checkpoint_broken"));
    dir.write("checkpoints/checkpoint_broken/run.json", "{\"x\": 1}");
    view_server server(*this);
    BOOST_TEST(contains(server.body_of("/"), "damaged"));
    BOOST_TEST(server.get("/run/checkpoint_broken").status == 500u);
    for (const auto* path :
         {"/x", "/run", "/run/", "/run/..", "/run/%2e%2e", "/run/..%2Fsecret.txt", "/run/none",
          "/run/none/questions", "/secret.txt", "/../secret.txt", "/run/latest", "/favicon.ico"})
        BOOST_TEST(server.get(path).status == 404u, path);
    BOOST_TEST(server.get("//[x").status == 400u);
    // A name that somebody made lead here.
    BOOST_TEST(server.get("/", "attacker.example").status == 403u);
    BOOST_TEST(server.get("/", "127.0.0.1").status == 200u);
    BOOST_TEST(server.get("/", "[::1]").status == 200u);
    server.process().send(SIGINT);
    BOOST_TEST(server.process().wait().signal == SIGINT);
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_served_is_said, exhibition) {
    BOOST_TEST(say({"view", "nowhere"}).code == 4);
    BOOST_TEST(say({"view", "q.jsonl"}).code == 2);
    BOOST_TEST(say({"view"}).code == 2);
    std::filesystem::create_directory(dir.file("checkpoints"));
    const auto no_port = say({"view", "checkpoints", "--listen", "127.0.0.1"});
    BOOST_TEST(no_port.code == 2);
    BOOST_TEST(contains(no_port.errors, "--listen"));
    const view_server server(*this);
    BOOST_TEST(contains(server.body_of("/"), "There is no run here yet."));
}

BOOST_AUTO_TEST_SUITE_END()
