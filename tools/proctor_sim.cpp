// proctor-sim: a simulated OpenAI-compatible endpoint, to rehearse a run and to test against.
#include "proctor/cli/help_pages.hpp"
#include "proctor/net/host_port.hpp"
#include "proctor/sim/simulated_endpoint.hpp"

#include <CLI/CLI.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

namespace {

using namespace proctor;

constexpr auto examples = R"(
Examples:
  proctor-sim --ca-out ca.pem
      listens on https://127.0.0.1:8443/v1; then, elsewhere:
      proctor run questions.jsonl --base-url https://127.0.0.1:8443/v1 --model simulated --ca-file ca.pem
  proctor-sim --plain --listen 127.0.0.1:0 --latency lognormal:200ms,0.5
      plain HTTP on a free port, with latencies like a model's
  proctor-sim --questions questions.jsonl --accuracy 0.8 --ca-out ca.pem
      answers exactly 80 % of that file's questions right
  proctor-sim --ca-out ca.pem --faults 429:5%,500:2%,reset:1%,stall:0.1% --down 10s@30s
      a bad day: some requests fail, and half a minute after the start nobody is there for 10 s
  proctor-sim --ca-out ca.pem --capacity 64 --rpm 3000 --idle-close 5s
      limits, as providers have them
  curl --cacert ca.pem https://127.0.0.1:8443/stats
      how often each question was asked, what was answered, and what went wrong
  proctor-sim --completion bash > /etc/bash_completion.d/proctor-sim
  proctor-sim --manual | man -l -
)";

constexpr std::uint64_t highest_limit = 1'000'000'000;

struct command_line {
    std::string listen = "127.0.0.1:8443";
    std::string latency = "0";
    std::string ca_out;
    std::string questions;
    std::string faults;
    std::string down;
    std::string certificate = "valid";
    std::string idle_close = "0";
    std::string verdicts = "plain";
    bool plain = false;
    simulator_options options;
};

// What is to go wrong.
result<void> read_troubles(const command_line& line, simulator_options& options) {
    auto faults = parse_faults(line.faults);
    if (!faults) return faults.error();
    options.faults = std::move(*faults);
    auto outages = parse_outages(line.down);
    if (!outages) return outages.error();
    options.outages = std::move(*outages);
    const auto certificate = parse_shown_certificate(line.certificate);
    if (!certificate) return certificate.error();
    options.certificate = *certificate;
    const auto verdicts = parse_verdict_form(line.verdicts);
    if (!verdicts) return verdicts.error();
    options.verdicts = *verdicts;
    const auto idle_close = parse_duration(line.idle_close);
    if (!idle_close)
        return failure(failure_code::bad_value, "--idle-close",
                       fmt::format("\"{}\" is no duration like 5s", line.idle_close));
    options.idle_close = *idle_close;
    return {};
}

result<void> check_plain(const command_line& line) {
    if (!line.ca_out.empty())
        return failure(failure_code::bad_value, "--ca-out", "there is no authority with --plain");
    if (line.options.certificate != shown_certificate::valid)
        return failure(failure_code::bad_value, "--certificate", "none is shown with --plain");
    return {};
}

result<simulator_options> read_options(command_line& line) {
    auto& options = line.options;
    options.tls = !line.plain;
    const auto where = parse_host_port(line.listen);
    if (!where) return failure(where.error().code, "--listen", where.error().detail);
    options.address = where->host;
    options.port = where->port;
    const auto latency = parse_latency(line.latency);
    if (!latency) return latency.error();
    options.latency = *latency;
    if (auto read = read_troubles(line, options); !read) return read.error();
    if (line.plain)
        if (auto checked = check_plain(line); !checked) return checked.error();
    if (!line.questions.empty()) {
        auto key = answer_key::read(line.questions);
        if (!key) return key.error();
        options.key = std::move(*key);
    }
    return std::move(options);
}

result<void> write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary);
    out << text;
    out.close();
    if (!out) return failure(failure_code::io_error, path, std::strerror(errno));
    return {};
}

result<void> serve(command_line& line) {
    auto options = read_options(line);
    if (!options) return options.error();
    const bool tls = options->tls;
    simulated_endpoint endpoint(std::move(*options));
    // Before the line that tells that all is ready, so that no signal is missed after it.
    boost::asio::io_context signals_context;
    boost::asio::signal_set signals(signals_context, SIGINT, SIGTERM);
    if (auto started = endpoint.start(); !started) return started.error();

    std::string authority;
    if (!line.ca_out.empty()) {
        if (auto written = write_file(line.ca_out, endpoint.authority_pem()); !written)
            return written.error();
        authority = fmt::format(" (authority in {})", line.ca_out);
    } else if (tls) {
        authority = " (--ca-out FILE writes the authority that clients must trust)";
    }
    fmt::print("proctor-sim: listening on {}{}\n", endpoint.base_url(), authority);
    std::fflush(stdout);

    signals.async_wait([](const boost::system::error_code&, int) {});
    signals_context.run();
    return {};
}

