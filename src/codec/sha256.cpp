// Digests that pin what a run is about.
#include "proctor/codec/sha256.hpp"

#include "proctor/core/error.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <iterator>

namespace proctor {

void sha256::release::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

sha256::sha256() : context_(EVP_MD_CTX_new()) {
    PROCTOR_ASSERT(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void sha256::update(std::string_view bytes) {
    PROCTOR_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string sha256::finish() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    PROCTOR_ASSERT(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
    std::string hex;
    for (unsigned i = 0; i < size; ++i)
        fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
    return hex;
}

std::string sha256_hex(std::string_view bytes) {
    sha256 digest;
    digest.update(bytes);
    return digest.finish();
}

} // namespace proctor
