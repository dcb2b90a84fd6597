// An HTTP response, in one piece and in pieces; the first byte is their size.
#include "fuzz/text.hpp"

#include "net/reply_parser.hpp"

#include <algorithm>
#include <optional>

using namespace proctor;

namespace {

constexpr std::size_t max_body = 4096;

std::optional<http_response> parse(std::string_view bytes, std::size_t piece) {
    body_budget budget{max_body};
    reply_parser parser(max_body, budget);
    std::string held; // what was given and not consumed
    while (!parser.is_done()) {
        const auto more = bytes.substr(0, piece);
        bytes.remove_prefix(more.size());
        held += more;
        if (more.empty()) {
            if (parser.end()) return std::nullopt;
            break;
        }
        std::string_view rest = held;
        if (parser.feed(rest)) return std::nullopt;
        held = std::string(rest);
    }
    if (!parser.is_done()) return std::nullopt;
    return parser.take();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = fuzz::as_text(data, size).substr(1);
    const auto whole = parse(bytes, std::max<std::size_t>(bytes.size(), 1));
    const auto pieces = parse(bytes, std::max<std::size_t>(*data, 1));
    PROCTOR_ASSERT(whole.has_value() == pieces.has_value());
    if (!whole) return 0;
    PROCTOR_ASSERT(whole->status == pieces->status && whole->body == pieces->body);
    PROCTOR_ASSERT(whole->should_retry == pieces->should_retry);
    PROCTOR_ASSERT(whole->body.size() <= max_body);
    return 0;
}
