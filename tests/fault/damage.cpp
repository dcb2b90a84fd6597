// Every bit of a small run flipped, every file of it cut to every length, pages zeroed, doubled and
// swapped, files removed: it must be noticed, or change nothing that anybody is shown, or look like
// the torn tail that a crash leaves, where nothing was acknowledged.
//
// What FORMAT.md does not promise is counted apart: rot in the last batch that was synced before a
// crash, and a last segment that somebody cut short or removed.
#include "proctor/storage/inspect.hpp"
#include "proctor/storage/run_store.hpp"
#include "run_history.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace proctor;
using namespace proctor::test;

const std::string directory = "/run";

// What a damaged run turned out to be.
struct tally_of_outcomes {
    std::uint64_t refused = 0;    // and said why
    std::uint64_t harmless = 0;   // everything is there
    std::uint64_t torn = 0;       // what was never acknowledged is not
    std::uint64_t last_batch = 0; // nor is what no later frame tells of
    std::uint64_t cut = 0;        // the end of the log is not there any more
    std::uint64_t silent = 0;

    std::uint64_t all() const { return refused + harmless + torn + last_batch + cut + silent; }
};

// How a run came to its end.
enum class ending {
    closed,      // in good order, all of it in snapshots
    while_idle,  // killed behind a sync
    while_going, // killed behind an append: the frame tells that all before it is durable
};

// A run that was made for damaging it.
class victim {
public:
    explicit victim(ending how) {
        auto options = make_options(3 * page_size, 21);
        options.room_ahead = page_size;
        auto made = run_store::create(disk_, directory, make_identity(), options);
        must_succeed(made, "it cannot be made");
        store_ = std::move(*made);
        for (int batch = 0; batch < 7; ++batch) {
            append();
            must_succeed(store_->sync(), "it cannot be synced");
            if (batch == 3)
                while (*store_->compact()) {
                }
        }
        if (how == ending::while_going) append();
        if (how == ending::closed) {
            must_succeed(store_->close(), "it cannot be closed");
            while (*store_->compact()) {
            }
        }
        acknowledged_ = store_->durable();
        store_.reset();
    }

    const memory_file_system& disk() const { return disk_; }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& name : *disk_.after_kill().list(directory))
            if (name != lock_file) names.push_back(join_path(directory, name)); // text for people
        return names;
    }
    bool is_last_segment(const std::string& path) const {
        std::string last;
        for (const auto& name : files())
            if (name.ends_with(".log")) last = name;
        return path == last;
    }

    // `cut`: bytes that are not there any more, rather than others.
    enum class kind { changed, cut };
    void judge(memory_file_system& damaged, const std::string& path, kind what,
               tally_of_outcomes& outcomes) const {
        try {
            const auto seen = look_at_run(damaged, directory, past_);
            if (!seen) {
                const auto code = seen.error().code;
                must(code == failure_code::damaged || code == failure_code::unsupported ||
                         code == failure_code::not_found,
                     "it is refused for another reason");
                ++outcomes.refused;
            } else if (*seen == past_.size())
                ++outcomes.harmless;
            else if (*seen >= acknowledged_)
                ++outcomes.torn;
            else if (what == kind::cut && is_last_segment(path))
                ++outcomes.cut;
            else if (*seen >= proved_)
                ++outcomes.last_batch;
            else
                throw violation{fmt::format("{} of {} records are shown", *seen, past_.size())};
        } catch (const violation& broken) {
            if (outcomes.silent++ == 0) BOOST_ERROR(path << ": " << broken.what);
        }
    }

private:
    void append() {
        std::string records;
        constexpr std::uint32_t count = 2;
        for (std::uint32_t i = 0; i < count; ++i) {
            constexpr std::array kinds{record_kind::failed, record_kind::answered,
                                       record_kind::result, record_kind::session};
            const auto kind = kinds.at(below(kinds.size(), random_));
            const auto id = kind == record_kind::session ? 0 : 1 + below(8, random_);
            past_.submit(draw_record(kind, id, random_));
            records += past_.at(past_.size()).bytes;
        }
        proved_ = store_->durable();
        must_succeed(store_->append(records, count), "nothing can be appended");
    }

    memory_file_system disk_;
    std::unique_ptr<run_store> store_;
    random_engine random_{22};
    run_history past_;
    lsn acknowledged_ = 0;
    lsn proved_ = 0; // by the last frame
};

const std::vector<std::pair<std::string_view, ending>> endings = {
    {"closed", ending::closed},
    {"killed behind a sync", ending::while_idle},
    {"killed behind an append", ending::while_going},
};

bool is_snapshot(const std::string& path) {
    return path.ends_with(".snap");
}

