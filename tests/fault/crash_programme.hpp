// A small run that dies at every call that changes the disk, and at every call of the recovery from
// that, and of that recovery's; and the same with calls that fail instead. From each death several
// disks are drawn that a power cut could leave, and the one that a killed process leaves.
//
// What must hold on each is in `programme::check` and in run_history.hpp. Nothing is left to
// chance: each run explores the same states. A violation comes with the trail that led to it, which
// walk() takes again, alone.
#pragma once

#include "proctor/storage/inspect.hpp"
#include "proctor/storage/run_store.hpp"
#include "run_history.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace proctor::test {

// What a run is made of.
struct run_shape {
    unsigned producers;  // at the most so many records a batch
    unsigned sync_every; // batches
    std::uint64_t segment_size;
    std::uint64_t seed;
};

// What is owed to whoever uses the store, carried from one session to the next.
struct promises {
    run_history past;           // what was submitted
    lsn kept = 0;               // so many must be found by the next session
    lsn acknowledged = 0;       // of those, so many even by another machine
    lsn proved = 0;             // of those, a later frame tells that they were acknowledged
    bool created = false;       // the run was there once
    unsigned directory = 1;     // where it is, or would be
    std::uint64_t drawn = 0;    // records made so far, lost ones included
    std::uint64_t openings = 0; // of the run so far; each has its salts

    void written(const run_store& store) {
        kept = store.written();
        acknowledged = store.durable();
    }
    std::string path() const { return fmt::format("/runs/{}", directory); }
};

// One process: opens the run or creates it, goes on with its work, compacting on the way, ends it
// in good order and compacts the rest.
class session {
public:
    session(memory_file_system& disk, const run_shape& shaped, promises& owed)
        : disk_(disk), shape_(shaped), owed_(owed) {}

    result<> run() {
        if (auto done = begin(); !done) return done;
        opening_calls_ = disk_.calls().size();
        found_ = store_->written();
        const auto half = goal() / 2;
        bool reopens = store_->written() < half;
        for (unsigned batch = 1; store_->written() < goal(); ++batch) {
            if (reopens && store_->written() >= half) {
                reopens = false;
                if (auto done = begin(); !done) return done;
            }
            if (auto done = work(batch); !done) return done;
        }
        if (auto done = store_->close(); !done) return stays_broken(done);
        owed_.written(*store_);
        must(store_->durable() == store_->written(), "a closed run is not durable");
        return compact_the_rest();
    }

    // How many calls it took until the run was open, and how many records it had then.
    std::size_t opening_calls() const { return opening_calls_; }
    lsn found() const { return found_; }
    // Whether a failure of this call may have gone unreported: the store mended it, or the attempt
    // was given up and made again.
    bool may_pass_over(std::size_t call) const {
        return mended_ > 0 || (store_ && !store_->take_notes().empty()) ||
               std::find(given_up_.begin(), given_up_.end(), call) != given_up_.end();
    }

private:
    lsn goal() const { return 12 + shape_.producers; }

    // An earlier session's store is dropped as a killed process would drop it.
    result<> begin() {
        forget();
        const auto& past = owed_.past;
        auto opened = run_store::open(
            disk_, owed_.path(), options(),
            [&](const record_view& record, record_place, lsn number) -> result<> {
                must(number <= past.size(), "a record is replayed that nobody submitted");
                must(record.bytes == past.at(number).bytes, "a record is replayed that is another");
                return {};
            });
        if (!opened && opened.error().code == failure_code::not_found && !owed_.created) {
            ++owed_.directory;
            opened = run_store::create(disk_, owed_.path(), make_identity(), options());
        }
        if (!opened) return opened.error();
        store_ = std::move(*opened);
        const auto found = store_->written();
        if (found < owed_.kept)
            throw violation{fmt::format("{} records are owed, {} were found", owed_.kept, found)};
        must(found <= past.size(), "records were found that nobody submitted");
        must(tell_the_same(store_->found().counted, past.fold(found)),
             "the opened run's figures are not those of its records");
        must(store_->durable() == found, "an opened run is not durable");
        owed_.past.cut_to(found);
        owed_.created = true;
        owed_.written(*store_);
        owed_.proved = owed_.kept; // by the segment that has just begun
        return {};
    }