// (A validator's own description would stand beside the value's name.)
template <class Number>
CLI::Validator within(Number lowest, Number highest) {
    return CLI::Range(lowest, highest).description("");
}

void add_options(CLI::App& app, command_line& line) {
    auto& options = line.options;
    app.add_option("--listen", line.listen, "where it listens; port 0 picks a free one")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    app.add_option("--latency", line.latency, "of an answer: 200ms, or lognormal:MEDIAN,SIGMA")
        ->type_name("TIME")
        ->capture_default_str();
    app.add_option("--accuracy", options.accuracy,
                   "fraction of the answers to --questions that are right, and of the verdicts "
                   "that it gives as a grader")
        ->check(within(0.0, 1.0))
        ->type_name("SHARE")
        ->capture_default_str();
    app.add_option("--seed", options.seed, "same seed, same question: same answer, same faults")
        ->type_name("N")
        ->capture_default_str();
    app.add_option("--questions", line.questions, "question file whose right answers it shall know")
        ->type_name("FILE");
    app.add_option("--ca-out", line.ca_out, "writes the certificate authority to trust (PEM)")
        ->type_name("FILE");
    app.add_option("--api-key", options.api_key, "requests without this key get a 401")
        ->type_name("KEY");
    app.add_flag("--plain", line.plain, "HTTP, without TLS");
}

void add_troubles(CLI::App& app, command_line& line) {
    constexpr auto group = "What may go wrong";
    auto& options = line.options;
    app.add_option("--faults", line.faults,
                   "each on its share of the requests: an HTTP status from 400 to 599; quota (429 "
                   "that says the account "
                   "is empty); reset (no response); truncate "
                   "(half of one); garbage (not JSON); stall (nothing, for ever); drip (a byte "
                   "every 100 ms)")
        ->type_name("FAULT:SHARE%,…")
        ->join(',')
        ->group(group);
    app.add_option("--verdicts", line.verdicts, "how it words them as a grader")
        ->type_name("plain|prose|fenced|half|fraction|nothing|mixed")
        ->capture_default_str()
        ->group(group);
    app.add_option("--capacity", options.capacity, "requests at once; beyond: 429")
        ->check(within(std::uint64_t{1}, highest_limit))
        ->type_name("N")
        ->group(group);
    app.add_option("--rpm", options.requests_per_minute,
                   "requests a minute; beyond: 429. x-ratelimit-… headers tell how many are left")
        ->check(within(std::uint64_t{1}, highest_limit))
        ->type_name("N")
        ->group(group);
    app.add_option("--down", line.down,
                   "outages, counted from the start: nobody listens, and open connections are "
                   "reset")
        ->type_name("LENGTH@WHEN,…")
        ->join(',')
        ->group(group);
    app.add_option("--certificate", line.certificate, "what it shows")
        ->type_name("valid|expired|wrong-name|unknown-authority")
        ->capture_default_str()
        ->group(group);
    app.add_option("--close-after", options.close_after,
                   "ends a connection, unannounced, after so many responses")
        ->check(within(std::uint64_t{1}, highest_limit))
        ->type_name("N")
        ->group(group);
    app.add_option("--idle-close", line.idle_close,
                   "ends a connection that was idle for so long; 0: never")
        ->type_name("TIME")
        ->capture_default_str()
        ->group(group);
}

} // namespace

int main(int argc, char** argv) {
    constexpr int usage_error = 2;
    std::signal(SIGPIPE, SIG_IGN); // whoever reads our one line may be gone
    command_line line;
    CLI::App app("A simulated OpenAI-compatible endpoint over HTTPS, for chat and completions, to "
                 "rehearse a run against.",
                 "proctor-sim");
    app.footer(examples);
    app.set_version_flag("--version", "proctor-sim " PROCTOR_VERSION);
    add_options(app, line);
    add_troubles(app, line);
    add_page_flags(app, "simulate an OpenAI-compatible endpoint");
    try {
        app.parse(argc, argv);
        if (const auto served = serve(line); !served) {
            fmt::print(stderr, "proctor-sim: {}\n", served.error().message());
            return usage_error;
        }
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : usage_error;
    } catch (const std::exception& e) {
        fmt::print(stderr, "proctor-sim: {}\n", e.what());
        return 1;
    }
    return 0;
}
