// Whose turn it is: resume, or begin; and what is said about it.
#include "proctor/app/run_opening.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/question_counting.hpp"
#include "proctor/app/question_spool.hpp"
#include "proctor/app/regrade.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/app/run_holder.hpp"
#include "proctor/app/run_import.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/inspect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
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
    case failure_code::bad_syntax:
    case failure_code::bad_value:
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
    run_opener(const config& used, const question_index& index, posix_file_system& disk,
               console& talk, wall_time started)
        : config_(used), index_(index), disk_(disk), console_(talk), started_(started) {}

    opened_run open() {
        find_or_create();
        return std::move(opened_);
    }

    std::string prospect() {
        const auto& processing = config_.processing;
        if (config_.output.format != "none") must_be_writable(config_.output.output_directory);
        if (!processing.enable_checkpointing)
            return "a new one, of which nothing is kept (checkpointing is disabled)";
        const auto& checkpoints = processing.checkpoint_directory;
        must_be_writable(checkpoints);
        const auto wanted = identity_settings(config_, index_.census);
        if (const auto& path = processing.resume_from_checkpoint; !path.empty()) {
            if (!fs::is_regular_file(path)) return going_on_with(run_that_was_named(wanted));
            const auto source = import_source(disk_, path);
            if (!source) must(source.error());
            return "goes on with what is in " + path;
        }
        const bool is_there = fs::exists(checkpoints);
        if (!is_there && processing.must_resume) throw no_run_fits();
        const auto run = is_there ? latest_that_fits(wanted) : std::nullopt;
        return run ? going_on_with(*run) : "a new one in " + checkpoints;
    }

    opened_run regrade(const std::string& directory, const grader& marks) {
        if (!config_.processing.enable_checkpointing)
            throw cannot_start{exit_usage,
                               {"--disable-checkpointing: what regrade makes is a run to keep"}};
        must_not_be_held(directory);
        const auto source = open_run_view(disk_, directory);
        const auto wanted = regraded_settings(source);
        const auto& checkpoints = config_.processing.checkpoint_directory;
        const auto searching = begin_search(checkpoints);
        const auto from = regrade_mark(source, config_);
        auto made = run_made_from(disk_, checkpoints, from, wanted);
        if (!made) must(made.error());
        if (!*made) *made = make_regraded(source, from, wanted, marks);
        resume_run(**made);
        return std::move(opened_);
    }

