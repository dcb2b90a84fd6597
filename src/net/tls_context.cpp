// OpenSSL's settings and verdicts, in our words. Connections themselves are https_session's.
#include "tls_context.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace proctor {
namespace {

// OpenSSL does not tell a file that cannot be read from one that holds nothing of use.
result<void> check_readable(const std::string& path, std::string_view what) {
    errno = 0;
    if (std::ifstream file(path); file && file.peek() != std::ifstream::traits_type::eof())
        return {};
    return failure(
        failure_code::not_found, path,
        fmt::format("{} cannot be read: {}", what, errno ? std::strerror(errno) : "it is empty"));
}

result<void> trust_file(asio::ssl::context& context, const std::string& path) {
    if (auto readable = check_readable(path, "the authority file"); !readable) return readable;
    boost::system::error_code error;
    context.load_verify_file(path, error);
    if (error)
        return failure(failure_code::bad_value, path,
                       "the authority file holds no certificate in PEM form");
    return {};
}

// Instead of OpenSSL's question on the terminal.
int no_passphrase(char*, int, int, void*) {
    return 0;
}

result<void> use_client_certificate(SSL_CTX* context, const tls_options& options) {
    const auto& certificate = options.client_certificate;
    const auto& key = options.client_key.empty() ? certificate : options.client_key;
    if (certificate.empty())
        return failure(failure_code::bad_value, "tls.client_key",
                       "a key needs its certificate: tls.client_certificate");
    if (auto readable = check_readable(certificate, "the client certificate"); !readable)
        return readable;
    if (auto readable = check_readable(key, "the client key"); !readable) return readable;
    if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
        return failure(failure_code::bad_value, certificate,
                       "the client certificate is none in PEM form");
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    ERR_clear_error();
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1) return {};
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
        return failure(failure_code::bad_value, key,
                       fmt::format("the client key does not belong to {}", certificate));
    return failure(failure_code::bad_value, key, "no private key in PEM form without a passphrase");
}

bool is_there(const std::string& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

// What the system trusts; SSL_CERT_FILE and SSL_CERT_DIR say otherwise.
result<void> trust_system(asio::ssl::context& context) {
    context.set_default_verify_paths();
    if (std::getenv(X509_get_default_cert_file_env()) ||
        std::getenv(X509_get_default_cert_dir_env()))
        return {};
    if (is_there(X509_get_default_cert_file()) || is_there(X509_get_default_cert_dir())) return {};
    const auto elsewhere = find_authorities(is_there);
    return elsewhere.empty() ? result<void>() : trust_file(context, elsewhere);
}

std::string verification_text(long verdict, const std::string& host) {
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return fmt::format("the server's certificate is not for \"{}\" (wrong host name)", host);
    case X509_V_ERR_CERT_HAS_EXPIRED: return "the server's certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "the server's certificate is not valid yet (is the clock right?)";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    // A namesake of an authority that we trust, with another key.
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return fmt::format("the server's certificate is signed by an unknown authority ({}); "
                           "tls.ca_file names one to trust",
                           X509_verify_cert_error_string(verdict));
    default:
        return fmt::format("the server's certificate is not trusted: {}",
                           X509_verify_cert_error_string(verdict));
    }
}

bool is_ssl_reason(boost::system::error_code error, int reason) {
    return error.category() == asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(error.value())) == reason;
}

} // namespace

// OpenSSL's callback: with TLS 1.3 the tickets come with the first bytes that are read. One is
// good for many connections.
int keep_session(SSL* ssl, SSL_SESSION* session) {
    auto* keeper = static_cast<tls_session_keeper*>(SSL_get_app_data(ssl));
    if (!keeper) return 0;
    keeper->newest_.reset(session);
    return 1; // the reference is ours
}

