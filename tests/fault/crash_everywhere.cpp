// The store's claim, put to the test: whatever the machine or the disk does at whatever call, what
// was acknowledged is there bit for bit, nothing else appears, and the run goes on.
//
// A small workload dies at every call that changes the disk. From each death several disks are
// drawn that a power cut could leave, and the one that a killed process leaves; on each the run
// must open and complete, and on each the recovery itself dies at every call, and that recovery's
// recovery now and then. Then the same with calls that fail instead.
//
// Nothing here is left to chance: each run explores the same states. A violation prints the trail
// of deaths that led to it; PROCTOR_CRASH_TRAIL=<trail> walks it again, alone.
#include "proctor/storage/inspect.hpp"
#include "proctor/storage/run_store.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;

struct violation {
    std::string what;
};

void must(bool holds, const std::string& what) {
    if (!holds) throw violation{what};
}

// What a run is made of.
struct shape {
    unsigned producers;  // at the most so many records a batch
    unsigned sync_every; // batches
    std::uint64_t segment_size;
    std::uint64_t seed;
};

// What is owed to whoever uses the store, carried from one session to the next.
struct ledger_of_promises {
    std::vector<std::string> submitted; // by LSN
    lsn kept = 0;                       // so many must be found by the next session
    lsn acknowledged = 0;               // of those, so many even by another machine
    lsn proved = 0;          // of those, a later frame or segment tells that they were acknowledged
    bool created = false;    // the run was there once
    unsigned directory = 1;  // where it is, or would be
    std::uint64_t drawn = 0; // records made so far, lost ones included
    std::uint64_t openings = 0; // of the run so far; each has its salts

    void written(const run_store& store) {
        kept = store.written();
        acknowledged = store.durable();
    }
    std::string path() const { return fmt::format("/runs/{}", directory); }
};

// One process: opens the run or creates it, goes on with its work, ends it in good order.
class session {
public:
    session(memory_file_system& disk, const shape& shaped, ledger_of_promises& owed)
        : disk_(disk), shape_(shaped), owed_(owed) {}

    result<> run() {
        if (auto done = begin(); !done) return done;
        opening_calls_ = disk_.calls().size();
        const auto goal = total();
        const auto half = goal / 2;
        bool reopens = store_->written() < half;
        for (unsigned batch = 1; store_->written() < goal; ++batch) {
            if (reopens && store_->written() >= half) {
                reopens = false;
                if (auto done = begin(); !done) return done;
            }
            if (auto done = work(goal, batch); !done) return stays_broken(done);
        }
        if (auto done = store_->close(); !done) return stays_broken(done);
        owed_.written(*store_);
        must(store_->durable() == store_->written(), "a closed run is not durable");
        return {};
    }

    // How many calls it took until the run was open.
    std::size_t opening_calls() const { return opening_calls_; }

private:
    lsn total() const { return 6 + 5 * shape_.producers; }

    // An earlier session's store is dropped as a killed process would drop it.
    result<> begin() {
        store_.reset();
        seen_records seen;
        auto opened = run_store::open(disk_, owed_.path(), options(), seen.visitor());
        if (!opened && opened.error().code == failure_code::not_found && !owed_.created) {
            ++owed_.directory;
            opened = run_store::create(disk_, owed_.path(), make_identity(), options());
        }
        if (!opened) return opened.error();
        store_ = std::move(*opened);
        compare(seen.bytes());
        must(store_->written() == seen.bytes().size(), "the next LSN is not dense");
        owed_.submitted.resize(seen.bytes().size());
        owed_.created = true;
        owed_.written(*store_);
        must(owed_.acknowledged == owed_.kept, "an opened run is not durable");
        owed_.proved = owed_.kept; // by the segment that has just begun
        return {};
    }

    void compare(const std::vector<std::string>& found) const {
        must(found.size() >= owed_.kept,
             fmt::format("{} records are owed, {} were found", owed_.kept, found.size()));
        must(found.size() <= owed_.submitted.size(), "records were found that nobody submitted");
        must(std::equal(found.begin(), found.end(), owed_.submitted.begin()),
             "a record is not what was submitted");
    }

    result<> work(lsn goal, unsigned batch) {
        const auto most = std::min<lsn>(goal - store_->written(), shape_.producers);
        random_engine random(shape_.seed + owed_.drawn);
        const auto count = static_cast<std::uint32_t>(1 + below(most, random));
        std::string records;
        for (std::uint32_t i = 0; i < count; ++i) {
            owed_.submitted.push_back(draw(i, random));
            records += owed_.submitted.back();
        }
        const auto known = store_->durable();
        if (auto done = store_->append(records, count); !done) return done;
        owed_.written(*store_);
        if (batch % shape_.sync_every != 0) return {};
        if (auto done = store_->sync(); !done) return done;
        owed_.written(*store_);
        must(owed_.acknowledged == owed_.kept, "a sync left something behind");
        owed_.proved = known;
        if (below(3, random) == 0) return store_->note();
        return {};
    }

