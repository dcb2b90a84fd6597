// Salvage dies at every call that changes the disk, by a kill and by power cuts. What it leaves is
// refused as damaged still, or it is salvaged: never a run that opens and has lost more than the
// damage did. Called again, it comes to the same end.
#include "proctor/storage/salvage.hpp"
#include "support/damaged_runs.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

#ifdef PROCTOR_SANITIZE
constexpr unsigned cuts = 2;
constexpr std::uint64_t least_states = 300;
#else
constexpr unsigned cuts = 12;
constexpr std::uint64_t least_states = 2'000;
#endif

using results = std::map<question_id, std::string>;

struct damage {
    std::string name;
    std::function<void(memory_file_system&)> make;
};

std::string nth(memory_file_system& disk, std::string_view part, std::size_t index) {
    return names_with(disk, part).at(index);
}

// Three snapshots of four records, then four segments: three sealed ones, and one that goes on.
memory_file_system made_run() {
    memory_file_system disk;
    growing_run run(disk, two_frames);
    run.answer_to(15).compact().answer_to(29).note();
    return disk;
}

const std::vector<damage> damages = {
    {"a block of a snapshot",
     [](memory_file_system& disk) { flip(disk, nth(disk, "snapshot-", 1), 150); }},
    {"the header of a snapshot, and a footer",
     [](memory_file_system& disk) {
         flip(disk, nth(disk, "snapshot-", 0), 30);
         const auto path = nth(disk, "snapshot-", 2);
         flip(disk, path, disk.contents(path).size() - 70);
     }},
    {"a missing snapshot",
     [](memory_file_system& disk) { must_do(disk.remove(nth(disk, "snapshot-", 1))); }},
    {"a frame of a sealed segment",
     [](memory_file_system& disk) { flip(disk, nth(disk, "wal-", 1), page_size + 100); }},
    {"frames of the last segment and of one before it",
     [](memory_file_system& disk) {
         flip(disk, nth(disk, "wal-", 1), page_size + 100);
         const auto segments = names_with(disk, "wal-");
         flip(disk, segments.back(), page_size + 100);
     }},
    {"a segment's header, and a snapshot",
     [](memory_file_system& disk) {
         flip(disk, nth(disk, "wal-", 0), 20);
         flip(disk, nth(disk, "snapshot-", 2), 150);
     }},
    {"the last segment's header",
     [](memory_file_system& disk) { flip(disk, names_with(disk, "wal-").back(), 20); }},
    {"the first segment is gone",
     [](memory_file_system& disk) { must_do(disk.remove(nth(disk, "wal-", 0))); }},
    {"a torn tail behind a damaged snapshot",
     [](memory_file_system& disk) {
         flip(disk, nth(disk, "snapshot-", 1), 30);
         const auto path = names_with(disk, "wal-").back();
         disk.set_contents(path, disk.contents(path) + std::string(100, 'x'));
     }},
};

store_options options(std::uint64_t seed) {
    auto options = make_options(two_frames, seed);
    options.room_ahead = seed % 2 * page_size;
    return options;
}

// What the run holds, if it opens; nothing if it is refused as damaged.
std::optional<results> opened(const memory_file_system& found) {
    auto disk = found.after_kill();
    const auto verdict = value_of(inspect_run(disk, run_path, {})).verdict;
    const auto store = run_store::open(disk, run_path, options(3), {});
    if (!store) {
        BOOST_TEST((store.error().code == failure_code::damaged), store.error().message());
        BOOST_TEST((verdict == condition::damaged));
        return std::nullopt;
    }
    // A run whose snapshots have bad blocks opens, and is damaged all the same.
    if (verdict == condition::damaged) return std::nullopt;
    return results_of(disk);
}

// Salvages what it finds, to its end, and tells what is there then.
results mended(const memory_file_system& found) {
    auto disk = found.after_kill();
    const auto report = value_of(salvage(disk, run_path, options(5)));
    for (const auto& repair : report.repairs)
        if (!repair.original.empty()) BOOST_TEST(disk.contents(repair.original).size() > 0u);
    BOOST_TEST(disk.misuse().empty());
    const auto held = opened(disk);
    BOOST_TEST_REQUIRE(held.has_value());
    return *held;
}

class explorer {
public:
    explicit explorer(const memory_file_system& damaged)
        : damaged_(damaged.after_kill()), goal_(mended(damaged_)) {}

    void die_everywhere() {
        auto whole = damaged_.after_kill();
        BOOST_TEST(salvage(whole, run_path, options(5)).has_value());
        for (std::size_t i = 0; i < whole.calls().size(); ++i)
            if (changes_disk(whole.calls()[i])) die_at(i + 1);
    }

    void fail_everywhere() {
        auto whole = damaged_.after_kill();
        BOOST_TEST(salvage(whole, run_path, options(5)).has_value());
        for (std::size_t call = 1; call <= whole.calls().size(); ++call) {
            auto failing = damaged_.after_kill();
            failing.plan({disk_fault::effect::fails_once, call, failure_code::io_error, 0});
            const auto done = salvage(failing, run_path, options(5));
            // Whether quarantine/ is there may be found out in two ways.
            BOOST_TEST((done || done.error().code == failure_code::io_error));
            BOOST_TEST(failing.misuse().empty());
            check(failing.after_kill());
        }
    }

    std::uint64_t states() const { return states_; }
    const results& goal() const { return goal_; }

private:
    void die_at(std::size_t call) {
        auto dying = damaged_.after_kill();
        disk_fault fault;
        fault.at = call;
        fault.written = call % 3 * 100;
        dying.plan(fault);
        try {
            (void)salvage(dying, run_path, options(5));
            BOOST_ERROR("the machine lived");
        } catch (const machine_died&) {
        }
        check(dying.after_kill());
        for (unsigned i = 0; i < cuts; ++i) {
            random_engine random(call * 100 + i);
            check(dying.after_power_cut(random));
        }
    }

    void check(const memory_file_system& found) {
        ++states_;
        if (const auto held = opened(found)) BOOST_TEST((*held == goal_));
        BOOST_TEST((mended(found) == goal_));
    }

    memory_file_system damaged_;
    results goal_;
    std::uint64_t states_ = 0;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_salvage_that_dies_loses_nothing_in_silence) {
    std::uint64_t states = 0;
    for (const auto& one : damages) {
        BOOST_TEST_CONTEXT(one.name) {
            auto disk = made_run();
            one.make(disk);
            must_do(disk.sync_directory(run_path));
            BOOST_TEST(!opened(disk).has_value());
            explorer all(disk);
            all.die_everywhere();
            states += all.states();
        }
    }
    fmt::print("salvages that died: {}\n", states);
    BOOST_TEST(states >= least_states);
}

BOOST_AUTO_TEST_CASE(a_salvage_that_fails_loses_nothing_in_silence) {
    std::uint64_t states = 0;
    for (const auto& one : damages) {
        BOOST_TEST_CONTEXT(one.name) {
            auto disk = made_run();
            one.make(disk);
            must_do(disk.sync_directory(run_path));
            explorer all(disk);
            all.fail_everywhere();
            states += all.states();
        }
    }
    fmt::print("salvages that failed: {}\n", states);
    BOOST_TEST(states >= 500u);
}