    void forget() {
        if (store_ && !store_->take_notes().empty()) ++mended_;
        store_.reset();
        job_.reset();
        built_.reset();
        told_of_ = false;
    }

    result<> work(unsigned batch) {
        const auto most = std::min<lsn>(goal() - store_->written(), shape_.producers);
        random_engine random(shape_.seed + owed_.drawn);
        const auto count = static_cast<std::uint32_t>(1 + below(most, random));
        std::string records;
        for (std::uint32_t i = 0; i < count; ++i) {
            ++owed_.drawn;
            owed_.past.submit(draw(random));
            records += owed_.past.at(owed_.past.size()).bytes;
        }
        const auto known = store_->durable();
        if (auto done = append(records, count); !done) return done;
        owed_.written(*store_);
        if (batch % shape_.sync_every == 0) {
            if (auto done = store_->sync(); !done) return stays_broken(done);
            owed_.written(*store_);
            must(owed_.acknowledged == owed_.kept, "a sync left something behind");
            owed_.proved = known;
            if (below(3, random) == 0)
                if (auto done = store_->note(); !done) {
                    // Nothing relies on it: for want of room it is left out.
                    if (done.error().code != failure_code::disk_full) return stays_broken(done);
                    ++mended_;
                }
        }
        return below(2, random) == 0 ? compact_a_step(random) : result<>();
    }

    submitted_record draw(random_engine& random) {
        if (!std::exchange(told_of_, true)) return draw_record(record_kind::session, 0, random);
        // Rarely a question that has its result already.
        question_id id = 0;
        for (int attempt = 0; attempt < 4; ++attempt) {
            id = 1 + below(goal() / 2, random);
            if (!owed_.past.completed(id) || below(16, random) == 0) break;
        }
        constexpr std::array kinds{record_kind::failed, record_kind::answered, record_kind::result};
        return draw_record(kinds.at(below(kinds.size(), random)), id, random);
    }

    // A full disk takes nothing, and the same records may be brought again.
    result<> append(const std::string& records, std::uint32_t count) {
        for (int attempt = 1;; ++attempt) {
            auto done = store_->append(records, count);
            if (done) return done;
            if (done.error().code != failure_code::disk_full) return stays_broken(done);
            if (attempt == 3) return done;
            ++mended_;
        }
    }

    // A compaction's way: ordered, built, adopted, each between two batches; now and then given up.
    result<> compact_a_step(random_engine& random) {
        if (!job_) {
            job_ = store_->next_compaction();
            return {};
        }
        if (!built_) return build();
        if (below(8, random) == 0) {
            give_up();
            return {};
        }
        auto done = store_->adopt(*job_, *built_);
        if (!done) return stays_broken(done);
        job_.reset();
        built_.reset();
        return {};
    }

    // What fails is given up and tried again later, but not for ever.
    result<> build() {
        auto built = build_snapshot(disk_, *job_);
        if (built) {
            built_ = *built;
            return {};
        }
        give_up();
        ++mended_;
        return ++failed_builds_ < 3 ? result<>() : built.error();
    }

    void give_up() {
        store_->abandon(*job_);
        given_up_.push_back(disk_.calls().size());
        job_.reset();
        built_.reset();
    }

    result<> compact_the_rest() {
        random_engine random(shape_.seed + owed_.drawn);
        while (store_->sealed_bytes() > 0)
            if (auto done = compact_a_step(random); !done) return done;
        return {};
    }

