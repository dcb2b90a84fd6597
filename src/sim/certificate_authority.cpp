// X.509 by OpenSSL. The extensions are those that strict verifiers ask for (RFC 5280).
#include "proctor/sim/certificate_authority.hpp"

#include "proctor/core/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

namespace proctor {
namespace {

void require(bool done, std::string_view what) {
    if (done) return;
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    throw failure_error({failure_code::bad_value, "certificate authority",
                         fmt::format("{}: {}", what, reason.data())});
}

template <class Write>
std::string to_pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    require(memory && write(memory.get()) == 1, "cannot write PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()), X509_EXTENSION_free);
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1,
            fmt::format("cannot set {} to {}", OBJ_nid2sn(what), value));
}

std::string alternative_names(const std::vector<std::string>& hosts) {
    std::string names;
    for (const auto& host : hosts) {
        boost::system::error_code not_an_address;
        boost::asio::ip::make_address(host, not_an_address);
        names +=
            fmt::format("{}{}:{}", names.empty() ? "" : ",", not_an_address ? "DNS" : "IP", host);
    }
    return names;
}

} // namespace

validity usual_validity() {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return {now - std::chrono::hours{1}, now + std::chrono::days{365}};
}

void certificate_authority::openssl_deleter::operator()(EVP_PKEY* key) const {
    EVP_PKEY_free(key);
}
void certificate_authority::openssl_deleter::operator()(X509* made) const {
    X509_free(made);
}

certificate_authority::key certificate_authority::make_key() {
    key made(EVP_EC_gen("P-256"));
    require(made != nullptr, "cannot make a key");
    return made;
}

certificate_authority::certificate certificate_authority::make_certificate(EVP_PKEY* subject_key,
                                                                           const std::string& name,
                                                                           const validity& when) {
    certificate made(X509_new());
    require(made != nullptr, "cannot make a certificate");
    std::array<unsigned char, 16> serial{};
    require(RAND_bytes(serial.data(), serial.size()) == 1, "no random serial number");
    serial[0] &= 0x7f; // positive
    const std::unique_ptr<BIGNUM, decltype(&BN_free)> number(
        BN_bin2bn(serial.data(), serial.size(), nullptr), BN_free);
    require(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get())),
            "cannot set the serial number");

    X509_set_version(made.get(), X509_VERSION_3);
    auto* subject = X509_get_subject_name(made.get());
    require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(name.data()),
                                       static_cast<int>(name.size()), -1, 0) == 1,
            "cannot set the subject");
    require(
        ASN1_TIME_set(X509_getm_notBefore(made.get()), when.from.time_since_epoch().count()) &&
            ASN1_TIME_set(X509_getm_notAfter(made.get()), when.until.time_since_epoch().count()),
        "cannot set the validity");
    require(X509_set_pubkey(made.get(), subject_key) == 1, "cannot set the key");
    return made;
}

void certificate_authority::sign(X509* certificate) const {
    require(X509_sign(certificate, key_.get(), EVP_sha256()) > 0, "cannot sign a certificate");
}

certificate_authority::certificate_authority()
    : key_(make_key()),
      certificate_(make_certificate(key_.get(), "proctor simulated authority", usual_validity())) {
    auto* self = certificate_.get();
    X509_set_issuer_name(self, X509_get_subject_name(self));
    extend(self, self, NID_basic_constraints, "critical,CA:TRUE");
    extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(self, self, NID_subject_key_identifier, "hash");
    sign(self);
}

std::string certificate_authority::pem() const {
    return pem_of(certificate_.get());
}

server_identity certificate_authority::issue(const std::vector<std::string>& hosts,
                                             const validity& when) const {
    PROCTOR_ASSERT(!hosts.empty());
    const auto server_key = make_key();
    const auto made = make_certificate(server_key.get(), "proctor simulated endpoint", when);
    auto* leaf = made.get();
    auto* issuer = certificate_.get();
    X509_set_issuer_name(leaf, X509_get_subject_name(issuer));
    extend(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE");
    extend(leaf, issuer, NID_key_usage, "critical,digitalSignature");
    extend(leaf, issuer, NID_ext_key_usage, "serverAuth");
    extend(leaf, issuer, NID_subject_alt_name, alternative_names(hosts));
    extend(leaf, issuer, NID_subject_key_identifier, "hash");
    extend(leaf, issuer, NID_authority_key_identifier, "keyid:always");
    sign(leaf);

    server_identity identity;
    identity.certificate = pem_of(leaf);
    identity.private_key = to_pem([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, server_key.get(), nullptr, nullptr, 0, nullptr,
                                        nullptr);
    });
    return identity;
}

} // namespace proctor
