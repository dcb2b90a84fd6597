// The transport that production uses: keep-alive HTTP/1.1 over TLS (or plain, for http://) to one
// OpenAI-compatible API root, on Beast and OpenSSL.
#pragma once

#include "proctor/net/proxy.hpp"
#include "proctor/net/transport.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace proctor {

// An API root taken apart. `host` has no brackets, `base_path` no slash at its end.
struct api_root {
    bool tls = true;
    std::string host;
    std::string port; // always set
    std::string base_path;

    // "host" or "[address]", as it stands before a port.
    std::string bracketed_host() const;
    // "https://host:port/v1": as people see it; never holds user information.
    std::string text() const;
};

// bad_value: not an http(s) URL with a host, or with user information, query or fragment.
result<api_root> parse_api_root(std::string_view url);

struct tls_options {
    // Whom to trust instead of the system's authorities (and SSL_CERT_FILE); empty: those.
    std::string ca_file; // path of a PEM file
    std::string ca_pem;  // PEM text, as the simulated endpoint in our own process hands it over
    // Who we are, for servers that ask: paths of PEM files. No key: it is in the certificate's
    // file.
    std::string client_certificate;    // with what else belongs to its chain
    std::string client_key;            // without a passphrase
    bool insecure_skip_verify = false; // trust anybody: whoever is on the way can read and answer
};

struct endpoint_options {
    api_root root;
    tls_options tls;
    std::optional<proxy_server>
        proxy;           // all goes through it: https by CONNECT, http by absolute form
    std::string api_key; // sent as a bearer token; empty: none
    std::vector<std::pair<std::string, std::string>> headers; // beyond those that we send
    duration connect_timeout = std::chrono::seconds{10};      // address, TCP and TLS together
    duration timeout = std::chrono::seconds{600};             // from sending to the whole response
    std::size_t max_handshakes = 64;                          // connections being opened at a time
    std::size_t max_body = std::size_t{64} << 20;             // bytes of a response's body
    // Of all bodies that come in at the same time; a response that would exceed it is given up.
    std::size_t max_bodies = std::size_t{256} << 20;
};

struct connection_counts {
    std::uint64_t opened = 0;  // handshakes done
    std::uint64_t resumed = 0; // of these, shortened by what an earlier one left us
    std::uint64_t open = 0;    // connected now, idle or busy
    std::uint64_t stale = 0;   // kept alive by us, closed by the peer; the request went out again
};

class endpoint : public transport {
public:
    virtual const connection_counts& counts() const = 0;
};

// Certificate and host name are verified, SNI is sent. Connections are kept and reused last in,
// first out. A request that meets a connection which the peer had closed before any byte of a
// response goes out again once, on a new connection. A new connection offers to resume the newest
// TLS session.
// bad_value / not_found: a file that `tls` names cannot be used. All on the executor's one thread.
result<std::unique_ptr<endpoint>> make_endpoint(asio::any_io_executor, endpoint_options);

} // namespace proctor
