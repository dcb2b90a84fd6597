// How connections are secured: whom we trust, and what a failed handshake means.
#pragma once

#include "proctor/net/endpoint.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/ssl.h>

#include <string>

namespace proctor {

// TLS 1.2 or later, peers verified. not_found or bad_value: an authority file cannot be used.
result<asio::ssl::context> make_tls_context(const tls_options&);

// Before the handshake: whom the certificate must name. A name is sent as SNI too; an IP address
// must not be (RFC 6066).
void expect_peer(SSL*, const std::string& host);

// What to make of a handshake that failed with `error`, not being a timeout: tls_untrusted with
// the reason, bad_response if the peer does not speak TLS as we do, else connection_lost.
failure describe_handshake(SSL*, boost::system::error_code error, const api_root&);

} // namespace proctor