    std::string draw(std::uint32_t producer, random_engine& random) {
        const bool large = below(4, random) == 0; // more than a page, at times
        auto body = fmt::format("{{\"drawn\":{},\"model_answer\":\"", ++owed_.drawn);
        body.append(below(large ? 6000 : 300, random), static_cast<char>('a' + owed_.drawn % 26));
        return make_record(question_id{1000} * producer + owed_.drawn, body + "\"}");
    }

    // A store that failed once acknowledges nothing more.
    result<> stays_broken(result<> broken) {
        owed_.kept = owed_.acknowledged = store_->durable();
        const auto record = make_record(1, "{}");
        must(!store_->append(record, 1), "append succeeded after a failure");
        must(!store_->sync(), "sync succeeded after a failure");
        must(!store_->note(), "note succeeded after a failure");
        must(!store_->close(), "close succeeded after a failure");
        must(store_->durable() == owed_.acknowledged, "something was acknowledged after a failure");
        return broken;
    }

    store_options options() const {
        return make_options(shape_.segment_size, shape_.seed + 977 * ++owed_.openings);
    }

    memory_file_system& disk_;
    const shape& shape_;
    ledger_of_promises& owed_;
    std::unique_ptr<run_store> store_;
    std::size_t opening_calls_ = 0;
};

// A disk, and what is owed on it.
struct state {
    memory_file_system disk;
    ledger_of_promises owed;
};

// One thing that happened to a state: the machine or the process died at a call.
struct step {
    std::size_t call = 0;
    std::uint64_t cut = 0; // seed of the power cut; 0: the process was killed
};

state copy_of(const state& from) {
    return {from.disk.after_kill(), from.owed};
}

// What the next machine, or process, finds.
state aftermath(const state& died, std::uint64_t cut) {
    if (cut == 0) return copy_of(died);
    random_engine random(cut);
    state found{died.disk.after_power_cut(random), died.owed};
    found.owed.kept = found.owed.acknowledged;
    return found;
}

// The whole programme over one shape.
class programme {
public:
    explicit programme(const shape& shaped) : shape_(shaped), seeds_(shaped.seed) {
        must(make_directories(start_.disk, "/runs").has_value(), "cannot make /runs");
        start_ = copy_of(start_);
    }

    void die_everywhere(unsigned cuts, unsigned deeper) {
        guard([&] {
            auto whole = copy_of(start_);
            complete(whole);
            for (const auto call : changing_calls(whole.disk, whole.disk.calls().size())) {
                const auto died = die_at(start_, call);
                visit(died, {call, 0}, deeper);
                for (unsigned i = 0; i < cuts; ++i) visit(died, {call, draw_cut()}, deeper);
            }
        });
    }

    void fail_everywhere() {
        guard([&] {
            fail_each_call(start_, [](const session&, const memory_file_system& disk) {
                return disk.calls().size();
            });
        });
    }

    void walk(const std::vector<step>& trail) {
        guard([&] {
            auto at = copy_of(start_);
            for (const auto& taken : trail) {
                at = aftermath(die_at(at, taken.call), taken.cut);
                trail_.push_back(taken);
            }
            check(at);
        });
    }

    std::uint64_t states() const { return states_; }
    std::uint64_t violations() const { return violations_; }

private:
    template <class Work>
    void guard(Work work) {
        try {
            work();
        } catch (const violation& broken) {
            ++violations_;
            auto trail = fmt::format("{}.{}.{}.{}", shape_.producers, shape_.sync_every,
                                     shape_.segment_size, shape_.seed);
            for (const auto& taken : trail_) trail += fmt::format(" {}.{}", taken.call, taken.cut);
            BOOST_ERROR(fmt::format("{}\n  after {} states; PROCTOR_CRASH_TRAIL=\"{}\" {}",
                                    broken.what, states_, trail, fault_));
        }
    }

    std::uint64_t draw_cut() { return seeds_() | 1; } // never 0

