// questions.idx: the bytes as they are, and, if they are an object, with the seal that they lack.
#include "fuzz/text.hpp"

#include "proctor/codec/sealed_json.hpp"
#include "proctor/eval/question_index.hpp"

#include <boost/json/parse.hpp>

using namespace proctor;

namespace {

void read(std::string_view text) {
    const auto index = decode_question_index(text, "questions.idx");
    if (!index) return;
    const auto bytes = encode(*index);
    const auto same = decode_question_index(bytes, "questions.idx");
    PROCTOR_ASSERT(same && encode(*same) == bytes);
    for (const question_id id : {question_id{1}, question_id{4097}, ~question_id{0}})
        PROCTOR_ASSERT(index->at_or_before(id) == same->at_or_before(id));
    if (index->stamp.size > 1'000'000) return; // a long way
    const auto nothing = index->pass_over_done({}, [](question_id) { return false; });
    const auto all = index->pass_over_done({}, [](question_id) { return true; });
    PROCTOR_ASSERT(nothing.number <= all.number);
    PROCTOR_ASSERT(index->places.empty() || all == index->places.back());
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
