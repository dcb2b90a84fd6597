// The figures in a snapshot's footer: numbers, texts, sets. What is read is written the same.
#include "fuzz/text.hpp"

#include "proctor/codec/ledger_codec.hpp"

using namespace proctor;

namespace {

constexpr std::uint64_t records = 100'000; // that the snapshot would have

void read_as(ledger_layout layout, std::string_view text) {
    varint_reader in(text);
    const auto read = read_ledger(in, records, layout);
    if (!read) return;
    std::string bytes, again;
    append_ledger(bytes, *read, layout);
    varint_reader written(bytes);
    const auto same = read_ledger(written, records, layout);
    PROCTOR_ASSERT(same && written.left().empty());
    append_ledger(again, *same, layout);
    PROCTOR_ASSERT(again == bytes);

    ledger twice;
    PROCTOR_ASSERT(twice.merge(*read));
    PROCTOR_ASSERT(twice.completed_count() == read->completed_count());
    PROCTOR_ASSERT(twice.merge(*read) == (read->completed_count() == 0));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const auto layout : {ledger_layout::whole, ledger_layout::without_answers})
        read_as(layout, fuzz::as_text(data, size));
    return 0;
}
