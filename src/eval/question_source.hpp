// The bytes of a question file; what gzip or zstd made of it, told by its first bytes, comes
// decompressed. Offsets are of the decompressed bytes.
#pragma once

#include "proctor/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace proctor {

class question_source {
public:
    // The descriptor is the caller's, who closes it; it stands at its beginning.
    explicit question_source(int fd);
    question_source(question_source&&) noexcept;
    question_source& operator=(question_source&&) noexcept;
    ~question_source();

    // Up to `room` bytes; 0 at the end. io_error (without `where`): it cannot be read, or what is
    // compressed is damaged or cut off.
    result<std::size_t> read(char* into, std::size_t room);

    // What read() gives next. A compressed file is decompressed up to there, from its beginning if
    // the offset lies behind.
    result<void> seek(std::uint64_t offset);

private:
    class decoder;
    class gzip_decoder;
    class zstd_decoder;

    void choose_decoder();

    int fd_;
    std::uint64_t offset_ = 0;
    std::unique_ptr<decoder> decoder_; // none: the file is read as it is
};

} // namespace proctor
