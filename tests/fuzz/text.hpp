// A fuzzer's bytes as text, and as a file for what reads by path.
#pragma once

#include "proctor/core/error.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proctor::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

// A file that lies in memory alone.
class text_file {
public:
    explicit text_file(std::string_view text) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        PROCTOR_ASSERT(fd_ >= 0);
        while (!text.empty()) {
            const auto written = ::write(fd_, text.data(), text.size());
            PROCTOR_ASSERT(written > 0);
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    text_file(const text_file&) = delete;
    text_file& operator=(const text_file&) = delete;
    ~text_file() { ::close(fd_); }

    std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

} // namespace proctor::fuzz
