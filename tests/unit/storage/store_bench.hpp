// What the tests of the store have in common: a run at /run, and what can be seen of it.
#pragma once

#include "proctor/storage/inspect.hpp"
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace proctor::test {

inline const std::string run = "/run";

template <class T>
void require(const result<T>& done) {
    BOOST_TEST_REQUIRE(done.has_value(), (done ? "" : done.error().message()));
}

template <class T>
bool fails_as(const result<T>& done, failure_code code) {
    return !done && done.error().code == code;
}

// The segment size with which a segment is full at so many pages, however many there are already.
constexpr std::uint64_t full_at(std::uint64_t pages) {
    return pages * page_size - page_size / 2;
}

inline std::unique_ptr<run_store> create_run(file_system& disk,
                                             std::uint64_t segment_size = 1 << 20) {
    auto created = run_store::create(disk, run, make_identity(), make_options(segment_size, 1));
    require(created);
    return std::move(*created);
}

inline std::unique_ptr<run_store> open_run(file_system& disk, seen_records& seen,
                                           std::uint64_t segment_size = 1 << 20) {
    auto opened = run_store::open(disk, run, make_options(segment_size, 2), seen.visitor());
    require(opened);
    return std::move(*opened);
}

inline std::unique_ptr<run_store> open_run(file_system& disk) {
    seen_records ignored;
    return open_run(disk, ignored);
}

inline std::string numbered(lsn number) {
    return make_record(number, "number " + std::to_string(number));
}

inline std::vector<std::string> numbered_to(lsn last) {
    std::vector<std::string> records;
    for (lsn number = 1; number <= last; ++number) records.push_back(numbered(number));
    return records;
}

// Records first to last, a frame and a sync each.
inline void append_each(run_store& store, lsn first, lsn last) {
    for (auto number = first; number <= last; ++number) {
        require(store.append(numbered(number), 1));
        require(store.sync());
    }
}

inline void compact_all(run_store& store) {
    for (;;) {
        const auto compacted = store.compact();
        require(compacted);
        if (!*compacted) return;
    }
}

// A run of `last` records, a frame each, not closed.
inline memory_file_system crashed_run(lsn last, std::uint64_t segment_size = 1 << 20) {
    memory_file_system disk;
    append_each(*create_run(disk, segment_size), 1, last);
    return disk;
}

inline std::string segment(lsn first, std::uint32_t epoch = 1) {
    return join_path(run, segment_name({first, epoch}));
}

inline std::string snapshot(lsn first, lsn last, std::uint32_t epoch = 1) {
    return join_path(run, snapshot_name({first, last, epoch}));
}

// The names of the log and its snapshots, sorted.
inline std::vector<std::string> log_files(file_system& disk) {
    std::vector<std::string> paths;
    for (const auto& name : disk.list(run).value())
        if (parse_segment_name(name) || parse_snapshot_name(name))
            paths.push_back(join_path(run, name));
    return paths;
}

inline void flip(memory_file_system& disk, const std::string& path, std::size_t at, int bit = 0) {
    auto text = disk.contents(path);
    text[at] = static_cast<char>(text[at] ^ (1 << bit));
    disk.set_contents(path, std::move(text));
}

// The records that count, in order of question, wherever they stand.
inline std::vector<std::string> records_of(const run_view& view) {
    std::vector<std::string> records;
    auto cursor = view.records();
    for (;;) {
        const auto entry = cursor.next();
        require(entry);
        if (!*entry) return records;
        records.emplace_back();
        append_record(records.back(), (*entry)->record);
    }
}

inline std::vector<std::string> records_of(file_system& disk) {
    const auto view = run_view::open(disk, run);
    require(view);
    return records_of(*view);
}

inline result<replay_report> replay_run(file_system& disk, seen_records& seen) {
    return replay(disk, run, make_identity().id, seen.visitor());
}

inline result<replay_report> replay_run(file_system& disk) {
    seen_records seen;
    return replay_run(disk, seen);
}

inline condition inspected(file_system& disk, std::vector<complaint>& complaints) {
    inspection_observer observer;
    observer.complain = [&](const complaint& one) { complaints.push_back(one); };
    const auto summary = inspect_run(disk, run, observer);
    require(summary);
    return summary->verdict;
}

inline condition inspected(file_system& disk) {
    std::vector<complaint> ignored;
    return inspected(disk, ignored);
}

// The next call but `skipped` fails.
inline void fail_call(memory_file_system& disk, failure_code code, std::size_t skipped = 0,
                      disk_fault::effect what = disk_fault::effect::fails_once) {
    disk.plan({what, disk.calls().size() + 1 + skipped, code});
}

} // namespace proctor::test
