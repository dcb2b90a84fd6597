// The store's speed, one figure a line, as report() writes it. Every rate is measured beside what
// it is compared with, in turns, and medians are told, because a machine drifts. tests/bench/store
// runs it and makes a table; the other benches measure whole commands with it.
#include "material.hpp"

#include "proctor/async/clock.hpp"
#include "proctor/async/run.hpp"
#include "proctor/codec/compression.hpp"
#include "proctor/pipeline/checkpoint.hpp"
#include "proctor/storage/posix_file_system.hpp"
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"

#include "support/scratch_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::bench;
namespace fs = std::filesystem;

// --- measuring ----------------------------------------------------------------------------------

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

template <class Work>
double seconds_of(Work work) {
    const auto begin = seconds_now();
    work();
    return seconds_now() - begin;
}

double cpu_seconds(const rusage& used) {
    const auto seconds = [](const timeval& time) {
        return double(time.tv_sec) + double(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double cpu_seconds(int who) {
    rusage used{};
    ::getrusage(who, &used);
    return cpu_seconds(used);
}

template <class Work>
double cpu_seconds_of(int who, Work work) {
    const auto begin = cpu_seconds(who);
    work();
    return cpu_seconds(who) - begin;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

enum class goal { at_least, at_most };

// What `judge` of common.sh takes, between tabs.
void report(std::string_view name, goal direction, double wanted, double measured,
            std::string_view unit, std::string_view more = {}) {
    fmt::print("{}\t{}\t{}\t{:.3g}\t{}\t{}\n", name, direction == goal::at_least ? "≥" : "≤",
               wanted, measured, unit, more);
    std::fflush(stdout);
}

void check(bool fine, std::string_view what) {
    if (!fine) throw std::runtime_error(std::string(what));
}

// --- runs ---------------------------------------------------------------------------------------

store_options make_options() {
    store_options options;
    options.now = [] {
        return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    };
    options.random = [engine = std::make_shared<std::mt19937_64>(1)] { return (*engine)(); };
    options.lock_text = "store_bench";
    return options;
}

run_identity make_identity() {
    run_identity identity;
    identity.id.fill('\x5a');
    identity.created = "2025-01-01T00:00:00.000000";
    identity.made_by = "store_bench";
    return identity;
}

std::unique_ptr<run_store> make_run(file_system& disk, const std::string& directory) {
    return run_store::create(disk, directory, make_identity(), make_options()).value();
}

// Appends results `first` to `last` as many together as the log takes into a frame.
void append_results(run_store& store, record_maker& records, question_id first, question_id last) {
    constexpr question_id together = 512;
    std::string bytes;
    for (auto id = first; id <= last;) {
        bytes.clear();
        std::uint32_t count = 0;
        for (; id <= last && count < together; ++id, ++count) records.append_to(bytes, id);
        store.append(bytes, count).value();
    }
    store.sync().value();
}

void each_file(const std::string& directory, const std::function<void(const fs::path&)>& visit) {
    for (const auto& entry : fs::directory_iterator(directory))
        if (entry.is_regular_file()) visit(entry.path());
}

// Out of the page cache, so that the next reader gets them from the disk.
void make_cold(const std::string& directory) {
    each_file(directory, [](const fs::path& path) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        check(file >= 0, "cannot open " + path.string());
        ::fsync(file);
        ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
        ::close(file);
    });
}

std::uint64_t bytes_of(const std::string& directory) {
    std::uint64_t bytes = 0;
    each_file(directory, [&](const fs::path& path) { bytes += fs::file_size(path); });
    return bytes;
}

// --- the log beside raw writes and SQLite -------------------------------------------------------

// Makes records durable: `count` of them, one behind the other.
using log_engine = std::function<void(std::string_view records, std::uint32_t count)>;

log_engine raw_engine(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    check(file >= 0, "cannot create " + path);
    return [file, offset = off_t{0}](std::string_view records, std::uint32_t) mutable {
        const auto put = ::pwrite(file, records.data(), records.size(), offset);
        check(put == ssize_t(records.size()) && ::fdatasync(file) == 0, "cannot write raw");
        offset += put;
    };
}

log_engine our_engine(file_system& disk, const std::string& directory) {
    std::shared_ptr<run_store> store = make_run(disk, directory);
    return [store](std::string_view records, std::uint32_t count) {
        store->append(records, count).value();
        store->sync().value();
    };
}

log_engine sqlite_engine(const std::string& path) {
    sqlite3* base = nullptr;
    const auto run = [](sqlite3* on, const char* statement) {
        check(sqlite3_exec(on, statement, nullptr, nullptr, nullptr) == SQLITE_OK,
              sqlite3_errmsg(on));
    };
    check(sqlite3_open(path.c_str(), &base) == SQLITE_OK, "cannot open " + path);
    run(base, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
              "CREATE TABLE results (number INTEGER PRIMARY KEY, record BLOB);");
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(base, "INSERT INTO results (record) VALUES (?)", -1, &insert, nullptr);
    return [=](std::string_view records, std::uint32_t) {
        run(base, "BEGIN");
        while (!records.empty()) {
            const auto record = records.substr(0, record_size(records));
            sqlite3_bind_blob(insert, 1, record.data(), int(record.size()), SQLITE_STATIC);
            check(sqlite3_step(insert) == SQLITE_DONE, sqlite3_errmsg(base));
            sqlite3_reset(insert);
            records.remove_prefix(record.size());
        }
        run(base, "COMMIT");
    };
}

// Of producers that wait for their records, one writes what has gathered for all.
class group_commit {
public:
    explicit group_commit(log_engine& engine) : engine_(engine) {}

    void commit(std::string_view record) {
        std::unique_lock lock(mutex_);
        gathering_ += record;
        const auto mine = ++submitted_;
        while (durable_ < mine) {
            if (writing_) {
                changed_.wait(lock);
                continue;
            }
            writing_ = true;
            const auto batch = std::exchange(gathering_, {});
            const auto last = submitted_;
            lock.unlock();
            engine_(batch, static_cast<std::uint32_t>(last - durable_));
            lock.lock();
            durable_ = last;
            writing_ = false;
            changed_.notify_all();
        }
    }

private:
    log_engine& engine_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string gathering_;
    std::uint64_t submitted_ = 0, durable_ = 0;
    bool writing_ = false; // somebody does
};

using workload = std::function<void(log_engine&)>;

workload batches_of(const std::vector<std::string>& batches, std::uint32_t size) {
    return [&batches, size](log_engine& engine) {
        for (const auto& batch : batches) engine(batch, size);
    };
}

workload producers(const std::vector<std::string>& records, std::size_t count) {
    return [&records, count](log_engine& engine) {
        group_commit group(engine);
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < count; ++t)
            threads.emplace_back([&, t] {
                for (auto i = t; i < records.size(); i += count) group.commit(records[i]);
            });
    };
}

void compare_logs(std::string_view name, double wanted, double records, const workload& work) {
    constexpr int rounds = 15;
    const test::scratch_dir scratch;
    posix_file_system disk;
    auto raw = raw_engine(scratch.file("raw"));
    auto ours = our_engine(disk, scratch.file("run"));
    auto sqlite = sqlite_engine(scratch.file("sqlite"));
    std::vector<double> raw_rates, our_rates, sqlite_rates, our_share, sqlite_share;
    for (int round = 0; round < rounds; ++round) {
        const auto rate = [&](log_engine& engine) {
            return records / seconds_of([&] { work(engine); });
        };
        raw_rates.push_back(rate(raw));
        our_rates.push_back(rate(ours));
        sqlite_rates.push_back(rate(sqlite));
        our_share.push_back(our_rates.back() / raw_rates.back());
        sqlite_share.push_back(sqlite_rates.back() / raw_rates.back());
    }
    report(name, goal::at_least, wanted, median(our_share), "",
           fmt::format("raw {:.0f}/s, ours {:.0f}/s, SQLite {:.0f}/s ({:.2f})", median(raw_rates),
                       median(our_rates), median(sqlite_rates), median(sqlite_share)));
}

std::vector<std::string> make_batches(std::size_t count, std::uint32_t size) {
    material from(question_files(), 1);
    record_maker records(from);
    std::vector<std::string> batches(count);
    question_id id = 0;
    for (auto& batch : batches)
        for (std::uint32_t i = 0; i < size; ++i) records.append_to(batch, ++id);
    return batches;
}

void bench_log_1() {
    const auto records = make_batches(500, 1);
    compare_logs("log, 1 record a sync, of raw pwrite + fdatasync", 0.85, 500,
                 batches_of(records, 1));
}

void bench_log_50() {
    const auto batches = make_batches(300, 50);
    compare_logs("log, 50 records a sync, of raw", 0.70, 300 * 50, batches_of(batches, 50));
}

void bench_log_64() {
    const auto records = make_batches(9600, 1);
    compare_logs("log, 64 producers, group commit, of raw", 0.85, 9600, producers(records, 64));
}

// --- replay and compaction ----------------------------------------------------------------------

void read_raw(const std::string& directory) {
    std::string buffer(std::size_t{1} << 20, '\0');
    each_file(directory, [&](const fs::path& path) {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        while (::read(file, buffer.data(), buffer.size()) > 0) {
        }
        ::close(file);
    });
}

void bench_replay() {
    constexpr question_id results = 100'000;
    const test::scratch_dir scratch;
    posix_file_system disk;
    const auto directory = scratch.file("run");
    const auto store = make_run(disk, directory);
    material from(question_files(), 2);
    record_maker records(from);
    append_results(*store, records, 1, results);
    const auto megabytes = double(bytes_of(directory)) / 1e6;
    std::vector<double> cold, cold_a_core, warm, raw;
    for (int round = 0; round < 9; ++round) {
        const auto replay_it = [&] {
            const auto found = replay(disk, directory, make_identity().id, {}).value();
            check(found.counted.completed_count() == results, "replay has not found everything");
        };
        make_cold(directory);
        raw.push_back(megabytes / seconds_of([&] { read_raw(directory); }));
        make_cold(directory);
        cold_a_core.push_back(megabytes / cpu_seconds_of(RUSAGE_THREAD, [&] {
                                  cold.push_back(megabytes / seconds_of(replay_it));
                              }));
        warm.push_back(megabytes / seconds_of(replay_it));
    }
    report("cold replay", goal::at_least, 500, median(cold), "MB/s",
           fmt::format(
               "{:.0f} MB; {:.0f} MB/s of CPU time; warm {:.0f} MB/s, read() alone {:.0f} MB/s",
               megabytes, median(cold_a_core), median(warm), median(raw)));
}

void bench_compaction() {
    const test::scratch_dir scratch;
    posix_file_system disk;
    const auto store = make_run(disk, scratch.file("run"));
    material from(question_files(), 3);
    record_maker records(from);
    question_id id = 0;
    for (; store->sealed_bytes() == 0; id += 1024)
        append_results(*store, records, id + 1, id + 1024);
    const auto job = store->next_compaction().value();
    const auto megabytes = double(job.bytes) / 1e6;
    // What of it nobody can save: the compression alone.
    std::vector<std::string> blocks(1);
    for (question_id number = 1; number <= id; ++number) {
        if (blocks.back().size() >= block_target) blocks.emplace_back();
        records.append_to(blocks.back(), number);
    }
    compressor zstd;
    std::vector<double> a_core, wall, zstd_alone;
    for (int round = 0; round < 9; ++round) {
        const auto cpu = cpu_seconds_of(RUSAGE_THREAD, [&] {
            wall.push_back(megabytes / seconds_of([&] { build_snapshot(disk, job).value(); }));
        });
        a_core.push_back(megabytes / cpu);
        zstd_alone.push_back(megabytes / cpu_seconds_of(RUSAGE_THREAD, [&] {
                                 for (const auto& block : blocks) zstd.compress(block);
                             }));
    }
    report("compaction, zstd level 1, with its read-back", goal::at_least, 150, median(a_core),
           "MB/s a core",
           fmt::format("{:.0f} MB of log; by the clock {:.0f} MB/s, zstd alone {:.0f} MB/s a core",
                       megabytes, median(wall), median(zstd_alone)));
}

void bench_disk() {
    constexpr question_id results = 40'000;
    const test::scratch_dir scratch;
    posix_file_system disk;
    const auto directory = scratch.file("run");
    const auto store = make_run(disk, directory);
    material from(question_files(), 4);
    std::uint64_t payload = 0;
    std::string records;
    for (question_id id = 1; id <= results; ++id) {
        const auto body = from.body(id);
        payload += body.size();
        append_record(records, {record_kind::result, 0, id, body});
        if (id % 50 != 0) continue;
        store->append(std::exchange(records, {}), 50).value();
    }
    store->sync().value();
    const auto log = double(bytes_of(directory)) / double(payload);
    store->close().value();
    while (store->compact().value()) {
    }
    report("disk after compaction, of the payload", goal::at_most, 0.45,
           double(bytes_of(directory)) / double(payload), "",
           fmt::format("{} results of {} bytes; the log before: {:.2f}", results, payload / results,
                       log));
}

// --- save_incremental ---------------------------------------------------------------------------

// A result each millisecond, for some seconds.
asio::awaitable<void> feed(real_clock& time, std::uint64_t results,
                           std::function<void(question_id)> take) {
    auto next = time.now();
    for (question_id id = 1; id <= results; ++id) {
        next += std::chrono::milliseconds{1};
        co_await time.sleep_until(next);
        take(id);
    }
}

void bench_checkpoint() {
    constexpr std::uint64_t results = 10'000;
    const test::scratch_dir scratch;
    posix_file_system disk;
    real_clock time;
    const auto records = make_batches(results, 1);
    const auto feeding = cpu_seconds_of(RUSAGE_SELF, [&] {
        asio::io_context io(1);
        run_to_completion(io, feed(time, results, [](question_id) {}));
    });
    std::uint64_t syncs = 0;
    const auto writing = cpu_seconds_of(RUSAGE_SELF, [&] {
        asio::io_context io(1);
        checkpoint_settings settings;
        settings.mode = durability::every_result;
        // One segment for all of it: compaction is told apart, and whole.
        auto options = make_options();
        options.segment_size = std::uint64_t{64} << 20;
        auto run = run_store::create(disk, scratch.file("run"), make_identity(), options).value();
        checkpoint log(io.get_executor(), time, disk, std::move(run), {}, settings,
                       [](std::span<const outcome>) {});
        const std::function<void(question_id)> take = [&](question_id id) {
            std::string_view bytes = records[id - 1];
            const auto record = take_record(bytes).value();
            log.append({record.kind, 0, id, record.body}, outcome(record.kind, id));
        };
        const auto work = [&]() -> asio::awaitable<void> {
            co_await feed(time, results, take);
            log.hurry();
            const auto stopped = co_await log.stop();
            stopped.value();
        };
        run_to_completion(io, work());
        check(log.counted().completed_count() == results, "something was not counted");
        syncs = log.figures().syncs;
    });
    // Opening compacts what it finds.
    const auto compacting = cpu_seconds_of(RUSAGE_THREAD, [&] {
        run_store::open(disk, scratch.file("run"), make_options(), {}).value();
    });
    const auto share = [](double cpu) { return 100 * cpu / (double(results) / 1000); };
    report("writing with save_incremental at 1,000 results/s", goal::at_most, 5,
           share(writing - feeding), "% of a core",
           fmt::format("{} syncs; the feeding itself, {:.1f} %, taken off; reading it back and "
                       "compacting it, later, {:.1f} %",
                       syncs, share(feeding), share(compacting)));
}

// --- large runs, each step a process of its own -------------------------------------------------

// A run of at least `results` that dies of SIGKILL with a sealed segment that waits for its
// compaction, and an active one that is nearly full.
void make_killed_run(const std::string& directory, question_id results) {
    posix_file_system disk;
    const auto store = make_run(disk, directory);
    material from(question_files(), 5);
    record_maker records(from);
    constexpr question_id step = 1024;
    question_id id = 0;
    const auto append_some = [&] {
        append_results(*store, records, id + 1, id + step);
        id += step;
    };
    while (id < results) {
        append_some();
        while (store->compact().value()) {
        }
    }
    while (store->sealed_bytes() == 0) append_some();
    const auto records_of_a_segment = store->sealed_bytes() / 2048;
    const auto end = id + records_of_a_segment * 9 / 10;
    while (id < end) append_some();
    ::raise(SIGKILL);
}

// A run that is there, as `proctor run` makes it, or a new one.
void make_closed_run(const std::string& directory, question_id results) {
    posix_file_system disk;
    const auto store = fs::exists(directory)
                           ? run_store::open(disk, directory, make_options(), {}).value()
                           : make_run(disk, directory);
    material from(question_files(), 5);
    record_maker records(from);
    for (question_id id = 0; id < results; id += 1000) {
        append_results(*store, records, id + 1, std::min(id + 1000, results));
        while (store->compact().value()) {
        }
    }
    store->close().value();
    while (store->compact().value()) {
    }
}

// Prints seconds and what the ledger has.
void open_run(const std::string& directory) {
    posix_file_system disk;
    std::uint64_t completed = 0;
    const auto took = seconds_of([&] {
        const auto store = run_store::open(disk, directory, make_options(), {}).value();
        completed = store->found().counted.completed_count();
    });
    fmt::print("{:.3f} seconds, {} completed\n", took, completed);
}

void look_at_run(const std::string& directory) {
    posix_file_system disk;
    std::uint64_t completed = 0;
    const auto took = seconds_of(
        [&] { completed = run_view::open(disk, directory).value().counted().completed_count(); });
    fmt::print("{:.3f} seconds, {} completed\n", took, completed);
}

void export_run(const std::string& directory) {
    posix_file_system disk;
    std::uint64_t bytes = 0;
    const auto took = seconds_of([&] {
        const auto view = run_view::open(disk, directory).value();
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen("/dev/null", "w"),
                                                                  std::fclose);
        auto records = view.records();
        for (;;) {
            const auto entry = records.next().value();
            if (!entry) break;
            const auto body = entry->record.body;
            std::fwrite(body.data(), 1, body.size(), out.get());
            std::fputc('\n', out.get());
            bytes += body.size() + 1;
        }
    });
    fmt::print("{:.3f} seconds, {:.1f} MB/s\n", took, double(bytes) / 1e6 / took);
}

// Runs a command and prints, behind what it prints, its time, CPU and peak of memory. Ends as it
// did. Spawned, for a fork copies this program's pages, a millisecond or two of the command's time.
int measure(char** command) {
    const auto begin = seconds_now();
    pid_t child = 0;
    const auto error = ::posix_spawnp(&child, command[0], nullptr, nullptr, command, environ);
    check(error == 0, fmt::format("cannot start {}: {}", command[0], std::strerror(error)));
    int status = 0;
    rusage used{};
    check(::wait4(child, &status, 0, &used) == child, "cannot wait");
    const auto code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    fmt::print("took {:.4f} seconds, cpu {:.3f} seconds, peak {:.1f} MiB, status {}\n",
               seconds_now() - begin, cpu_seconds(used), double(used.ru_maxrss) / 1024, code);
    return code;
}

int run(int argc, char** argv) {
    const std::map<std::string_view, void (*)()> benches{
        {"log-1", bench_log_1},          {"log-50", bench_log_50},         {"log-64", bench_log_64},
        {"replay", bench_replay},        {"compaction", bench_compaction}, {"disk", bench_disk},
        {"checkpoint", bench_checkpoint}};
    const std::map<std::string_view, void (*)(const std::string&)> steps{
        {"open", open_run}, {"look", look_at_run}, {"export", export_run}, {"cool", make_cold}};
    const std::string_view name = argc > 1 ? argv[1] : "";
    if (argc == 2 && benches.contains(name)) {
        benches.at(name)();
    } else if (argc == 3 && steps.contains(name)) {
        steps.at(name)(argv[2]);
    } else if (argc == 4 && name == "make-killed") {
        make_killed_run(argv[2], std::stoull(argv[3]));
    } else if (argc == 4 && name == "make-closed") {
        make_closed_run(argv[2], std::stoull(argv[3]));
    } else if (argc > 2 && name == "measure") {
        return measure(argv + 2);
    } else {
        std::fputs("usage: store_bench log-1|log-50|log-64|replay|compaction|disk|checkpoint\n"
                   "       store_bench make-killed|make-closed DIR RESULTS\n"
                   "       store_bench open|look|export|cool DIR\n"
                   "       store_bench measure COMMAND…\n",
                   stderr);
        return 2;
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const std::exception& why) {
        fmt::print(stderr, "store_bench: {}\n", why.what());
        return 1;
    }
}