    // A store that failed once acknowledges nothing more.
    result<> stays_broken(result<> broken) {
        owed_.kept = owed_.acknowledged = store_->durable();
        random_engine random(1);
        const auto record = draw_record(record_kind::session, 0, random).bytes;
        must(!store_->append(record, 1), "append succeeded after a failure");
        must(!store_->sync(), "sync succeeded after a failure");
        must(!store_->note(), "note succeeded after a failure");
        must(!store_->close(), "close succeeded after a failure");
        must(!store_->compact(), "a compaction succeeded after a failure");
        must(store_->durable() == owed_.acknowledged, "something was acknowledged after a failure");
        return broken;
    }

    store_options options() const {
        auto options = make_options(shape_.segment_size, shape_.seed + 977 * ++owed_.openings);
        options.room_ahead = (shape_.seed + owed_.openings) % 3 * page_size;
        return options;
    }

    memory_file_system& disk_;
    const run_shape& shape_;
    promises& owed_;
    std::unique_ptr<run_store> store_;
    std::optional<compaction_job> job_;
    std::optional<snapshot_key> built_;
    bool told_of_ = false; // that this session began
    unsigned failed_builds_ = 0;
    unsigned mended_ = 0;
    std::vector<std::size_t> given_up_; // calls that cleaned up behind a compaction
    std::size_t opening_calls_ = 0;
    lsn found_ = 0;
};

// A disk, and what is owed on it.
struct run_state {
    memory_file_system disk;
    promises owed;
};

// One thing that happens to a run: the machine or the process dies at a call; or a call fails, and
// then it ends, or dies.
struct step {
    disk_fault fault;
    std::size_t dies = 0;  // behind a call that failed: the call at which it dies; 0: it does not
    std::uint64_t cut = 0; // seed of the power cut; 0: the process was killed

    bool fails() const { return fault.what != disk_fault::effect::machine_dies; }
};

// "call.effect.code.written.dies.cut", as numbers.
inline std::string to_text(const step& taken) {
    return fmt::format("{}.{}.{}.{}.{}.{}", taken.fault.at, int(taken.fault.what),
                       int(taken.fault.code), taken.fault.written, taken.dies, taken.cut);
}

inline bool read_step(std::istream& in, step& taken) {
    char dot = 0;
    int effect = 0, code = 0;
    in >> taken.fault.at >> dot >> effect >> dot >> code >> dot >> taken.fault.written >> dot >>
        taken.dies >> dot >> taken.cut;
    taken.fault.what = static_cast<disk_fault::effect>(effect);
    taken.fault.code = static_cast<failure_code>(code);
    return bool(in);
}

inline run_state copy_of(const run_state& from) {
    return {from.disk.after_kill(), from.owed};
}

// What the next machine, or process, finds.
inline run_state aftermath(const run_state& died, std::uint64_t cut) {
    if (cut == 0) return copy_of(died);
    random_engine random(cut);
    run_state found{died.disk.after_power_cut(random), died.owed};
    found.owed.kept = found.owed.acknowledged;
    return found;
}

// How much of what is possible is explored.
struct thoroughness {
    unsigned cuts = 3;                 // disks drawn from each death, or from those that matter
    unsigned deeper = 2;               // levels of recovery that die as well
    std::uint64_t most_states = ~0ULL; // the exploration ends there
};

// The whole programme over one shape, until its end or the first violation.
class programme {
public:
    programme(const run_shape& shaped, thoroughness how)
        : shape_(shaped), how_(how), seeds_(shaped.seed) {
        must_succeed(make_directories(start_.disk, "/runs"), "cannot make /runs");
        start_ = copy_of(start_);
    }

    void die_everywhere() {
        guard([&] {
            auto whole = copy_of(start_);
            const auto calls = complete(whole).all;
            auto deaths = changing_calls(whole.disk, calls);
            // So that a part of the exploration is not that of the run's beginning.
            std::shuffle(deaths.begin(), deaths.end(), seeds_);
            for (const auto call : deaths) die_at(start_, call);
        });
    }

    void fail_everywhere() {
        guard([&] {
            auto whole = copy_of(start_);
            const auto calls = complete(whole).all;
            fail_each_call(start_, whole.disk, calls);
        });
    }

