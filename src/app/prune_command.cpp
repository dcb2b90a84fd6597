// Chooses by age and number, and removes in an order in which a crash leaves no half runs.
#include "proctor/app/prune_command.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_holder.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/app/standard_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <system_error>

namespace proctor {
namespace {

namespace fs = std::filesystem;

constexpr auto leftovers_stay = std::chrono::hours{24};
// Locks of other hosts may not reach us; what writes, shows.
constexpr auto silence_of_the_dead = std::chrono::hours{1};

struct usage_of_disk {
    std::uint64_t bytes = 0;
    wall_time last_change{}; // of any file, or of the directory
};

usage_of_disk usage_of(const fs::path& directory) {
    usage_of_disk usage;
    const auto add = [&](const fs::path& path) {
        struct stat info{};
        if (::lstat(path.c_str(), &info) != 0) return;
        if (S_ISREG(info.st_mode)) usage.bytes += static_cast<std::uint64_t>(info.st_size);
        usage.last_change =
            std::max(usage.last_change, wall_time{std::chrono::seconds{info.st_mtim.tv_sec}});
    };
    add(directory);
    std::error_code ec;
    for (fs::recursive_directory_iterator entry(directory, ec), end; !ec && entry != end;
         entry.increment(ec))
        add(entry->path());
    return usage;
}

class pruner {
public:
    pruner(posix_file_system& disk, const prune_options& options, wall_time now,
           std::vector<pruned>& done)
        : disk_(disk), options_(options), now_(now), done_(done) {}

    result<> run() {
        std::unique_ptr<file> searching; // no run is made or looked for meanwhile
        if (!options_.dry_run) {
            auto locked = disk_.wait_for_lock(join_path(options_.directory, ".lock"));
            if (!locked) return locked.error();
            searching = std::move(*locked);
        }
        const auto listing = list_runs(disk_, options_.directory);
        if (!listing) return listing.error();
        // Counting begins with the newest, which always stays.
        for (std::size_t i = 1; i < listing->runs.size(); ++i)
            if (auto done = consider_run(listing->runs[i].directory, i); !done) return done;
        for (const auto& directory : listing->unfinished)
            if (auto done = consider_leftover(directory); !done) return done;
        for (const auto& why : listing->unreadable)
            done_.push_back({parent_path(why.where), pruned::fate::unreadable, 0, why.message()});
        if (options_.dry_run) return {};
        if (!listing->runs.empty()) mend_links(listing->runs.front().directory);
        return disk_.sync_directory(options_.directory);
    }

private:
    result<> consider_run(const std::string& directory, std::size_t newer_ones) {
        const auto usage = usage_of(directory);
        if (options_.keep && newer_ones < *options_.keep) return {};
        if (options_.older_than && now_ - usage.last_change < *options_.older_than) return {};
        return remove(directory, usage);
    }

    result<> consider_leftover(const std::string& directory) {
        const auto usage = usage_of(directory);
        if (now_ - usage.last_change < leftovers_stay) return {};
        return remove(directory, usage);
    }

    result<> remove(const std::string& directory, const usage_of_disk& usage) {
        const auto stays = [&](std::string why) {
            done_.push_back({directory, pruned::fate::held, usage.bytes, std::move(why)});
            return result<>();
        };
        if (fs::is_symlink(directory)) return stays("is a link");
        const auto holder = look_at_holder(disk_, directory);
        const auto named = fmt::format("is held by process {} on {} since {}", holder.pid,
                                       holder.host, holder.started.substr(0, 19));
        if (holder.alive) return stays(named);
        if (!holder.host.empty() && !holder.on_this_host &&
            now_ - usage.last_change < silence_of_the_dead)
            return stays("may be alive: " + named);
        if (!options_.dry_run) {
            const auto lock = disk_.lock(join_path(directory, lock_file), locking::exclusive);
            if (!lock && lock.error().code == failure_code::held)
                return stays("is held by " + describe_holder(lock.error().detail));
            if (!lock) return lock.error();
            if (auto done = remove_files(directory); !done) return done;
        }
        done_.push_back({directory, pruned::fate::removed, usage.bytes, {}});
        return {};
    }

    result<> remove_files(const std::string& directory) {
        const auto gone = disk_.remove(join_path(directory, identity_file));
        if (!gone && gone.error().code != failure_code::not_found) return gone;
        if (auto done = disk_.sync_directory(directory); !done) return done;
        const auto names = disk_.list(directory);
        if (!names) return names.error();
        std::error_code ec;
        for (const auto& name : *names) {
            // Last, so that whoever comes late meets a lock that is held and makes none of his own.
            if (name != lock_file) fs::remove_all(join_path(directory, name), ec);
            if (ec)
                return failure{failure_code::io_error, join_path(directory, name),
                               "cannot remove: " + ec.message()};
        }
        if (auto done = disk_.remove(join_path(directory, lock_file)); !done) return done;
        return disk_.remove(directory);
    }

    void mend_links(const std::string& newest) const {
        std::error_code ec;
        const auto latest = join_path(options_.directory, "latest");
        if (fs::is_symlink(latest, ec) && !fs::exists(latest, ec))
            link_latest(options_.directory, newest);
    }

    posix_file_system& disk_;
    const prune_options& options_;
    const wall_time now_;
    std::vector<pruned>& done_;
};

void tell(const prune_options& options, const std::vector<pruned>& all) {
    std::uint64_t count = 0, bytes = 0;
    std::string text;
    for (const auto& each : all) {
        if (each.what != pruned::fate::removed) {
            text += fmt::format("kept {}: {}\n", each.directory, each.why);
            continue;
        }
        ++count;
        bytes += each.bytes;
        text += fmt::format("{} {} ({})\n", options.dry_run ? "would remove" : "removed",
                            each.directory, size_text(each.bytes));
    }
    text += fmt::format("{} {} {}, {}\n", options.dry_run ? "Would remove" : "Removed", count,
                        count == 1 ? "directory" : "directories", size_text(bytes));
    print(text);
}

} // namespace

result<> prune(posix_file_system& disk, const prune_options& options, wall_time now,
               std::vector<pruned>& done) {
    return pruner(disk, options, now, done).run();
}

int prune_command(const prune_options& options) {
    posix_file_system disk;
    auto named = find_directory(disk, options.directory);
    if (named.is_run)
        throw cannot_start{exit_usage,
                           {options.directory + ": is a run; name the directory that "
                                                "holds the runs"}};
    auto resolved = options;
    resolved.directory = named.path;
    std::vector<pruned> done;
    const auto passed = prune(disk, resolved, wall_now(), done);
    tell(resolved, done);
    if (!passed) throw storage_trouble(passed.error(), named.path);
    return exit_complete;
}

} // namespace proctor
