// Contexts are kept between calls: making one costs more than a small block.
#include "proctor/codec/compression.hpp"

#include <zstd.h>

namespace proctor {

void compressor::release::operator()(ZSTD_CCtx_s* context) const {
    ZSTD_freeCCtx(context);
}

compressor::compressor(int level) : context_(ZSTD_createCCtx()) {
    PROCTOR_ASSERT(context_);
    PROCTOR_ASSERT(
        !ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level)));
}

std::string_view compressor::compress(std::string_view raw) {
    const auto bound = ZSTD_compressBound(raw.size());
    if (buffer_.size() < bound) buffer_.resize(bound);
    const auto size =
        ZSTD_compress2(context_.get(), buffer_.data(), buffer_.size(), raw.data(), raw.size());
    PROCTOR_ASSERT(!ZSTD_isError(size));
    return std::string_view(buffer_).substr(0, size);
}

void decompressor::release::operator()(ZSTD_DCtx_s* context) const {
    ZSTD_freeDCtx(context);
}

decompressor::decompressor() : context_(ZSTD_createDCtx()) {
    PROCTOR_ASSERT(context_);
}

result<std::string_view> decompressor::decompress(std::string_view stored, std::size_t raw_size) {
    // What it claims of itself is looked at before there is room for it.
    if (ZSTD_getFrameContentSize(stored.data(), stored.size()) != raw_size)
        return failure{failure_code::damaged, "", "what is compressed is not of the size expected"};
    if (buffer_.size() < raw_size) buffer_.resize(raw_size);
    const auto size =
        ZSTD_decompressDCtx(context_.get(), buffer_.data(), raw_size, stored.data(), stored.size());
    if (ZSTD_isError(size) || size != raw_size)
        return failure{failure_code::damaged, "", "what is compressed cannot be decompressed"};
    return std::string_view(buffer_).substr(0, raw_size);
}

} // namespace proctor