    void visit(const state& died, step taken, unsigned deeper) {
        trail_.push_back(taken);
        const auto found = aftermath(died, taken.cut);
        const auto calls = check(found);
        rot(found);
        if (deeper > 0) {
            for (const auto call : calls) {
                const auto died_again = die_at(found, call);
                visit(died_again, {call, draw_cut()}, below(64, seeds_) == 0 ? deeper - 1 : 0);
                if (below(4, seeds_) == 0) visit(died_again, {call, 0}, 0);
            }
            // Failing reads and syncs of the recovery; once in a while, for there are many.
            if (below(64, seeds_) == 0)
                fail_each_call(found, [](const session& opened, const memory_file_system&) {
                    return opened.opening_calls();
                });
        }
        trail_.pop_back();
    }

    // The run opens, opens again unchanged, and completes. Returns calls to die at next: all of the
    // opening, where old meets new, and some of those soon after.
    std::vector<std::size_t> check(const state& found) {
        constexpr std::size_t soon = 16;
        ++states_;
        if (states_ % 4 == 0) opens_twice(found);
        auto going_on = copy_of(found);
        const auto opening = complete(going_on);
        const auto end = std::min(opening + soon, going_on.disk.calls().size());
        auto calls = changing_calls(going_on.disk, end);
        std::erase_if(calls, [&](auto call) { return call > opening && below(3, seeds_) != 0; });
        return calls;
    }

    // A bit flips in the log. That is damage, or harmless, or, in the last batch that was synced,
    // what looks like a torn tail; silence about more than that is a violation.
    void rot(const state& found) {
        auto rotten = copy_of(found);
        const auto names = rotten.disk.list(rotten.owed.path());
        if (!names || !rotten.owed.created) return;
        std::vector<std::string> segments;
        for (const auto& name : *names)
            if (parse_segment_name(name)) segments.push_back(join_path(rotten.owed.path(), name));
        const auto& path = segments.at(below(segments.size(), seeds_));
        auto text = rotten.disk.contents(path);
        const auto at = below(text.size() / page_size, seeds_) * page_size + below(128, seeds_);
        text[at] = static_cast<char>(text[at] ^ (1 << below(8, seeds_)));
        rotten.disk.set_contents(path, std::move(text));

        seen_records seen;
        const auto opened =
            run_store::open(rotten.disk, rotten.owed.path(),
                            make_options(shape_.segment_size, states_), seen.visitor());
        ++states_;
        if (!opened) {
            must(opened.error().code == failure_code::damaged, opened.error().message());
            return;
        }
        must(seen.bytes().size() >= found.owed.proved,
             fmt::format("a flipped bit in {}, offset {}: {} records are proved, {} were found",
                         path, at, found.owed.proved, seen.bytes().size()));
        must(seen.bytes().size() <= found.owed.submitted.size() &&
                 std::equal(seen.bytes().begin(), seen.bytes().end(), found.owed.submitted.begin()),
             "a flipped bit altered a record in silence");
    }

    std::size_t complete(state& at) {
        session last(at.disk, shape_, at.owed);
        const auto done = last.run();
        must(done.has_value(), done ? "" : "the run does not complete: " + done.error().message());
        no_misuse(at.disk);
        seen_records seen;
        const auto report = replay(at.disk, at.owed.path(), make_identity().id, seen.visitor());
        must(report && report->closed && !report->torn, "the end is not in good order");
        must(seen.bytes() == at.owed.submitted, "the completed run is not what was submitted");
        const auto inspected = inspect_run(at.disk, at.owed.path(), {});
        must(inspected && inspected->verdict == condition::clean, "inspection finds fault");
        return last.opening_calls();
    }

    void opens_twice(const state& found) {
        auto first = copy_of(found);
        const auto before = reopen(first);
        must(reopen(first) == before, "opening again changed something");
    }

    std::vector<std::string> reopen(state& at) {
        seen_records seen;
        const auto inspected = inspect_run(at.disk, at.owed.path(), {});
        const auto opened = run_store::open(
            at.disk, at.owed.path(), make_options(shape_.segment_size, states_), seen.visitor());
        if (!opened && opened.error().code == failure_code::not_found && !at.owed.created)
            return {};
        must(opened.has_value(), opened ? "" : "it does not open: " + opened.error().message());
        must(inspected && inspected->verdict != condition::damaged, "inspection calls it damage");
        return seen.bytes();
    }