    void walk(const std::vector<step>& trail) {
        guard([&] {
            auto at = copy_of(start_);
            for (const auto& taken : trail) {
                at = aftermath(take(at, taken), taken.cut);
                trail_.push_back(taken);
            }
            check(at);
        });
    }

    std::uint64_t states() const { return states_; }
    std::uint64_t flips() const { return flips_; }
    // What was violated, and by which trail; empty: nothing.
    const std::string& found() const { return violation_; }

private:
    struct enough {};

    template <class Work>
    void guard(Work work) {
        try {
            work();
        } catch (const enough&) {
        } catch (const violation& broken) {
            auto trail = fmt::format("{}.{}.{}.{}", shape_.producers, shape_.sync_every,
                                     shape_.segment_size, shape_.seed);
            for (const auto& taken : trail_) trail += " " + to_text(taken);
            violation_ = fmt::format("{}\n  after {} states; PROCTOR_CRASH_TRAIL=\"{}\"",
                                     broken.what, states_, trail);
        }
    }

    std::uint64_t draw_cut() { return seeds_() | 1; } // never 0

    // --- what happens ---

    // From two of its aftermaths the recovery dies everywhere as well.
    void die_at(const run_state& from, std::size_t call) {
        auto taken = death_at(call);
        const auto died = take(from, taken);
        visit(died, taken, how_.deeper);
        for (unsigned i = 0; i < how_.cuts; ++i) {
            taken.cut = draw_cut();
            visit(died, taken, i == 0 ? how_.deeper : 0);
        }
    }

    // A death in a recovery.
    void die_again_at(const run_state& from, std::size_t call, unsigned deeper) {
        auto taken = death_at(call);
        const auto died = take(from, taken);
        if (below(6, seeds_) == 0) visit(died, taken, deeper);
        // The most is at stake where something waits for its sync.
        const auto last = died.disk.calls().back();
        const bool waits = last == disk_call::sync_directory || last == disk_call::sync;
        for (unsigned i = 0; i < (waits ? how_.cuts : 1); ++i) {
            taken.cut = draw_cut();
            visit(died, taken, deeper);
        }
    }

    static step death_at(std::size_t call) {
        step taken;
        taken.fault.at = call;
        taken.fault.written = call % 3 * 2000; // of a write that it interrupts
        return taken;
    }

    // `whole` is what the run calls when nothing happens.
    void fail_each_call(const run_state& from, const memory_file_system& whole, std::size_t end) {
        for (std::size_t call = 1; call <= end; ++call)
            for (const auto code : {failure_code::io_error, failure_code::disk_full})
                for (const auto what :
                     {disk_fault::effect::fails_once, disk_fault::effect::fails_for_good}) {
                    step taken;
                    taken.fault = {what, call, code, below(3, seeds_) * 2000};
                    fail_at(from, taken);
                    if (what == disk_fault::effect::fails_once &&
                        changes_disk(whole.calls()[call - 1]))
                        for (int i = 0; i < 2; ++i) {
                            taken.dies = call + 1 + below(24, seeds_);
                            fail_at(from, taken);
                        }
                }
    }

    // The repaired disk under a new process, or under another machine.
    void fail_at(const run_state& from, step taken) {
        const auto failed = take(from, taken);
        const auto deeper = [&] { return below(128, seeds_) == 0 ? std::min(how_.deeper, 1U) : 0; };
        visit(failed, taken, deeper());
        taken.cut = draw_cut();
        visit(failed, taken, deeper());
    }

    void visit(const run_state& left, const step& taken, unsigned deeper) {
        trail_.push_back(taken);
        const auto found = aftermath(left, taken.cut);
        const auto calls = check(found);
        if (deeper > 0) {
            for (const auto call : calls.changing)
                die_again_at(found, call, below(256, seeds_) == 0 ? deeper - 1 : 0);
            // Failing calls of the recovery; once in a while, for there are many.
            if (below(160, seeds_) == 0) fail_each_call(found, calls.disk, calls.opening);
        }
        trail_.pop_back();
    }

