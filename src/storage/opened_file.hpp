// A file of the store on the way to being read: open, with its size, and how it begins.
#pragma once

#include "proctor/storage/file_system.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace proctor {

struct opened_file {
    std::unique_ptr<file> handle;
    std::uint64_t size = 0;
    std::string front; // `bytes` of it, fewer if it has no more
};

inline result<opened_file> open_with_front(file_system& disk, const std::string& path,
                                           std::size_t bytes) {
    auto opened = disk.open(path);
    if (!opened) return opened.error();
    opened_file found{std::move(*opened), 0, std::string(bytes, '\0')};
    const auto size = found.handle->size();
    if (!size) return size.error();
    found.size = *size;
    const auto got = found.handle->read_at(0, found.front);
    if (!got) return got.error();
    found.front.resize(*got);
    return found;
}

} // namespace proctor