    static std::vector<std::size_t> changing_calls(const memory_file_system& disk,
                                                   std::size_t end) {
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < end; ++i)
            if (changes_disk(disk.calls()[i])) numbers.push_back(i + 1);
        return numbers;
    }

    state die_at(const state& from, std::size_t call) {
        auto dying = copy_of(from);
        disk_fault fault;
        fault.at = call;
        fault.written = call % 3 * 2000; // of a write that it interrupts
        dying.disk.plan(fault);
        try {
            const auto done = session(dying.disk, shape_, dying.owed).run();
            must(false, done ? "the machine lived" : "died of " + done.error().message());
        } catch (const machine_died&) {
        }
        no_misuse(dying.disk);
        return dying;
    }

    template <class CountCalls>
    void fail_each_call(const state& from, CountCalls count_calls) {
        auto whole = copy_of(from);
        session undisturbed(whole.disk, shape_, whole.owed);
        must(undisturbed.run().has_value(), "the run does not complete");
        const auto calls = count_calls(undisturbed, whole.disk);
        for (std::size_t call = 1; call <= calls; ++call)
            for (const auto code : {failure_code::io_error, failure_code::disk_full})
                for (const auto what :
                     {disk_fault::effect::fails_once, disk_fault::effect::fails_for_good})
                    fail_at(from, {what, call, code, below(3, seeds_) * 2000});
    }

    void fail_at(const state& from, disk_fault fault) {
        fault_ = fmt::format("then call {} fails ({}, {})", fault.at, to_string(fault.code),
                             fault.what == disk_fault::effect::fails_once ? "once" : "for good");
        auto failing = copy_of(from);
        failing.disk.plan(fault);
        const auto done = session(failing.disk, shape_, failing.owed).run();
        must(!done, "a failure was passed over in silence");
        must(done.error().code == fault.code, "another failure: " + done.error().message());
        no_misuse(failing.disk);
        // The repaired disk under a new process, or under another machine. What a new process
        // trusts after a failed sync is in the cache alone: it must not lose power as well, until
        // recovery writes such frames anew.
        check(aftermath(failing, 0));
        for (int i = 0; i < 2; ++i) check(aftermath(failing, draw_cut()));
        fault_.clear();
    }

    static void no_misuse(const memory_file_system& disk) {
        must(disk.misuse().empty(), disk.misuse().empty() ? "" : disk.misuse().front());
    }

    shape shape_;
    random_engine seeds_;
    state start_;
    std::vector<step> trail_;
    std::string fault_;
    std::uint64_t states_ = 0, violations_ = 0;
};

const std::vector<shape> shapes = {
    {1, 3, 3 * page_size, 12}, {8, 1, 6 * page_size, 15},
#ifndef PROCTOR_SANITIZE
    {1, 1, 3 * page_size, 11}, {3, 1, page_size, 13},      {3, 3, 4 * page_size, 14},
    {8, 2, 1 << 20, 16},       {64, 1, 8 * page_size, 17}, {64, 3, 1 << 20, 18},
#endif
};

#ifdef PROCTOR_SANITIZE
constexpr unsigned cuts = 1, deeper = 1;
constexpr std::uint64_t least_crashes = 5'000, least_failures = 1'000;
#else
constexpr unsigned cuts = 3, deeper = 2;
constexpr std::uint64_t least_crashes = 100'000, least_failures = 8'000;
#endif

// "producers.sync_every.segment_size.seed call.cut call.cut …"
void walk_again(const std::string& text) {
    std::istringstream in(text);
    shape shaped{};
    char dot = 0;
    in >> shaped.producers >> dot >> shaped.sync_every >> dot >> shaped.segment_size >> dot >>
        shaped.seed;
    std::vector<step> trail;
    for (step taken; in >> taken.call >> dot >> taken.cut;) trail.push_back(taken);
    programme(shaped).walk(trail);
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_acknowledged_is_lost_wherever_it_dies) {
    if (const char* trail = std::getenv("PROCTOR_CRASH_TRAIL")) return walk_again(trail);
    std::uint64_t states = 0, violations = 0;
    for (const auto& shaped : shapes) {
        programme all(shaped);
        all.die_everywhere(cuts, deeper);
        states += all.states();
        violations += all.violations();
    }
    fmt::print("crash states: {}, violations: {}\n", states, violations);
    BOOST_TEST(violations == 0u);
    BOOST_TEST(states >= least_crashes);
}

BOOST_AUTO_TEST_CASE(nothing_is_acknowledged_after_a_failure) {
    if (std::getenv("PROCTOR_CRASH_TRAIL")) return;
    std::uint64_t states = 0, violations = 0;
    for (const auto& shaped : shapes) {
        programme all(shaped);
        all.fail_everywhere();
        states += all.states();
        violations += all.violations();
    }
    fmt::print("failure states: {}, violations: {}\n", states, violations);
    BOOST_TEST(violations == 0u);
    BOOST_TEST(states >= least_failures);
}
