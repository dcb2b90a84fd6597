// Records behind one another, as in a frame's payload: taken off, told to a ledger, read by place.
#include "fuzz/mutate.hpp"
#include "fuzz/text.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/codec/record.hpp"
#include "proctor/core/ledger.hpp"

using namespace proctor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto left = fuzz::as_text(data, size);
    ledger counted;
    while (!left.empty()) {
        const auto before = left;
        const auto record = take_record(left);
        if (!record) {
            PROCTOR_ASSERT(left == before);
            break;
        }
        PROCTOR_ASSERT(record->bytes.size() == record_size(before));
        std::string again;
        append_record(again, *record);
        PROCTOR_ASSERT(again == record->bytes);
        auto made = *record;
        made.bytes = {};
        again.clear();
        append_record(again, made);
        std::string_view rest = again;
        const auto same = take_record(rest);
        PROCTOR_ASSERT(same && rest.empty() && same->body == record->body &&
                       same->kind == record->kind && same->question == record->question &&
                       same->repeats == record->repeats);
        if (const auto told = read_outcome(*record)) counted.apply(*told);
        (void)read_answer(record->body);
    }
    std::string bytes, again;
    append_ledger(bytes, counted);
    varint_reader in(bytes);
    const auto read = read_ledger(in);
    PROCTOR_ASSERT(read && in.left().empty());
    append_ledger(again, *read);
    PROCTOR_ASSERT(again == bytes);
    PROCTOR_ASSERT(read->total_spending() == counted.total_spending());
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
    std::string bytes(fuzz::as_text(data, size));
    fuzz::mutate(bytes);
    if (seed % 8 != 0) fuzz::repair_records(bytes, 0, 0);
    return fuzz::give(bytes, data, max_size);
}
