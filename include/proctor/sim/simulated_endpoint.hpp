// An OpenAI-compatible endpoint that simulates a model: a real HTTP(S) server in its own thread,
// for the in-process `simulated` generator, for proctor-sim and for tests.
//
//   POST …/chat/completions   an answer (simulated_model), usage, finish_reason "stop"
//   POST …/completions        the same, of the last question in a prompt
//   GET  …/models             one model, "simulated"
//   GET  …/stats              what has happened so far, as numbers in an object:
//
//   requests, distinct   requests of both kinds, whatever became of them; their prompts
//   asked                how often each prompt came, by its number in the answer key, else by its
//                        hash in 16 hexadecimal digits
//   answered             completions that were sent to their last byte, by drips too
//   in_progress          requests that are being worked on: neither refused for a limit, nor
//                        answered or failed; a stall, until the client goes
//   most_in_progress     the most of these at once
//   faults               how often each ordered fault was drawn ("429", "reset", …), and how often
//                        a request was refused for the limits: "capacity", "rpm"
//   connections          connections that were taken
//
// Of a request that several things happen to, the limit of requests a minute speaks first, then
// the capacity, then the fault that is drawn for it. HTTP errors come at once; what looks like an
// answer, or like the loss of one, comes when the answer would.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/sim/answer_key.hpp"
#include "proctor/sim/fault_plan.hpp"
#include "proctor/sim/latency.hpp"
#include "proctor/sim/outage.hpp"
#include "proctor/sim/shown_certificate.hpp"
#include "proctor/sim/simulated_model.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace proctor {

struct simulator_options {
    std::string address = "127.0.0.1"; // or a name, of which the first address is taken
    std::uint16_t port = 0;            // 0: any that is free
    bool tls = true;
    std::string api_key; // asked for as a bearer token, else 401; empty: none
    double accuracy = 0.75;
    std::uint64_t seed = 1;
    latency_distribution latency;
    answer_key key;
    verdict_form verdicts = verdict_form::plain; // of who is asked to mark

    fault_plan faults;
    std::uint64_t capacity = 0;            // requests at once, else 429; 0: any number
    std::uint64_t requests_per_minute = 0; // else 429; 0: any number; else see minute_budget
    std::vector<outage> outages;           // in order, none over another
    shown_certificate certificate = shown_certificate::valid; // with TLS
    std::uint64_t close_after = 0; // ends a connection after so many responses; 0: never
    duration idle_close{};         // ends one that was idle for so long; 0: never
};

class simulated_endpoint {
public:
    // With TLS, a certificate authority and a certificate are made, for the address, this
    // machine's name and "localhost" unless another is ordered. Throws failure_error if OpenSSL
    // refuses.
    explicit simulated_endpoint(simulator_options);
    simulated_endpoint(const simulated_endpoint&) = delete;
    simulated_endpoint& operator=(const simulated_endpoint&) = delete;
    ~simulated_endpoint(); // stops

    // Once. io_error: the address cannot be listened on. When it returns, connections are taken,
    // outages apart: in an outage nobody listens, and what was connected is reset.
    result<void> start();
    // Ends all connections and the thread. Not from that thread; nothing if it does not run.
    void stop();

    // After start().
    std::uint16_t port() const;
    std::string base_url() const; // "https://127.0.0.1:8443/v1"
    // What clients must trust, PEM; empty without TLS.
    const std::string& authority_pem() const;

private:
    class server;
    std::unique_ptr<server> server_;
};

} // namespace proctor
