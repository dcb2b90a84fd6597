// A question file, whatever its syntax: reader, census and places tell one story.
#include "fuzz/text.hpp"

#include "proctor/eval/dataset.hpp"

#include <vector>

using namespace proctor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::as_text(data, size);
    const fuzz::text_file file(text);
    const auto index = index_questions(file.path(), [](const failure&) {}, 2);
    auto reader = question_reader::open(file.path());
    const bool compressed = text.starts_with("\x1f\x8b") || text.starts_with("\x28\xb5\x2f\xfd");
    if (!compressed) PROCTOR_ASSERT(reader.has_value() == index.has_value());
    if (!reader || !index) return 0; // what is compressed may be damaged further on

    std::vector<bool> is_question;
    while (const auto asked = reader->next()) {
        is_question.push_back(asked->has_value());
        PROCTOR_ASSERT(reader->next_number() == is_question.size() + 1);
        if (!*asked) continue;
        PROCTOR_ASSERT((*asked)->number == is_question.size());
        PROCTOR_ASSERT(!(*asked)->text.empty());
    }
    std::uint64_t questions = 0;
    for (const bool is : is_question) questions += is;
    const auto& census = index->census;
    if (!compressed) PROCTOR_ASSERT(census.bytes == size);
    PROCTOR_ASSERT(census.records == is_question.size());
    PROCTOR_ASSERT(census.questions == questions);
    PROCTOR_ASSERT(census.broken == census.records - questions);

    for (const auto& place : index->places) {
        auto from = question_reader::open(file.path(), *index, place);
        PROCTOR_ASSERT(from && from->next_number() == place.number);
        const auto asked = from->next();
        PROCTOR_ASSERT(asked && asked->has_value() == is_question.at(place.number - 1));
        if (*asked) PROCTOR_ASSERT((*asked)->number == place.number);
    }
    const auto same = decode_question_index(encode(*index), "questions.idx");
    PROCTOR_ASSERT(same && same->places == index->places && same->stamp == index->stamp);
    return 0;
}