void show(std::string_view what, std::string_view which, const tally_of_outcomes& outcomes) {
    fmt::print("{} of a run {}: {} ({} refused, {} harmless, {} torn and never acknowledged, {} in "
               "the last batch, {} cut off), silent: {}\n",
               what, which, outcomes.all(), outcomes.refused, outcomes.harmless, outcomes.torn,
               outcomes.last_batch, outcomes.cut, outcomes.silent);
}

// The same file with something done to its bytes.
template <class Change>
memory_file_system with(const memory_file_system& disk, const std::string& path, Change change) {
    auto damaged = disk.after_kill();
    auto text = damaged.contents(path);
    change(text);
    damaged.set_contents(path, std::move(text));
    return damaged;
}

tally_of_outcomes flip_every_bit(const victim& run) {
    tally_of_outcomes outcomes;
    for (const auto& path : run.files()) {
        const auto bits = run.disk().contents(path).size() * 8;
        for (std::size_t bit = 0; bit < bits; ++bit) {
            auto damaged = with(run.disk(), path, [&](std::string& text) {
                text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
            });
            run.judge(damaged, path, victim::kind::changed, outcomes);
            if (is_snapshot(path) && verify_snapshot(damaged, path)) {
                ++outcomes.silent;
                BOOST_ERROR(path << ": a flip of bit " << bit << " is not found");
            }
        }
    }
    return outcomes;
}

tally_of_outcomes cut_to_every_length(const victim& run) {
    tally_of_outcomes outcomes;
    for (const auto& path : run.files()) {
        for (auto size = run.disk().contents(path).size(); size-- > 0;) {
            auto damaged = with(run.disk(), path, [&](std::string& text) { text.resize(size); });
            run.judge(damaged, path, victim::kind::cut, outcomes);
        }
        auto damaged = run.disk().after_kill();
        must_succeed(damaged.remove(path), "it cannot be removed");
        run.judge(damaged, path, victim::kind::cut, outcomes);
    }
    return outcomes;
}

// Zeroed, doubled over each other one, swapped with it; of a snapshot, smaller pieces.
tally_of_outcomes mix_up_pages(const victim& run) {
    tally_of_outcomes outcomes;
    for (const auto& path : run.files()) {
        const std::size_t size = is_snapshot(path) ? 256 : page_size;
        const auto pages = run.disk().contents(path).size() / size;
        const auto judge = [&](auto change) {
            auto damaged = with(run.disk(), path, change);
            run.judge(damaged, path, victim::kind::changed, outcomes);
        };
        for (std::size_t page = 0; page < pages; ++page) {
            judge([&](std::string& text) { text.replace(page * size, size, size, '\0'); });
            for (std::size_t other = 0; other < pages; ++other) {
                if (other == page) continue;
                const auto doubled = [&](std::string& text) {
                    text.replace(other * size, size, text.substr(page * size, size));
                };
                judge(doubled);
                judge([&](std::string& text) {
                    const auto lost = text.substr(other * size, size);
                    doubled(text);
                    text.replace(page * size, size, lost);
                });
                judge([&](std::string& text) {
                    text.insert(other * size, text.substr(page * size, size));
                });
            }
        }
    }
    return outcomes;
}

// Tools and readers judge alike.
void inspection_agrees(const victim& run, std::size_t every) {
    for (const auto& path : run.files()) {
        const auto bits = run.disk().contents(path).size() * 8;
        for (std::size_t bit = 0; bit < bits; bit += every) {
            auto damaged = with(run.disk(), path, [&](std::string& text) {
                text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
            });
            const auto inspected = inspect_run(damaged, directory, {});
            BOOST_TEST_REQUIRE(inspected.has_value());
            const auto view = run_view::open(damaged, directory);
            bool readable = view.has_value();
            if (is_snapshot(path)) readable = false; // inspection reads all of it
            BOOST_TEST((inspected->verdict == condition::damaged) == !readable,
                       path << ", bit " << bit << ": the inspection disagrees");
        }
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(no_damage_goes_unnoticed) {
    std::uint64_t flips = 0, truncations = 0, silent = 0;
    for (const auto& [name, how] : endings) {
        const victim run(how);
        const auto flipped = flip_every_bit(run);
        const auto cut = cut_to_every_length(run);
        const auto mixed = mix_up_pages(run);
        show("flips", name, flipped);
        show("truncations", name, cut);
        show("pages mixed up", name, mixed);
        flips += flipped.all();
        truncations += cut.all();
        silent += flipped.silent + cut.silent + mixed.silent;
    }
    fmt::print("flips: {}, truncations: {}, silent: {}\n", flips, truncations, silent);
    BOOST_TEST(silent == 0u);
    BOOST_TEST(flips >= 300'000u);
    BOOST_TEST(truncations >= 30'000u);
}

BOOST_AUTO_TEST_CASE(inspection_and_readers_agree_on_damage) {
    for (const auto& ending : endings) inspection_agrees(victim(ending.second), 37);
}