    run_state take(const run_state& from, const step& taken) {
        auto at = copy_of(from);
        at.disk.plan(taken.fault);
        if (taken.dies != 0) {
            disk_fault death;
            death.at = taken.dies;
            death.written = taken.dies % 3 * 2000;
            at.disk.plan_also(death);
        }
        session running(at.disk, shape_, at.owed);
        try {
            const auto done = running.run();
            must(taken.fails(), "the machine lived");
            reported(done, taken, running, at.disk);
        } catch (const machine_died&) {
        }
        // What the cache has that no sync brought to the disk is nobody's promise after a failure.
        if (taken.fails()) at.owed.kept = at.owed.acknowledged;
        no_misuse(at.disk);
        return at;
    }

    static void reported(const result<>& done, const step& taken, const session& running,
                         const memory_file_system& disk) {
        // make_directories() lists to see whether there is anything to do.
        const auto& calls = disk.calls();
        const auto at = taken.fault.at;
        // For want of room ahead the same is written without it.
        const bool again = taken.fault.code == failure_code::disk_full && calls.size() > at &&
                           calls[at - 1] == disk_call::write && calls[at] == disk_call::write;
        const bool excused =
            again || calls.at(at - 1) == disk_call::list || running.may_pass_over(at);
        if (done)
            must(excused, "a failure was passed over in silence");
        else if (done.error().code != taken.fault.code &&
                 done.error().code != failure_code::io_error) // what cannot simply be done again
            throw violation{"another failure: " + done.error().message()};
    }

    // --- what must hold ---

    struct calls_to_die_at {
        memory_file_system disk; // that of the run that was not disturbed
        std::size_t opening = 0; // so many of its calls opened the run
        std::vector<std::size_t> changing;
    };

    // Readers are shown what was submitted, it opens, opens again unchanged, and completes. Returns
    // calls to die at next: all of the opening, where old meets new, and some of those soon after.
    calls_to_die_at check(const run_state& found) {
        constexpr std::size_t soon = 60;
        if (states_ == how_.most_states) throw enough{};
        ++states_;
        random_engine random(trail_.empty() ? 0 : trail_.back().cut + trail_.back().fault.at);
        const auto survived = look(found);
        const bool thorough = below(8, random) == 0;
        if (thorough) inspect(found, condition::torn);
        if (thorough) opens_twice(found, survived);
        if (survived && below(3, random) == 0) rot(found, random);

        auto going_on = copy_of(found);
        const auto last = complete(going_on);
        if (thorough) inspect(going_on, condition::clean);
        must(last.found == survived.value_or(0), "a reader was shown another run");
        calls_to_die_at calls{std::move(going_on.disk), last.opening, {}};
        calls.changing = changing_calls(calls.disk, std::min(last.opening + soon, last.all));
        std::erase_if(calls.changing, [&](auto call) {
            if (call <= last.opening) return false;
            // The most is at stake right before a sync.
            const bool syncs = calls.disk.calls()[call - 1] == disk_call::sync;
            return below(syncs ? 2 : 8, random) != 0;
        });
        return calls;
    }

    // How many records a reader finds; nothing: there is no run.
    static std::optional<lsn> look(const run_state& found) {
        auto at = copy_of(found);
        const auto seen = look_at_run(at.disk, at.owed.path(), at.owed.past);
        if (!seen && seen.error().code == failure_code::not_found && !at.owed.created) return {};
        must_succeed(seen, "a reader is refused");
        if (*seen < at.owed.kept)
            throw violation{fmt::format("{} records are owed, {} are shown", at.owed.kept, *seen)};
        return *seen;
    }

    // It may find as much, and not more.
    static void inspect(const run_state& found, condition worst) {
        auto at = copy_of(found);
        const auto inspected = inspect_run(at.disk, at.owed.path(), {});
        if (!inspected && inspected.error().code == failure_code::not_found && !at.owed.created)
            return;
        must_succeed(inspected, "it cannot be inspected");
        must(inspected->verdict <= worst, "inspection finds fault");
    }

