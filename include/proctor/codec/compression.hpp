// zstd, for blocks and footers of snapshots. Not thread-safe: an object for each thread.
#pragma once

#include "proctor/core/error.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace proctor {

// Of levels 1 and 3 the first is two fifths faster and leaves 4 % more (NUMBERS of the project).
inline constexpr int fast_compression = 1;

class compressor {
public:
    explicit compressor(int level = fast_compression);
    // One zstd frame; the view stands until the next call.
    std::string_view compress(std::string_view raw);

private:
    struct release {
        void operator()(ZSTD_CCtx_s*) const;
    };
    std::unique_ptr<ZSTD_CCtx_s, release> context_;
    std::string buffer_;
};

class decompressor {
public:
    decompressor();
    // damaged: not one zstd frame of exactly `raw_size` bytes. The caller has bounded that size.
    result<std::string_view> decompress(std::string_view stored, std::size_t raw_size);

private:
    struct release {
        void operator()(ZSTD_DCtx_s*) const;
    };
    std::unique_ptr<ZSTD_DCtx_s, release> context_;
    std::string buffer_;
};

} // namespace proctor
