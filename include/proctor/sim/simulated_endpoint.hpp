// An OpenAI-compatible endpoint that simulates a model: a real HTTP(S) server in its own thread,
// for the in-process `simulated` generator, for proctor-sim and for tests.
//
//   POST …/chat/completions   an answer (simulated_model), usage, finish_reason "stop"
//   GET  …/models             one model, "simulated"
//   GET  …/stats              {"requests": N, "distinct": M, "connections": C, "asked": {…}}
//
// `asked` tells how often each prompt came, by its number in the answer key, else by its hash in
// 16 hexadecimal digits. It counts when a request has come, not when it is answered.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/sim/answer_key.hpp"
#include "proctor/sim/latency.hpp"

#include <cstdint>
#include <memory>
#include <string>

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
};

class simulated_endpoint {
public:
    // With TLS, a certificate authority and a certificate are made: for the address, this
    // machine's name and "localhost". Throws failure_error if OpenSSL refuses.
    explicit simulated_endpoint(simulator_options);
    simulated_endpoint(const simulated_endpoint&) = delete;
    simulated_endpoint& operator=(const simulated_endpoint&) = delete;
    ~simulated_endpoint(); // stops

    // Once. io_error: the address cannot be listened on. When it returns, connections are taken.
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
