// The programs of this project as a test meets them: proctor run in a folder of its own, and
// proctor-sim, which it runs against.
//
// PROCTOR_BINARIES is the folder of the binaries, PROCTOR_SOURCES the root of the repository.
#pragma once

#include "proctor/net/endpoint.hpp"
#include "support/child_process.hpp"
#include "support/event_loop.hpp"
#include "support/scratch_dir.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace proctor::test {

using words = std::vector<std::string>;

inline words operator+(words first, const words& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

inline std::string program(std::string_view name) {
    return std::string(PROCTOR_BINARIES "/").append(name);
}

inline std::string source_path(std::string_view path) {
    return std::string(PROCTOR_SOURCES "/").append(path);
}

inline std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), {}};
}

inline boost::json::value json_of(const std::filesystem::path& path) {
    return boost::json::parse(text_of(path));
}

inline std::size_t count_lines(std::string_view text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

// The public question set that runs are measured on; the project's own where it is not at hand.
inline std::string many_questions() {
    const auto shared = source_path("../shared/data/agieval/logiqa-en.jsonl");
    if (std::filesystem::exists(shared)) return shared;
    static const bool told = [&] {
        std::cerr << shared << " is not there: configs/demo-questions.jsonl is used instead\n";
        return true;
    }();
    (void)told;
    return source_path("configs/demo-questions.jsonl");
}

// `count` multiple-choice questions; the right answer is always B.
inline std::string few_questions(unsigned count) {
    std::string text;
    for (unsigned i = 1; i <= count; ++i)
        text += R"({"question": "What is )" + std::to_string(i) + R"( plus one?", "choices": [")" +
                std::to_string(i) + R"(", ")" + std::to_string(i + 1) +
                R"("], "answer": "B"})"
                "\n";
    return text;
}

// GET `path` below `root`, trusting `ca_file`.
inline boost::json::value fetch(const std::string& root, std::string path,
                                const std::string& ca_file) {
    event_loop loop;
    endpoint_options options;
    options.root = parse_api_root(root).value();
    options.tls.ca_file = ca_file;
    const auto client = make_endpoint(loop.io.get_executor(), std::move(options)).value();
    const auto reply = loop.ask(*client, {http_method::get, std::move(path)});
    loop.tasks.spawn(client->stop());
    loop.run_until([&] { return loop.tasks.size() == 0; });
    return boost::json::parse(reply.value().body);
}

// How often each question was asked, by whatever the endpoint knows it by.
using asked_counts = std::map<std::string, std::uint64_t>;

// proctor-sim on a free port.
class simulator {
public:
    explicit simulator(const words& options = {}, bool tls = true)
        : ca_file_(tls ? place_.file("ca.pem") : ""), process_(start(options)) {
        const auto said = process_.output.wait_until(
            [](const std::string& text) { return text.find('\n') != text.npos; });
        std::istringstream line(said);
        std::string ignored; // "proctor-sim: listening on URL"
        line >> ignored >> ignored >> ignored >> base_url_;
    }

    const std::string& base_url() const { return base_url_; }
    const std::string& ca_file() const { return ca_file_; } // empty: it speaks plain HTTP
    std::string port() const { return parse_api_root(base_url_).value().port; }

    std::uint64_t requests() const { return count("requests"); }
    // "answered", "most_in_progress", …: a number of its /stats.
    std::uint64_t count(std::string_view what) const {
        return stats().at(what).to_number<std::uint64_t>();
    }
    asked_counts asked() const { return boost::json::value_to<asked_counts>(stats().at("asked")); }

private:
    boost::json::value stats() const { return fetch(base_url_, "/stats", ca_file_); }

    command start(const words& options) const {
        const auto tls = ca_file_.empty() ? words{"--plain"} : words{"--ca-out", ca_file_};
        return {words{program("proctor-sim"), "--listen", "127.0.0.1:0"} + tls + options, {}, "."};
    }

    scratch_dir place_;
    std::string ca_file_;
    child_process process_;
    std::string base_url_;
};

// Segments of a few frames, so that they are sealed, compacted and recovered all the time.
inline const words small_segments{"--set", "processing.segment_size_bytes=32768"};

// A folder in which proctor runs, with what it leaves there.
class workplace {
public:
    // proctor itself, whatever it is told.
    command proctor(const words& arguments) const {
        return {words{program("proctor")} + arguments, {}, dir.path().string()};
    }

    finished say(const words& arguments) const { return run_to_end(proctor(arguments)); }
    // What a command that must succeed prints.
    std::string result_of(const words& arguments) const {
        const auto run = say(arguments);
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        return run.output;
    }

    // proctor run with an endpoint to ask: a simulator, or what has a base_url and a ca_file too.
    template <class Endpoint>
    command ask(const Endpoint& whom, const std::string& questions, const words& more = {}) const {
        words endpoint{"--model", "m", "--base-url", whom.base_url(), "--wait-for-endpoint", "60s"};
        if (!whom.ca_file().empty()) endpoint = endpoint + words{"--ca-file", whom.ca_file()};
        return proctor(words{"run", questions, "--no-progress-bar"} + endpoint + more);
    }

    // The same, to its end, which must be a good one.
    template <class Endpoint>
    finished ask_to_end(const Endpoint& whom, const std::string& questions,
                        const words& more = {}) const {
        auto run = run_to_end(ask(whom, questions, more));
        BOOST_REQUIRE_MESSAGE(run.code == 0, run.errors);
        return run;
    }

    // Everything in the folder, by its path from there; links not followed.
    std::vector<std::string> files() const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(dir.path()))
            if (entry.is_regular_file() && !entry.is_symlink())
                found.push_back(entry.path().lexically_relative(dir.path()).string());
        std::sort(found.begin(), found.end());
        return found;
    }

    // Of runs: the folders below `checkpoints`.
    std::vector<std::string> runs() const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(dir.file("checkpoints")))
            if (entry.path().filename().string().starts_with("checkpoint_"))
                found.push_back(entry.path().string());
        std::sort(found.begin(), found.end());
        return found;
    }

    scratch_dir dir;
};

// The path in the message "Results saved to …".
inline std::filesystem::path results_path(const workplace& where, std::string_view errors) {
    constexpr std::string_view message = "Results saved to ";
    const auto at = errors.rfind(message);
    if (at == errors.npos)
        throw std::runtime_error("no results were saved: " + std::string(errors));
    const auto path = errors.substr(at + message.size());
    return where.dir.path() / path.substr(0, path.find('\n'));
}

inline boost::json::array results_in(const std::filesystem::path& path) {
    return json_of(path).at("results").as_array();
}

// The result without what may differ between two runs of the same questions: times and attempts.
inline boost::json::object lasting_part(const boost::json::value& result) {
    auto object = result.as_object();
    for (const auto* name : {"model_time_seconds", "evaluation_time_seconds", "attempts"})
        object.erase(name);
    return object;
}

} // namespace proctor::test