    void opens_twice(const run_state& found, std::optional<lsn> survived) {
        auto at = copy_of(found);
        for (int time = 0; time < 2; ++time) {
            const auto opened = run_store::open(
                at.disk, at.owed.path(), make_options(shape_.segment_size, shape_.seed + time), {});
            if (!opened && opened.error().code == failure_code::not_found && !at.owed.created)
                return;
            must_succeed(opened, "it does not open");
            must(look(at) == survived.value_or(0), "opening changed something");
        }
    }

    // A bit flips in the log. That is damage, or harmless, or, in the last batch that was synced,
    // what looks like a torn tail; silence about more than that is a violation.
    void rot(const run_state& found, random_engine& random) {
        auto rotten = copy_of(found);
        const auto directory = rotten.owed.path();
        std::vector<std::string> segments;
        for (const auto& name : *rotten.disk.list(directory))
            if (parse_segment_name(name)) segments.push_back(join_path(directory, name));
        const auto& path = segments.at(below(segments.size(), random));
        auto text = rotten.disk.contents(path);
        const auto at = below(text.size() / page_size, random) * page_size + below(128, random);
        text[at] = static_cast<char>(text[at] ^ (1 << below(8, random)));
        rotten.disk.set_contents(path, std::move(text));
        ++flips_;

        const auto seen = look_at_run(rotten.disk, directory, rotten.owed.past);
        if (!seen)
            must(seen.error().code == failure_code::damaged, "a flipped bit is no damage");
        else if (*seen < found.owed.proved)
            throw violation{
                fmt::format("a flipped bit in {}, offset {}: {} records are proved, {} are shown",
                            path, at, found.owed.proved, *seen)};
    }

    struct course {
        lsn found = 0;           // when the run was opened
        std::size_t opening = 0; // calls
        std::size_t all = 0;
    };

    course complete(run_state& at) {
        session last(at.disk, shape_, at.owed);
        must_succeed(last.run(), "the run does not complete");
        no_misuse(at.disk);
        const course taken{last.found(), last.opening_calls(), at.disk.calls().size()};
        const auto view = run_view::open(at.disk, at.owed.path());
        must_succeed(view, "the completed run cannot be opened");
        const auto end = read_through(*view, at.owed.past);
        must_succeed(end, "the completed run cannot be read");
        must(*end == at.owed.past.size() && *end == at.owed.acknowledged,
             "the completed run is not what was submitted");
        const auto& report = view->found();
        const auto& files = report.files;
        must(report.closed && !report.torn && report.records == 0, "the end is not in good order");
        must(files.segments.size() == 1 && files.superseded.empty() && files.temporary.empty() &&
                 files.unknown.empty(),
             "something is left lying about");
        return taken;
    }

    static std::vector<std::size_t> changing_calls(const memory_file_system& disk,
                                                   std::size_t end) {
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < end; ++i)
            if (changes_disk(disk.calls()[i])) numbers.push_back(i + 1);
        return numbers;
    }

    static void no_misuse(const memory_file_system& disk) {
        if (!disk.misuse().empty()) throw violation{disk.misuse().front()};
    }

    run_shape shape_;
    thoroughness how_;
    random_engine seeds_;
    run_state start_;
    std::vector<step> trail_;
    std::string violation_;
    std::uint64_t states_ = 0, flips_ = 0;
};

// "producers.sync_every.segment_size.seed step step …"; what walking it violates, empty: nothing.
inline std::string walk_again(const std::string& text) {
    std::istringstream in(text);
    run_shape shaped{};
    char dot = 0;
    in >> shaped.producers >> dot >> shaped.sync_every >> dot >> shaped.segment_size >> dot >>
        shaped.seed;
    std::vector<step> trail;
    for (step taken; read_step(in, taken);) trail.push_back(taken);
    programme alone(shaped, {});
    alone.walk(trail);
    return alone.found();
}

} // namespace proctor::test
