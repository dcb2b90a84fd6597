// Numbers and texts of footers.
#include "proctor/codec/varint.hpp"

namespace proctor {

void append_varint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out += static_cast<char>(value);
}

void append_text(std::string& out, std::string_view text) {
    append_varint(out, text.size());
    out += text;
}

std::uint64_t varint_reader::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        value |= std::uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
}

std::string_view varint_reader::text() {
    const auto size = number();
    if (size > left_.size()) ok_ = false;
    if (!ok_) return {};
    const auto text = left_.substr(0, size);
    left_.remove_prefix(size);
    return text;
}

} // namespace proctor
