// A certificate authority made on the spot, so that the simulated endpoint is verified like any
// other server.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace proctor {

// What a server shows and signs with; PEM.
struct server_identity {
    std::string certificate;
    std::string private_key;
};

struct validity {
    std::chrono::sys_seconds from;
    std::chrono::sys_seconds until;
};

// From an hour ago, for clocks that are late, until in a year.
validity usual_validity();

// Keys are EC P-256. Throws failure_error where OpenSSL refuses.
class certificate_authority {
public:
    certificate_authority();
    certificate_authority(certificate_authority&&) noexcept = default;
    certificate_authority& operator=(certificate_authority&&) noexcept = default;

    // What clients must trust; PEM.
    std::string pem() const;

    // For a server that goes by `hosts`: names and IP addresses, at least one.
    server_identity issue(const std::vector<std::string>& hosts,
                          const validity& when = usual_validity()) const;

private:
    struct openssl_deleter {
        void operator()(EVP_PKEY*) const;
        void operator()(X509*) const;
    };
    using key = std::unique_ptr<EVP_PKEY, openssl_deleter>;
    using certificate = std::unique_ptr<X509, openssl_deleter>;

    static key make_key();
    static certificate make_certificate(EVP_PKEY* subject_key, const std::string& name,
                                        const validity&);
    void sign(X509*) const;

    key key_;
    certificate certificate_;
};

} // namespace proctor
