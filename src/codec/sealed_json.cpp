// The seal of a line of JSON. What the members mean is left to those who put them there.
#include "proctor/codec/sealed_json.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/sha256.hpp"
#include "proctor/core/error.hpp"

#include <utility>

namespace proctor {
namespace {

constexpr std::string_view before_digest = ", \"sha256\": \"";
constexpr std::size_t digest_size = 64;
constexpr std::string_view behind_digest = "\"}\n";

} // namespace

std::string sealed(boost::json::object object) {
    PROCTOR_ASSERT(!object.empty() && !object.contains("sha256"));
    boost::json::value line(std::move(object));
    auto digest = sha256_hex(json_text(line));
    line.get_object()["sha256"] = std::move(digest);
    return json_text(line) + "\n";
}

bool is_sealed(std::string_view text) {
    constexpr auto tail_size = before_digest.size() + digest_size + behind_digest.size();
    if (text.size() < tail_size) return false;
    const auto front = text.substr(0, text.size() - tail_size);
    const auto digest = text.substr(front.size() + before_digest.size(), digest_size);
    if (text.substr(front.size(), before_digest.size()) != before_digest ||
        !text.ends_with(behind_digest))
        return false;
    sha256 hash;
    hash.update(front);
    hash.update("}");
    return hash.finish() == digest;
}

} // namespace proctor
