// Writes the first inputs of the binary corpora: fuzz_seeds tests/fuzz/corpus
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/ledger_codec.hpp"
#include "proctor/storage/run_store.hpp"

#include <fstream>

using namespace proctor;

namespace {

std::string record_of(question_id id, unsigned what) {
    question asked;
    asked.number = id;
    asked.text = "What is it?";
    asked.format = id % 2 == 0 ? question_format::multiple_choice : question_format::free_text;
    asked.category = id % 3 == 0 ? "history" : "";
    answer said;
    said.text = "B";
    said.reasoning = "Not A.";
    said.usage = {12, 3};
    said.model_seconds = 0.25;
    grade mark;
    mark.score = 1;
    mark.reference_choice = mark.model_choice = "B";
    question_failure why;
    why.kind = id % 2 == 0 ? "timed_out" : "http_status";
    why.refused = id % 2 == 0;
    switch (what % 4) {
    case 0: return test::make_raw_record(id, result_body(asked, said, mark));
    case 1: return test::make_raw_record(id, answered_body(asked, said), record_kind::answered);
    case 2: return test::make_raw_record(id, failed_body(asked, why), record_kind::failed);
    default: return test::make_raw_record(0, R"({"session": 1})", record_kind::session);
    }
}

class corpora {
public:
    explicit corpora(std::string directory) : directory_(std::move(directory)) {}

    void add(const std::string& corpus, const std::string& name, std::string_view bytes) const {
        std::ofstream out(directory_ + "/" + corpus + "/" + name, std::ios::binary);
        out << bytes;
        PROCTOR_ASSERT(out.flush());
    }
    // The files of a run, by what they are.
    void add_run(test::memory_file_system& disk, const std::string& name) const {
        const auto names = disk.list("/run");
        PROCTOR_ASSERT(names);
        for (const auto& file : *names) {
            const auto bytes = disk.contents("/run/" + file);
            if (parse_segment_name(file)) add("frame", name, bytes);
            if (parse_snapshot_name(file)) add("snapshot", name, bytes);
        }
    }

private:
    std::string directory_;
};

// `frames` group commits of up to three records.
void make_run(const corpora& into, const std::string& name, unsigned frames, unsigned stride) {
    test::memory_file_system disk;
    const auto options = test::make_options(std::uint64_t{1} << 20, frames);
    auto made = run_store::create(disk, "/run", test::make_identity(), options);
    PROCTOR_ASSERT(made);
    auto& store = **made;
    std::string all;
    for (unsigned i = 0; i < frames; ++i) {
        std::string records;
        for (unsigned r = 0; r <= i % 3; ++r) records += record_of(1 + i * stride + r, i + r);
        PROCTOR_ASSERT(store.append(records, i % 3 + 1));
        if (i % 2 == 1) PROCTOR_ASSERT(store.sync());
        if (i % 4 == 3) PROCTOR_ASSERT(store.note());
        all += records;
    }
    into.add_run(disk, name);
    into.add("record", name, all);
    PROCTOR_ASSERT(store.close());
    while (*store.compact()) continue;
    into.add_run(disk, name + "_closed");
    std::string figures;
    const auto found = replay(disk, "/run", store.identity().id, {});
    PROCTOR_ASSERT(found);
    append_ledger(figures, found->counted);
    into.add("ledger", name, figures);
}

} // namespace

int main(int, char** argv) {
    const corpora into(argv[1]);
    make_run(into, "empty", 0, 1);
    make_run(into, "dense", 5, 1);
    make_run(into, "sparse", 6, 70'000);
    return 0;
}
