// Whose turn it is: resume, or begin; and what is said about it.
#include "proctor/app/run_opening.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/inspect.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <random>
#include <unistd.h>

namespace proctor {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

int status_of_storage(const failure& why) {
    switch (why.code) {
    case failure_code::held: return exit_run_held;
    case failure_code::mismatch:
    case failure_code::damaged:
    case failure_code::unsupported:
    case failure_code::not_found: return exit_run_unusable;
    default: return exit_disk;
    }
}

std::string absolute(const std::string& path) {
    std::error_code ec;
    const auto full = fs::absolute(path, ec);
    return ec ? path : full.lexically_normal().string();
}

run_id random_run_id() {
    run_id id;
    for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<char>(random_number());
    return id;
}

class run_opener {
public:
    run_opener(const config& used, const question_census& census, posix_file_system& disk,
               console& talk, wall_time started)
        : config_(used), census_(census), disk_(disk), console_(talk), started_(started) {}

    opened_run open() {
        find_or_create();
        return std::move(opened_);
    }

private:
    void find_or_create() {
        const auto& processing = config_.processing;
        const auto wanted = identity_settings(config_, census_);
        if (!processing.enable_checkpointing) {
            create_run(config_.output.output_directory, fmt::format(".proctor-{}", ::getpid()),
                       wanted);
            return;
        }
        const auto& checkpoints = processing.checkpoint_directory;
        must(make_directories(disk_, checkpoints));
        // Two starts at one moment must not make two paid runs.
        const auto searching = disk_.wait_for_lock(join_path(checkpoints, ".lock"));
        if (!searching) must(searching.error());

        if (const auto& path = processing.resume_from_checkpoint; !path.empty()) {
            auto named = named_run(disk_, path, wanted);
            if (!named) must(named.error());
            resume_run(*named);
            return;
        }
        if (processing.auto_resume) {
            auto search = find_run(disk_, checkpoints, wanted);
            if (!search) must(search.error());
            if (search->fitting) {
                resume_run(*search->fitting);
                return;
            }
            for (const auto& run : search->passed_over) console_.say("Not this run: " + run);
            if (processing.must_resume)
                throw cannot_start{exit_run_unusable,
                                   {checkpoints + ": no run fits, and --must-resume was said"}};
        }
        create_run(checkpoints,
                   run_directory_name(config_.questions_file, config_.model.model, started_),
                   wanted);
        link_latest(checkpoints, opened_.store->directory());
    }

    // Storage that fails before the run begins.
    void must(const result<>& done) {
        if (done) return;
        const auto why = done.error();
        if (why.code == failure_code::held)
            throw cannot_start{
                exit_run_held,
                {fmt::format("{}: the run is held by {}", why.where, describe_holder(why.detail))}};
        throw cannot_start{status_of_storage(why), {why.message()}};
    }

    store_options options() {
        store_options options;
        options.now = wall_now;
        options.random = random_number;
        options.lock_text = lock_text(started_);
        return options;
    }

    void create_run(const std::string& parent, const std::string& name,
                    const json::object& wanted) {
        must(make_directories(disk_, parent));
        run_identity identity;
        identity.id = random_run_id();
        identity.created = iso_time(started_);
        identity.made_by = "proctor " PROCTOR_VERSION;
        identity.settings = wanted;
        identity.about["questions_file"] = absolute(config_.questions_file);
        auto directory = join_path(parent, name);
        auto created = run_store::create(disk_, directory, identity, options());
        for (int n = 2; !created && created.error().code == failure_code::already_exists; ++n) {
            directory = fmt::format("{}-{}", join_path(parent, name), n);
            created = run_store::create(disk_, directory, identity, options());
        }
        if (!created) must(created.error());
        if (config_.processing.enable_checkpointing) {
            console_.also_write_to(join_path(directory, run_log_file));
            console_.say(fmt::format("New run: {}", directory));
        }
        opened_.store = std::move(*created);
    }

    void resume_run(const found_run& run) {
        auto opened = run_store::open(disk_, run.directory, options(), {});
        if (!opened && opened.error().code == failure_code::damaged)
            throw cannot_start{exit_run_unusable,
                               {opened.error().message(), describe_risk(disk_, run.directory)}};
        if (!opened) must(opened.error());
        const auto& counted = opened_.counted = (*opened)->found().counted;
        const auto total = selection{config_.processing.limit}.count(census_.questions);
        console_.also_write_to(join_path(run.directory, run_log_file));
        const auto& found = (*opened)->found();
        const auto done = counted.completed_count();
        console_.say("📂", "Loaded checkpoint: " + run.directory);
        console_.say(fmt::format("   Previous progress: {} questions", thousands(done)));
        if (found.last_written != wall_time{})
            console_.say("   Checkpoint time: " + iso_time(found.last_written));
        for (const auto& note : found.notes) console_.warn(note);
        if (found.torn)
            console_.warn(
                fmt::format("{}, offset {}: {} bytes of a write that a crash cut off are left "
                            "out; nothing in them was ever counted",
                            found.torn->path, found.torn->offset, found.torn->bytes));
        console_.say("🔄", fmt::format("Resuming from checkpoint with {} completed questions",
                                       thousands(done)));
        console_.say("📋", fmt::format("Resuming: Skipping {} already completed questions",
                                       thousands(done)));
        if (counted.answered_count() > 0)
            console_.say(fmt::format("   {} answers wait for their marking",
                                     thousands(counted.answered_count())));
        if (counted.failed_count() > 0)
            console_.say(
                fmt::format("   {} failed before: {} are tried again, {} were refused for good",
                            thousands(counted.failed_count()),
                            thousands(counted.failed_count() - counted.refused_count()),
                            thousands(counted.refused_count())));
        console_.say("📋",
                     fmt::format("Remaining: {} questions to process", thousands(total - done)));
        console_.say("📊", fmt::format("Progress: Starting from {}/{} ({:.1f}%)", thousands(done),
                                       thousands(total), 100.0 * double(done) / double(total)));
        opened_.store = std::move(*opened);
    }

    const config& config_;
    const question_census& census_;
    posix_file_system& disk_;
    console& console_;
    const wall_time started_;
    opened_run opened_;
};

} // namespace

wall_time wall_now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::uint64_t random_number() {
    static std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

cannot_start usage_error(const failure& why) {
    return {exit_usage, {why.message()}};
}

question_census count_questions(const config& used, console& talk) {
    constexpr std::uint64_t most_shown = 5;
    std::uint64_t broken = 0;
    std::optional<failure> first;
    const auto census = take_census(used.questions_file, [&](const failure& why) {
        if (!first) first = why;
        if (++broken <= most_shown) talk.warn("not a question: " + why.message());
    });
    if (!census) throw usage_error(census.error());
    if (used.processing.strict && first)
        throw cannot_start{exit_usage, {fmt::format("stopped by --strict: {}", first->message())}};
    if (broken > most_shown)
        talk.warn(fmt::format("{} more records are no questions", thousands(broken - most_shown)));
    if (broken > 0)
        talk.warn(fmt::format("{} of {} records of {} are no questions and are left out",
                              thousands(broken), thousands(census->records), used.questions_file));
    if (census->questions == 0)
        throw cannot_start{exit_usage, {used.questions_file + ": there is no question in it"}};
    return *census;
}

opened_run open_run(const config& used, const question_census& census, posix_file_system& disk,
                    console& talk, wall_time started) {
    return run_opener(used, census, disk, talk, started).open();
}

} // namespace proctor