private:
    void must_not_be_held(const std::string& directory) {
        if (const auto holder = look_at_holder(disk_, directory); holder.alive)
            throw cannot_start{
                exit_run_held,
                {fmt::format("{}: the run is held by process {} on {} since {}", directory,
                             holder.pid, holder.host, holder.started.substr(0, 19))}};
    }

    std::string going_on_with(const found_run& run) {
        must_not_be_held(run.directory);
        return "goes on with " + run.directory;
    }

    // Those of the source, but for who marks.
    json::object regraded_settings(const run_view& source) {
        const auto now = identity_settings(config_, index_.census);
        auto settings = source.identity().settings;
        settings["grader"] = now.at("grader");
        const auto* questions = settings.if_contains("questions");
        if (!questions || *questions != now.at("questions"))
            throw cannot_start{
                exit_run_unusable,
                {fmt::format("{}: this is not the question file of {} as it was when "
                             "its questions were put; its choices and references "
                             "are needed to mark the answers (--set "
                             "questions_file=… names another place)",
                             config_.questions_file, source.directory())}};
        const auto different = run_differences(settings, now);
        if (!different.empty())
            throw cannot_start{exit_run_unusable,
                               {fmt::format("{}: its answers are of something else:\n  {}",
                                            source.directory(), fmt::join(different, "\n  "))}};
        return settings;
    }

    found_run make_regraded(const run_view& source, const std::string& from,
                            const json::object& wanted, const grader& marks) {
        auto identity = new_identity(wanted);
        identity.about["made_from"] = from;
        mark_as_regraded(identity, source);
        const auto& checkpoints = config_.processing.checkpoint_directory;
        const auto directory = free_name(join_path(checkpoints, new_name()));
        auto builder = run_builder::create(disk_, directory, identity, options());
        if (!builder) must(builder.error());
        const auto report = mark_again(source, *builder, config_, index_, marks);
        if (!report) {
            builder->abandon();
            must(report.error());
        }
        link_latest(checkpoints, directory);
        console_.say(fmt::format("Marked again: {} answers of {}; {} are left to a model, {} "
                                 "questions failed there and have none",
                                 thousands(report->marked), source.directory(),
                                 thousands(report->waiting), thousands(report->failed)));
        return {directory, std::move(identity)};
    }

    // A directory, or where it would be made.
    static void must_be_writable(const std::string& directory) {
        auto place = fs::path(absolute(directory));
        std::error_code ec;
        while (!fs::exists(place, ec) && place.has_relative_path()) place = place.parent_path();
        if (::access(place.c_str(), W_OK | X_OK) != 0)
            throw cannot_start{exit_disk,
                               {fmt::format("{}: cannot be written to: {}", place.string(),
                                            std::strerror(errno))}};
    }

    void find_or_create() {
        const auto& processing = config_.processing;
        const auto wanted = identity_settings(config_, index_.census);
        if (!processing.enable_checkpointing) {
            create_run(config_.output.output_directory, fmt::format(".proctor-{}", ::getpid()),
                       wanted);
            return;
        }
        const auto& checkpoints = processing.checkpoint_directory;
        const auto searching = begin_search(checkpoints);
        if (const auto& path = processing.resume_from_checkpoint; !path.empty()) {
            if (fs::is_regular_file(path)) {
                resume_import(path, wanted);
                return;
            }
            resume_run(run_that_was_named(wanted));
            return;
        }
        if (const auto run = latest_that_fits(wanted)) {
            resume_run(*run);
            return;
        }
        create_run(checkpoints, new_name(), wanted);
        link_latest(checkpoints, opened_.store->directory());
    }

    // Two starts at one moment must not make two paid runs.
    std::unique_ptr<file> begin_search(const std::string& checkpoints) {
        must(make_directories(disk_, checkpoints));
        tell_of_shared_disk(checkpoints);
        auto searching = disk_.wait_for_lock(join_path(checkpoints, ".lock"));
        if (searching) return std::move(*searching);
        if (searching.error().code != failure_code::unsupported ||
            !config_.processing.allow_unlocked)
            must(searching.error());
        return nullptr;
    }

    found_run run_that_was_named(const json::object& wanted) {
        auto named = named_run(disk_, config_.processing.resume_from_checkpoint, wanted);
        if (!named) must(named.error());
        return std::move(*named);
    }

    // What to go on with by itself; nothing: a new run is to be made.
    std::optional<found_run> latest_that_fits(const json::object& wanted) {
        const auto& processing = config_.processing;
        if (!processing.auto_resume) return std::nullopt;
        auto search = find_run(disk_, processing.checkpoint_directory, wanted);
        if (!search) must(search.error());
        if (search->fitting) return std::move(search->fitting);
        tell_passed_over(search->passed_over);
        if (processing.must_resume) throw no_run_fits();
        return std::nullopt;
    }

    void tell_passed_over(const std::vector<std::string>& runs) {
        constexpr std::size_t most = 5; // the newest
        const bool all = config_.processing.verbose || config_.processing.must_resume;
        const auto told = all ? runs.size() : std::min(most, runs.size());
        for (std::size_t i = 0; i < told; ++i) console_.say("Not this run: " + runs[i]);
        if (told < runs.size())
            console_.say(
                fmt::format("Nor {} older (--verbose tells what differs)", runs.size() - told));
    }

    cannot_start no_run_fits() const {
        return {exit_run_unusable,
                {config_.processing.checkpoint_directory +
                 ": no run fits, and --must-resume was said"}};
    }

    std::string new_name() const {
        const bool piped = !config_.questions_spool.empty();
        const auto part = parse_shard(config_.processing.shard);
        return run_directory_name(piped ? "stdin" : config_.questions_file, config_.model.model,
                                  started_) +
               (part ? fmt::format("_{}-of-{}", part->number, part->of) : "");
    }

    // A JSON checkpoint or a single snapshot: the run that it was made into, or it is made now.
    void resume_import(const std::string& path, const json::object& wanted) {
        const auto& checkpoints = config_.processing.checkpoint_directory;
        const auto source = import_source(disk_, path);
        if (!source) must(source.error());
        auto made = run_made_from(disk_, checkpoints, *source, wanted);
        if (!made) must(made.error());
        if (!*made) {
            auto identity = new_identity(wanted);
            identity.about["made_from"] = *source;
            identity.about["made_from_file"] = absolute(path);
            const auto directory = free_name(join_path(checkpoints, new_name()));
            must(import_checkpoint(disk_, path, directory, identity, options(), config_, console_));
            link_latest(checkpoints, directory);
            *made = found_run{directory, std::move(identity)};
        }
        resume_run(**made);
    }

    std::string free_name(const std::string& directory) const {
        auto name = directory;
        for (int n = 2; fs::exists(name); ++n) name = fmt::format("{}-{}", directory, n);
        return name;
    }

    void tell_of_shared_disk(const std::string& checkpoints) {
        const auto kind = disk_.shared_by(checkpoints);
        if (kind.empty()) return;
        shared_disk_ = true;
        console_.warn(
            fmt::format("{} is on {}: locks may not reach from one machine to another; do "
                        "not start one run on two (that is noticed within seconds, not "
                        "prevented)",
                        checkpoints, kind));
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

    run_identity new_identity(const json::object& wanted) const {
        run_identity identity;
        identity.id = random_run_id();
        identity.created = iso_time(started_);
        identity.made_by = "proctor " PROCTOR_VERSION;
        identity.settings = wanted;
        give_seed(identity.settings, random_number() >> 32); // short enough to be typed
        identity.about["questions_file"] = config_.questions_spool.empty()
                                               ? absolute(config_.questions_file)
                                               : questions_name(config_.questions_file);
        // What `proctor resume` goes on with.
        identity.about["working_directory"] = absolute(".");
        identity.about["config"] = redacted_json(config_);
        return identity;
    }

    store_options options() {
        store_options options;
        options.now = wall_now;
        options.random = random_number;
        options.lock_text = lock_text(started_);
        options.segment_size = config_.processing.segment_size_bytes;
        if (config_.processing.allow_unlocked) options.lock = locking::none;
        if (shared_disk_)
            options.fence_wait = [](std::chrono::microseconds time) {
                const timespec pause{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
                ::nanosleep(&pause, nullptr);
            };
        return options;
    }

    void create_run(const std::string& parent, const std::string& name,
                    const json::object& wanted) {
        must(make_directories(disk_, parent));
        const auto identity = new_identity(wanted);
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
        if (config_.processing.shuffle_choices) tell_of_shuffle(selection_of(identity.settings));
        opened_.store = std::move(*created);
    }

    void tell_of_shuffle(const selection& chosen) {
        const auto counts = count_shuffled(config_, chosen);
        if (const auto left = counts.in_text + counts.bound; left > 0)
            console_.warn(fmt::format(
                "processing.shuffle_choices: {} of {} multiple-choice questions keep their order: "
                "{} have their choices in their text, and of {} a choice refers to others",
                thousands(left), thousands(counts.multiple_choice), thousands(counts.in_text),
                thousands(counts.bound)));
    }

    // What is kept may change, for it decides nothing; but then results differ in what they say.
    void tell_of_other_fields(const found_run& run) {
        const auto* began = run.identity.about.if_contains("config");
        if (!began || !began->is_object()) return;
        const auto kept = kept_fields(began->get_object());
        if (kept == config_.questions_keep) return;
        console_.warn(fmt::format(
            "questions.keep: the run began with [{}], and you ask for [{}]: results that are there "
            "stay as they are (proctor regrade {} --set questions.keep=… writes them anew)",
            fmt::join(kept, ", "), fmt::join(config_.questions_keep, ", "), run.directory));
    }

    void resume_run(const found_run& run) {
        auto opened = run_store::open(disk_, run.directory, options(), {});
        if (!opened && opened.error().code == failure_code::damaged)
            throw cannot_start{exit_run_unusable,
                               {opened.error().message(), describe_risk(disk_, run.directory)}};
        if (!opened) must(opened.error());
        const auto& counted = opened_.counted = (*opened)->found().counted;
        const auto total = task_count(config_, index_.census);
        console_.also_write_to(join_path(run.directory, run_log_file));
        const auto& found = (*opened)->found();
        const auto done = counted.completed_count();
        console_.say("📂", "Loaded checkpoint: " + run.directory);
        console_.say(fmt::format("   Previous progress: {} questions", thousands(done)));
        if (found.last_written != wall_time{})
            console_.say("   Checkpoint time: " + iso_time(found.last_written));
        for (const auto& note : found.notes) console_.warn(note);
        tell_of_other_fields(run);
        if (found.torn)
            console_.warn(fmt::format(
                "{}, offset {}: {} bytes of a write that a crash cut off are left "
                "out (the file is in {}/ now); nothing in them was ever counted",
                found.torn->path, found.torn->offset, found.torn->bytes, quarantine_directory));
        console_.say("🔄", fmt::format("Resuming from checkpoint with {} completed questions",
                                       thousands(done)));
        console_.say("📋", fmt::format("Resuming: Skipping {} already completed questions",
                                       thousands(done)));
        if (counted.answered_count() > 0)
            console_.say(fmt::format("   {} answers wait for their marking",
                                     thousands(counted.answered_count())));
        if (counted.failed_count() > 0 && !config_.only_marks)
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
    const question_index& index_;
    posix_file_system& disk_;
    console& console_;
    const wall_time started_;
    bool shared_disk_ = false;
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

std::string run_prospect(const config& used, const question_index& index, posix_file_system& disk,
                         console& talk, wall_time started) {
    return run_opener(used, index, disk, talk, started).prospect();
}

opened_run open_regraded(const config& used, const question_index& index, posix_file_system& disk,
                         console& talk, wall_time started, const std::string& source,
                         const grader& marks) {
    return run_opener(used, index, disk, talk, started).regrade(source, marks);
}

opened_run open_run(const config& used, const question_index& index, posix_file_system& disk,
                    console& talk, wall_time started) {
    return run_opener(used, index, disk, talk, started).open();
}

} // namespace proctor
