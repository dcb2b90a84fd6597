// Unsigned numbers of one to ten bytes, seven bits each, low ones first (as in LEB128), and texts
// behind their length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace proctor {

void append_varint(std::string& out, std::uint64_t value);
void append_text(std::string& out, std::string_view text);

// Takes values off the front of bytes that were verified as a whole. What is not there reads as 0
// or empty, and ok() says so from then on.
class varint_reader {
public:
    explicit varint_reader(std::string_view bytes) : left_(bytes) {}

    std::uint64_t number();
    std::string_view text();
    bool ok() const { return ok_; }
    std::string_view left() const { return left_; }

private:
    std::string_view left_;
    bool ok_ = true;
};

} // namespace proctor
