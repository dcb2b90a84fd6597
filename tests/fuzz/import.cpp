// A JSON checkpoint of the original system: what is imported is a run that can be read.
#include "fuzz/text.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include "proctor/app/run_import.hpp"
#include "proctor/storage/run_view.hpp"

using namespace proctor;

namespace {

constexpr std::string_view questions = R"({"question": "One?", "answer": "B", "choices": ["x", "y"]}
{"question": "Two?", "answer": "two"}
{"question": "Two?", "answer": "2"}
)";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::text_file asked(questions);
    static console silent(loudness::quiet, false);
    config used;
    used.questions_file = asked.path();
    used.model.model = "m";
    test::memory_file_system disk;
    disk.set_contents("/checkpoint.json", std::string(fuzz::as_text(data, size)));
    const auto done =
        import_checkpoint(disk, "/checkpoint.json", "/run", test::make_identity(),
                          test::make_options(std::uint64_t{1} << 20, 1), used, silent);
    if (!done) {
        PROCTOR_ASSERT(!disk.list("/run"));
        return 0;
    }
    const auto view = run_view::open(disk, "/run");
    PROCTOR_ASSERT(view && view->found().closed);
    auto records = view->records();
    std::uint64_t count = 0;
    for (;;) {
        const auto entry = records.next();
        PROCTOR_ASSERT(entry);
        if (!*entry) break;
        PROCTOR_ASSERT((*entry)->record.kind == record_kind::result);
        ++count;
    }
    PROCTOR_ASSERT(count == view->counted().completed_count());
    return 0;
}
