// run.json: the bytes as they are, and, if they are an object, with the seal that they lack.
#include "fuzz/text.hpp"

#include "proctor/codec/sealed_json.hpp"
#include "proctor/storage/run_identity.hpp"

#include <boost/json/parse.hpp>

using namespace proctor;

namespace {

void read(std::string_view text) {
    const auto identity = decode_identity(text, "run.json");
    if (!identity) return;
    const auto bytes = encode(*identity);
    const auto same = decode_identity(bytes, "run.json");
    PROCTOR_ASSERT(same && encode(*same) == bytes);
    PROCTOR_ASSERT(differences(identity->settings, same->settings).empty());
    PROCTOR_ASSERT(fingerprint(identity->settings) == fingerprint(same->settings));
    (void)differences(identity->settings, identity->about);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::as_text(data, size);
    read(text);
    boost::system::error_code ec;
    auto value = boost::json::parse({text.data(), text.size()}, ec);
    if (ec || !value.is_object()) return 0;
    auto& object = value.get_object();
    object.erase("sha256");
    if (!object.empty()) read(sealed(std::move(object)));
    return 0;
}
