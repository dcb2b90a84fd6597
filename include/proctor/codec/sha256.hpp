// SHA-256, by OpenSSL, as lower-case hex.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace proctor {

class sha256 {
public:
    sha256();
    void update(std::string_view bytes);
    std::string finish(); // once

private:
    struct release {
        void operator()(evp_md_ctx_st*) const;
    };
    std::unique_ptr<evp_md_ctx_st, release> context_;
};

std::string sha256_hex(std::string_view bytes);

} // namespace proctor
