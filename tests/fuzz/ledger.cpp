// The figures in a snapshot's footer: numbers, texts, sets. What is read is written the same.
#include "fuzz/text.hpp"

#include "proctor/codec/ledger_codec.hpp"

using namespace proctor;

namespace {

constexpr std::uint64_t records = 100'000; // that the snapshot would have

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    varint_reader in(fuzz::as_text(data, size));
    const auto read = read_ledger(in, records);
    if (!read) return 0;
    std::string bytes, again;
    append_ledger(bytes, *read);
    varint_reader written(bytes);
    const auto same = read_ledger(written, records);
    PROCTOR_ASSERT(same && written.left().empty());
    append_ledger(again, *same);
    PROCTOR_ASSERT(again == bytes);

    ledger twice;
    PROCTOR_ASSERT(twice.merge(*read));
    PROCTOR_ASSERT(twice.completed_count() == read->completed_count());
    PROCTOR_ASSERT(twice.merge(*read) == (read->completed_count() == 0));
    return 0;
}