std::string find_authorities(const std::function<bool(const std::string&)>& exists) {
    static constexpr std::array files{
        "/etc/ssl/certs/ca-certificates.crt",                // Debian, Arch, Gentoo
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Red Hat and its kin, from 7 on
        "/etc/pki/tls/certs/ca-bundle.crt",                  // the same, before
        "/var/lib/ca-certificates/ca-bundle.pem",            // SUSE
        "/etc/ssl/ca-bundle.pem",                            // SUSE, before
        "/etc/ssl/cert.pem"};                                // Alpine
    const auto found = std::find_if(files.begin(), files.end(), exists);
    return found == files.end() ? std::string() : *found;
}

void tls_session_keeper::attach(SSL* ssl) {
    SSL_set_app_data(ssl, this);
    if (newest_) SSL_set_session(ssl, newest_.get());
}

result<asio::ssl::context> make_tls_context(const tls_options& options) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    // Thousands of idle connections: their read and write buffers are worth more elsewhere.
    SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS |
                                                  SSL_MODE_ENABLE_PARTIAL_WRITE |
                                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context.native_handle(), 1); // a record in one system call, not two
    SSL_CTX_set_session_cache_mode(context.native_handle(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context.native_handle(), keep_session);
    if (!options.client_certificate.empty() || !options.client_key.empty())
        if (auto used = use_client_certificate(context.native_handle(), options); !used)
            return used.error();
    context.set_verify_mode(options.insecure_skip_verify ? asio::ssl::verify_none
                                                         : asio::ssl::verify_peer);
    if (options.ca_file.empty() && options.ca_pem.empty()) {
        if (auto trusted = trust_system(context); !trusted) return trusted.error();
        return context;
    }
    if (!options.ca_file.empty())
        if (auto trusted = trust_file(context, options.ca_file); !trusted) return trusted.error();
    if (!options.ca_pem.empty()) {
        boost::system::error_code error;
        context.add_certificate_authority(asio::buffer(options.ca_pem), error);
        if (error)
            return failure(failure_code::bad_value, "certificate authority", error.message());
    }
    return context;
}

void expect_peer(SSL* ssl, const std::string& host) {
    auto* parameters = SSL_get0_param(ssl);
    boost::system::error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    if (!not_an_address) {
        PROCTOR_ASSERT(X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1);
        return;
    }
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    PROCTOR_ASSERT(X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1);
    SSL_set_tlsext_host_name(ssl, host.c_str());
}

std::optional<failure> describe_rejection(boost::system::error_code error, const api_root& root) {
    static constexpr std::array alerts{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
                                       SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
                                       SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
                                       SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
                                       SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
                                       SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
                                       SSL_R_TLSV1_ALERT_UNKNOWN_CA};
    if (std::ranges::none_of(alerts, [&](int alert) { return is_ssl_reason(error, alert); }))
        return std::nullopt;
    return failure(failure_code::tls_untrusted, root.text(),
                   fmt::format("the server does not accept us ({}); tls.client_certificate and "
                               "tls.client_key say who we are",
                               error.message()));
}

failure describe_handshake(SSL* ssl, boost::system::error_code error, const api_root& root) {
    if (auto rejected = describe_rejection(error, root)) return *rejected;
    // Not by `error`: OpenSSL may have queued the cause of the cause before it.
    const auto verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
        return {failure_code::tls_untrusted, root.text(), verification_text(verdict, root.host)};
    if (is_ssl_reason(error, SSL_R_WRONG_VERSION_NUMBER) ||
        is_ssl_reason(error, SSL_R_HTTP_REQUEST))
        return {failure_code::bad_response, root.text(),
                "the server does not speak TLS; is this an http:// endpoint?"};
    if (error.category() == asio::error::get_ssl_category())
        return {failure_code::bad_response, root.text(),
                fmt::format("TLS handshake failed: {}", error.message())};
    return {failure_code::connection_lost, root.text(),
            fmt::format("the connection ended during the TLS handshake: {}", error.message())};
}

} // namespace proctor
