// The grammar of RFC 8259 by recursive descent. What is rare (an escape, a count written as 1.0) is
// left to Boost.JSON.
#include "json_scanner.hpp"

#include "proctor/codec/little_endian.hpp"

#include <boost/json/parse.hpp>

#include <bit>
#include <charconv>
#include <cstdint>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace proctor {
namespace {

namespace json = boost::json;

constexpr int max_depth = 32; // as Boost.JSON's

// Not to be written into a JSON string as it is, or not ASCII.
bool is_odd(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\';
}

#ifdef __SSE2__

constexpr std::size_t stride = 16; // bytes that are looked at together

// How many of `stride` bytes come before the first that is odd; all, if none is. Most of what is
// read from a log or written to one passes through here.
std::size_t plain_of_stride(const char* at) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const auto is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const auto outside = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)); // signed: 0x80 and up as well
    const auto odd = _mm_or_si128(_mm_or_si128(outside, is(0x7f)), _mm_or_si128(is('"'), is('\\')));
    const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(odd));
    return static_cast<std::size_t>(std::countr_zero(mask | 1u << stride));
}

#else

constexpr std::size_t stride = 8;

// The highest bit of the first byte that is odd is set, and of none before it; those behind it do
// not count. (A subtraction borrows, and an addition carries, only from a byte that is odd itself.)
std::size_t plain_of_stride(const char* at) {
    constexpr std::uint64_t each = 0x0101010101010101;
    const auto word = get<std::uint64_t>(at);
    const auto is_zero = [](std::uint64_t bytes) { return (bytes - each) & ~bytes; };
    const auto control = (word - each * 0x20) & ~word;
    const auto quoted = is_zero(word ^ each * '"') | is_zero(word ^ each * '\\');
    const auto odd = (control | quoted | (word + each) | word) & (each * 0x80);
    return static_cast<std::size_t>(std::countr_zero(odd)) / 8;
}

#endif

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Of four hexadecimal digits.
bool is_second_surrogate(std::string_view digits) {
    return (digits[0] | 0x20) == 'd' && (digits[1] | 0x20) >= 'c';
}

std::optional<json::value> parsed(std::string_view value) {
    boost::system::error_code ec;
    auto tree = json::parse({value.data(), value.size()}, ec);
    if (ec) return std::nullopt;
    return tree;
}

} // namespace

std::size_t plain_prefix(std::string_view text) {
    std::size_t length = 0;
    for (; text.size() - length >= stride; length += stride)
        if (const auto plain = plain_of_stride(text.data() + length); plain < stride)
            return length + plain;
    while (length < text.size() && !is_odd(text[length])) ++length;
    return length;
}

std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return follows(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = first == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const unsigned low = first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

std::optional<json_scanner::member> json_scanner::next() {
    const auto broken = [this] {
        state_ = state::broken;
        return std::optional<member>();
    };
    if (state_ == state::before) {
        skip_space();
        if (!take('{')) return broken();
    } else if (state_ != state::within) {
        return std::nullopt;
    }
    skip_space();
    if (take('}')) {
        state_ = state::ended;
        skip_space();
        return std::nullopt;
    }
    if (state_ == state::within && !take(',')) return broken();
    skip_space();
    member found;
    found.name = left_;
    if (!take_string()) return broken();
    found.name = found.name.substr(1, found.name.size() - left_.size() - 2);
    skip_space();
    if (!take(':')) return broken();
    skip_space();
    found.value = left_;
    if (!take_value()) return broken();
    found.value = found.value.substr(0, found.value.size() - left_.size());
    state_ = state::within;
    return found;
}

bool json_scanner::take(char wanted) {
    if (left_.empty() || left_.front() != wanted) return false;
    left_.remove_prefix(1);
    return true;
}

void json_scanner::skip_space() {
    while (!left_.empty() && is_space(left_.front())) left_.remove_prefix(1);
}

bool json_scanner::take_value() {
    if (left_.empty() || depth_ > max_depth) return false;
    switch (left_.front()) {
    case '"': return take_string();
    case '{': return take_members();
    case '[': return take_items();
    case 't': return take_word("true");
    case 'f': return take_word("false");
    case 'n': return take_word("null");
    default: return take_number();
    }
}

bool json_scanner::take_string() {
    if (!take('"')) return false;
    std::size_t characters = 0;
    while (!left_.empty()) {
        const auto plain = plain_prefix(left_);
        left_.remove_prefix(plain);
        characters += plain;
        if (take('"')) {
            characters_ = characters;
            return true;
        }
        ++characters;
        if (take('\\')) {
            constexpr std::string_view simple = "\"\\/bfnrt";
            if (left_.empty()) return false;
            if (take('u')) {
                // Four digits; whether surrogates are paired is for who reads the text.
                if (left_.find_first_not_of("0123456789abcdefABCDEF") < 4 || left_.size() < 4)
                    return false;
                if (is_second_surrogate(left_)) --characters; // the first one has counted
                left_.remove_prefix(4);
            } else if (simple.find(left_.front()) != std::string_view::npos) {
                left_.remove_prefix(1);
            } else {
                return false;
            }
        } else if (!left_.empty()) {
            const auto length = utf8_length(left_);
            if (length == 0 || (length == 1 && left_.front() < 0x20)) return false;
            left_.remove_prefix(length);
        }
    }
    return false;
}

bool json_scanner::take_digits() {
    std::size_t digits = 0;
    while (digits < left_.size() && is_digit(left_[digits])) ++digits;
    left_.remove_prefix(digits);
    return digits > 0;
}

bool json_scanner::take_number() {
    take('-');
    if (!take('0') && !take_digits()) return false;
    if (take('.') && !take_digits()) return false;
    if (take('e') || take('E')) {
        if (!take('+')) take('-');
        return take_digits();
    }
    return true;
}

bool json_scanner::take_word(std::string_view word) {
    if (!left_.starts_with(word)) return false;
    left_.remove_prefix(word.size());
    return true;
}

bool json_scanner::take_members() {
    const auto outer = std::exchange(state_, state::before);
    ++depth_;
    while (next()) {
    }
    --depth_;
    return std::exchange(state_, outer) == state::ended;
}

bool json_scanner::take_items() {
    take('[');
    skip_space();
    if (take(']')) return true;
    ++depth_;
    do {
        skip_space();
        if (!take_value()) return false;
        skip_space();
    } while (take(','));
    --depth_;
    return take(']');
}

std::optional<std::string> json_string(std::string_view value) {
    if (!value.starts_with('"')) return std::nullopt;
    if (value.find('\\') == std::string_view::npos)
        return std::string(value.substr(1, value.size() - 2));
    const auto text = parsed(value);
    if (!text) return std::nullopt; // half a surrogate pair
    return std::string(text->get_string());
}

std::optional<double> json_number(std::string_view value) {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
    return number;
}

std::uint64_t json_count(std::string_view value) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc{} && end == value.data() + value.size()) return number;
    const auto tree = parsed(value);
    if (!tree) return 0;
    boost::system::error_code ec;
    number = tree->to_number<std::uint64_t>(ec);
    return ec ? 0 : number;
}

} // namespace proctor
