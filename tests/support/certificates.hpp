// Certificates made on the spot, with what a test wants to be wrong about them.
#pragma once

#include <boost/test/unit_test.hpp>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace proctor::test {

class authority {
public:
    explicit authority(const std::string& name = "test authority")
        : key_(new_key()), certificate_(X509_new(), X509_free) {
        fill(certificate_.get(), key_.get(), name, 1);
        extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
        set_lifetime(certificate_.get(), -3600, 86400);
        sign(certificate_.get());
    }

    std::string pem() const { return pem_of(certificate_.get()); }

    struct identity {
        std::string certificate; // PEM
        std::string key;         // PEM
    };

    // `names` as OpenSSL's configuration has them: "DNS:localhost,IP:127.0.0.1". Seconds count
    // from now.
    identity issue(const std::string& names, long begins = -3600, long ends = 86400) const {
        const auto key = new_key();
        const std::unique_ptr<X509, decltype(&X509_free)> leaf(X509_new(), X509_free);
        fill(leaf.get(), key.get(), "test server", 2);
        extend(leaf.get(), NID_subject_alt_name, names);
        set_lifetime(leaf.get(), begins, ends);
        X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get()));
        sign(leaf.get());
        const auto out = memory();
        BOOST_REQUIRE(
            PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr));
        identity made;
        made.certificate = pem_of(leaf.get());
        made.key = text_in(out.get());
        return made;
    }

private:
    using key_pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using bio_pointer = std::unique_ptr<BIO, decltype(&BIO_free)>;

    static key_pointer new_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }
    static bio_pointer memory() { return {BIO_new(BIO_s_mem()), BIO_free}; }

    static std::string text_in(BIO* bio) {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data);
        return {data, static_cast<std::size_t>(size)};
    }

    static std::string pem_of(X509* certificate) {
        const auto out = memory();
        BOOST_REQUIRE(PEM_write_bio_X509(out.get(), certificate));
        return text_in(out.get());
    }

    static void fill(X509* certificate, EVP_PKEY* key, const std::string& name, long serial) {
        X509_set_version(certificate, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
        auto* subject = X509_get_subject_name(certificate);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(certificate, subject);
        X509_set_pubkey(certificate, key);
    }

    static void extend(X509* certificate, int what, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, what, value.c_str()), X509_EXTENSION_free);
        BOOST_REQUIRE(extension && X509_add_ext(certificate, extension.get(), -1));
    }

    static void set_lifetime(X509* certificate, long begins, long ends) {
        X509_gmtime_adj(X509_getm_notBefore(certificate), begins);
        X509_gmtime_adj(X509_getm_notAfter(certificate), ends);
    }

    void sign(X509* certificate) const {
        BOOST_REQUIRE(X509_sign(certificate, key_.get(), EVP_sha256()) > 0);
    }

    key_pointer key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

} // namespace proctor::test
