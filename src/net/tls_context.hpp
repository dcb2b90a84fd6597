// How connections are secured: whom we trust, and what a failed handshake means.
#pragma once

#include "proctor/net/endpoint.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace proctor {

// The newest session that a server gave us, which makes the next handshake a third of the work.
class tls_session_keeper {
public:
    // Before the handshake: offers what is kept and keeps what comes. The keeper outlives `ssl`.
    void attach(SSL* ssl);
    // A handshake failed: what was offered may be why.
    void forget() { newest_.reset(); }

private:
    friend int keep_session(SSL*, SSL_SESSION*);
    struct session_free {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };

    std::unique_ptr<SSL_SESSION, session_free> newest_;
};

// TLS 1.2 or later, peers verified unless told otherwise. not_found or bad_value: a file that is
// named cannot be used.
result<asio::ssl::context> make_tls_context(const tls_options&);

// The OpenSSL that is linked in looks for authorities where Debian keeps them. Where that is not:
// the first of the files that other systems have for that which `exists`; empty if none does.
std::string find_authorities(const std::function<bool(const std::string&)>& exists);

// Before the handshake: whom the certificate must name. A name is sent as SNI too; an IP address
// must not be (RFC 6066).
void expect_peer(SSL*, const std::string& host);

// The server refuses our certificate, or that we have none: tls_untrusted. With TLS 1.3 that may
// come after the handshake.
std::optional<failure> describe_rejection(boost::system::error_code error, const api_root&);

// What to make of a handshake that failed with `error`, not being a timeout: tls_untrusted with
// the reason, bad_response if the peer does not speak TLS as we do, else connection_lost.
failure describe_handshake(SSL*, boost::system::error_code error, const api_root&);

} // namespace proctor
