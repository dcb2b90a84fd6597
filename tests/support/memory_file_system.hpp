// A disk in memory that can lose power at any call.
//
// Like a kernel's it has two faces: what programs see (the page cache), and what would be found
// after a power cut. Between them stand syncs, of a file for its bytes and its size, of a directory
// for its names. What no sync covers may be found done, not done, half done or turned into
// something else; after_power_cut() draws one such disk.
//
// Every call has a number. A plan makes one fail, or the machine die there, or first the one and
// then the other. Paths begin at the root, and nobody truncates: storage needs no more.
#pragma once

#include "proctor/storage/file_system.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proctor::test {

using random_engine = std::mt19937_64;

inline std::uint64_t below(std::uint64_t limit, random_engine& random) {
    return random() % limit;
}

// Comes out of the call at which the machine dies; nothing but the test that planned it may catch
// it. The disk answers no call afterwards.
struct machine_died {};

enum class disk_call : std::uint8_t {
    read,
    size,
    write,
    sync,
    create,
    open,
    lock,
    rename,
    replace,
    link,
    remove,
    make_directory,
    sync_directory,
    list,
};

// Whether dying at this call differs from dying at the one before it.
inline bool changes_disk(disk_call call) {
    return call != disk_call::read && call != disk_call::size && call != disk_call::open &&
           call != disk_call::list;
}

struct disk_fault {
    enum class effect { machine_dies, fails_once, fails_for_good };
    effect what = effect::machine_dies;
    std::uint64_t at = 0; // the call's number, from 1
    failure_code code = failure_code::io_error;
    std::size_t written = 0; // of a write: so many bytes arrive all the same
};

class memory_file_system final : public file_system {
public:
    memory_file_system() : root_(std::make_shared<node>()) { root_->directory = true; }

    void plan(disk_fault fault) {
        const auto held = hold();
        faults_ = {fault};
    }
    // A second one, for later.
    void plan_also(disk_fault fault) { faults_.push_back(fault); }
    // What was called so far; call n is calls()[n - 1].
    const std::vector<disk_call>& calls() const { return calls_; }
    // What no program may do, and one did: a second sync after a failed one, for example.
    const std::vector<std::string>& misuse() const { return misuse_; }

    // The disk as another machine would find it after this one lost power: without a plan, nothing
    // locked, everything on it durable.
    memory_file_system after_power_cut(random_engine& random) const {
        memory_file_system found;
        power_cut cut(random, debris_);
        found.root_ = cut.survive(*root_);
        found.debris_ = cut.debris();
        return found;
    }

    // The disk as the next process finds it when this one was killed: the page cache is still
    // there, and what was not durable is not durable yet.
    memory_file_system after_kill() const {
        memory_file_system found;
        std::map<const node*, node_pointer> copies;
        found.root_ = copy(root_, copies);
        found.debris_ = debris_;
        return found;
    }

    // For tests that damage files by hand: both faces at once, uncounted.
    std::string contents(const std::string& path) const {
        const auto held = hold();
        return find(path)->cached;
    }
    void set_contents(const std::string& path, std::string text) {
        const auto held = hold();
        auto [directory, name] = parent_and_name(path);
        auto changed = std::make_shared<node>();
        changed->sectors.assign(sectors_of(text.size()), sector::clean);
        changed->durable = text;
        changed->cached = std::move(text);
        directory->names[name] = directory->durable_names[name] = changed;
    }

    result<std::unique_ptr<file>> create(const std::string& path) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::create, path)) return *failed;
        auto [directory, name] = parent_and_name(path);
        if (!directory) return failure{failure_code::not_found, path, "no such directory"};
        if (directory->names.contains(name))
            return failure{failure_code::already_exists, path, "cannot create: it exists"};
        return std::unique_ptr<file>(
            std::make_unique<memory_file>(*this, make(*directory, name, false), path, false));
    }

    result<std::unique_ptr<file>> open(const std::string& path) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::open, path)) return *failed;
        auto found = find(path);
        if (!found) return failure{failure_code::not_found, path, "cannot open: no such file"};
        if (found->directory) return failure{failure_code::io_error, path, "is a directory"};
        return std::unique_ptr<file>(std::make_unique<memory_file>(*this, found, path, false));
    }

    result<std::unique_ptr<file>> lock(const std::string& path, locking how) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::lock, path)) return *failed;
        auto [directory, name] = parent_and_name(path);
        if (!directory) return failure{failure_code::not_found, path, "no such directory"};
        const auto there = directory->names.find(name);
        auto found =
            there != directory->names.end() ? there->second : make(*directory, name, false);
        const bool locks = how == locking::exclusive;
        if (locks && found->locked) return failure{failure_code::held, path, found->cached};
        return std::unique_ptr<file>(std::make_unique<memory_file>(*this, found, path, locks));
    }

    result<> rename(const std::string& from, const std::string& to) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::rename, to)) return *failed;
        if (find(to)) return failure{failure_code::already_exists, to, "cannot name: it exists"};
        return move_name(from, to);
    }

    result<> replace(const std::string& from, const std::string& to) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::replace, to)) return *failed;
        return move_name(from, to);
    }

    result<> link(const std::string& from, const std::string& to) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::link, to)) return *failed;
        auto linked = find(from);
        auto [directory, name] = parent_and_name(to);
        if (!linked || !directory) return failure{failure_code::not_found, from, "cannot link"};
        if (directory->names.contains(name))
            return failure{failure_code::already_exists, to, "cannot link: it exists"};
        change(*directory, {linked, std::nullopt, name});
        return {};
    }

    result<> remove(const std::string& path) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::remove, path)) return *failed;
        auto found = find(path);
        if (!found) return failure{failure_code::not_found, path, "cannot remove: no such file"};
        if (found->directory && !found->names.empty())
            return failure{failure_code::io_error, path, "cannot remove: it is not empty"};
        auto [directory, name] = parent_and_name(path);
        change(*directory, {found, name, std::nullopt});
        return {};
    }

    result<> make_directory(const std::string& path) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::make_directory, path)) return *failed;
        auto [directory, name] = parent_and_name(path);
        if (!directory) return failure{failure_code::not_found, path, "no such directory"};
        if (directory->names.contains(name))
            return failure{failure_code::already_exists, path, "cannot create: it exists"};
        make(*directory, name, true);
        return {};
    }

    result<> sync_directory(const std::string& path) override {
        const auto held = hold();
        auto directory = find(path);
        if (auto failed = enter(disk_call::sync_directory, path)) {
            if (directory)
                for (auto& lost : directory->pending) lost.forgotten = true;
            return *failed;
        }
        if (!directory) return failure{failure_code::not_found, path, "no such directory"};
        for (const auto& pending : directory->pending)
            if (!pending.forgotten) pending.apply(directory->durable_names);
        std::erase_if(directory->pending, [](const name_change& c) { return !c.forgotten; });
        return {};
    }

    result<std::vector<std::string>> list(const std::string& path) override {
        const auto held = hold();
        if (auto failed = enter(disk_call::list, path)) return *failed;
        auto directory = find(path);
        if (!directory || !directory->directory)
            return failure{failure_code::not_found, path, "no such directory"};
        std::vector<std::string> names;
        for (const auto& entry : directory->names) names.push_back(entry.first);
        return names;
    }

private:
    static constexpr std::size_t sector_size = 512;
    static constexpr std::size_t page = 4096;
    static std::size_t sectors_of(std::size_t bytes) {
        return (bytes + sector_size - 1) / sector_size;
    }

    // forgotten: dirty when a sync failed. The kernel counts such a page as clean, so no later sync
    // writes it, and what the disk holds is anybody's guess.
    enum class sector : std::uint8_t { clean, dirty, forgotten };

    struct node;
    using node_pointer = std::shared_ptr<node>;
    using name_table = std::map<std::string, node_pointer, std::less<>>;

    // `target` loses a name, gets one, or both at once.
    struct name_change {
        node_pointer target;
        std::optional<std::string> lost, got;
        bool forgotten = false; // a sync of the directory failed

        void apply(name_table& names) const {
            if (lost) {
                const auto old = names.find(*lost);
                if (old != names.end() && old->second == target) names.erase(old);
            }
            if (got) names[*got] = target;
        }
    };

    struct node {
        bool directory = false;
        // of a file
        std::string cached, durable;
        std::vector<sector> sectors; // of `cached`
        bool locked = false;
        // of a directory
        name_table names, durable_names;
        std::vector<name_change> pending;
    };

    class memory_file final : public file {
    public:
        memory_file(memory_file_system& disk, node_pointer bytes, std::string path, bool locks)
            : disk_(disk), node_(std::move(bytes)), path_(std::move(path)), locks_(locks) {
            if (locks_) node_->locked = true;
        }
        memory_file(const memory_file&) = delete;
        memory_file& operator=(const memory_file&) = delete;
        ~memory_file() override {
            if (locks_) node_->locked = false;
        }

        result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
            const auto held = disk_.hold();
            if (auto failed = disk_.enter(disk_call::read, path_)) return *failed;
            if (offset >= node_->cached.size()) return std::size_t{0};
            return node_->cached.copy(into.data(), into.size(), offset);
        }

        result<> write_at(std::uint64_t offset, std::string_view bytes) override {
            const auto held = disk_.hold();
            write(offset, bytes.substr(0, disk_.next_written(bytes.size())));
            if (auto failed = disk_.enter(disk_call::write, path_)) return *failed;
            return {};
        }

        result<> sync() override {
            const auto held = disk_.hold();
            if (sync_failed_)
                disk_.misuse_.push_back(path_ + ": synced again after a sync that failed");
            if (auto failed = disk_.enter(disk_call::sync, path_)) {
                sync_failed_ = true;
                std::replace(node_->sectors.begin(), node_->sectors.end(), sector::dirty,
                             sector::forgotten);
                return *failed;
            }
            node_->durable.resize(node_->cached.size());
            for (std::size_t i = 0; i < node_->sectors.size(); ++i) {
                if (node_->sectors[i] != sector::dirty) continue;
                const auto at = i * sector_size;
                node_->durable.replace(at, sector_size, node_->cached, at, sector_size);
                node_->sectors[i] = sector::clean;
            }
            return {};
        }

        result<std::uint64_t> size() override {
            const auto held = disk_.hold();
            if (auto failed = disk_.enter(disk_call::size, path_)) return *failed;
            return std::uint64_t{node_->cached.size()};
        }

        result<bool> linked() override {
            const auto held = disk_.hold();
            if (auto failed = disk_.enter(disk_call::size, path_)) return *failed;
            return disk_.is_named(*disk_.root_, node_);
        }

    private:
        void write(std::uint64_t offset, std::string_view bytes) {
            if (bytes.empty()) return;
            if (offset + bytes.size() > node_->cached.size()) {
                node_->cached.resize(offset + bytes.size());
                node_->sectors.resize(sectors_of(node_->cached.size()), sector::dirty);
            }
            node_->cached.replace(offset, bytes.size(), bytes);
            for (auto i = offset / sector_size; i < sectors_of(offset + bytes.size()); ++i)
                node_->sectors[i] = sector::dirty;
        }

        memory_file_system& disk_;
        node_pointer node_;
        std::string path_;
        bool locks_;
        bool sync_failed_ = false;
    };

    // Draws what a power cut leaves. How careful this disk is is drawn first, so that disks which
    // lose nearly everything and disks which lose nearly nothing both come up.
    class power_cut {
    public:
        power_cut(random_engine& random, std::vector<std::string> debris)
            : random_(random), debris_(std::move(debris)), keeps_(below(5, random) * 25),
              spoils_(below(2, random) * below(60, random)), stale_(below(4, random) == 0),
              chunk_(below(2, random) == 0 ? sector_size : page) {}

        node_pointer survive(const node& before) {
            auto after = std::make_shared<node>();
            after->directory = before.directory;
            if (before.directory) {
                auto names = before.durable_names;
                for (const auto& change : before.pending)
                    if (percent(keeps_)) change.apply(names);
                for (const auto& [name, target] : names) after->names[name] = survive(*target);
                after->durable_names = after->names;
            } else {
                after->durable = surviving_bytes(before);
                after->cached = after->durable;
                after->sectors.assign(sectors_of(after->cached.size()), sector::clean);
            }
            return after;
        }

        // Blocks that this cut and those before it lost; they lie about when the next one comes.
        const std::vector<std::string>& debris() const { return debris_; }

    private:
        bool percent(std::uint64_t chance) { return below(100, random_) < chance; }

        std::string surviving_bytes(const node& before) {
            if (std::all_of(before.sectors.begin(), before.sectors.end(),
                            [](sector state) { return state == sector::clean; }))
                return before.durable;
            auto bytes = before.durable;
            bytes.resize(surviving_size(before.durable.size(), before.cached.size()));
            for (std::size_t at = 0; at < bytes.size(); at += chunk_) {
                const auto first = at / sector_size;
                const auto last = std::min((at + chunk_) / sector_size, before.sectors.size());
                bool unsynced = false;
                for (auto i = first; i < last; ++i) unsynced |= before.sectors[i] != sector::clean;
                if (unsynced) decide(bytes, at, before, first, last);
            }
            return bytes;
        }

        // The size travels apart from the bytes.
        std::size_t surviving_size(std::size_t durable, std::size_t cached) {
            if (percent(keeps_)) return cached;
            if (percent(50)) return durable;
            return durable + below(cached - durable + 1, random_);
        }

        // One chunk that no sync covers: spoilt as a whole, what was durable in it included, or
        // old, or new.
        void decide(std::string& bytes, std::size_t at, const node& before, std::size_t first,
                    std::size_t last) {
            const auto size = std::min(chunk_, bytes.size() - at);
            if (percent(spoils_)) {
                bytes.replace(at, size, spoilt(size));
            } else if (percent(keeps_)) {
                for (auto i = first; i < last && i * sector_size < bytes.size(); ++i) {
                    const auto from = i * sector_size;
                    const auto length = std::min(sector_size, bytes.size() - from);
                    if (before.sectors[i] != sector::clean)
                        bytes.replace(from, length, before.cached, from, length);
                }
            } else {
                if (stale_ && at >= before.durable.size()) {
                    std::string block(size, '\0');
                    show_debris(block);
                    bytes.replace(at, size, block);
                }
                remember(before.cached.substr(at / page * page, page));
            }
        }

        std::string spoilt(std::size_t size) {
            std::string bytes(size, '\0');
            switch (below(3, random_)) {
            case 0: // zeros
                break;
            case 1: // noise
                for (char& c : bytes) c = static_cast<char>(random_());
                break;
            case 2: show_debris(bytes); break;
            }
            return bytes;
        }

        // A block that an earlier cut lost.
        void show_debris(std::string& bytes) {
            if (debris_.empty()) return;
            const auto& old = debris_[below(debris_.size(), random_)];
            bytes.replace(0, std::min(bytes.size(), old.size()), old, 0, bytes.size());
        }

        void remember(std::string block) {
            constexpr std::size_t most = 4;
            if (std::find(debris_.begin(), debris_.end(), block) != debris_.end()) return;
            if (debris_.size() == most) debris_.erase(debris_.begin());
            debris_.push_back(std::move(block));
        }

        random_engine& random_;
        std::vector<std::string> debris_;
        std::uint64_t keeps_, spoils_; // percent
        bool stale_; // what was never written shows what the medium had there before
        std::size_t chunk_;
    };

    // A run writes and compacts on two threads.
    std::unique_lock<std::mutex> hold() const { return std::unique_lock(*lock_); }

    // The failure that is planned for this call, if one is.
    std::optional<failure> enter(disk_call call, const std::string& path) {
        if (dead_) misuse_.push_back(path + ": used after the machine died");
        const auto* due = fault_due();
        calls_.push_back(call);
        if (!due) return std::nullopt;
        if (due->what == disk_fault::effect::machine_dies) {
            dead_ = true;
            throw machine_died{};
        }
        return failure{due->code, path, "planned by the test"};
    }

    // What the next call meets; null: nothing.
    const disk_fault* fault_due() const {
        const auto number = calls_.size() + 1;
        for (const auto& fault : faults_)
            if (number == fault.at ||
                (number > fault.at && fault.what == disk_fault::effect::fails_for_good))
                return &fault;
        return nullptr;
    }

    // How much of a write of `size` bytes the next call will bring to the cache.
    std::size_t next_written(std::size_t size) const {
        const auto* due = fault_due();
        return due ? std::min(due->written, size) : size;
    }

    static bool is_named(const node& directory, const node_pointer& wanted) {
        for (const auto& [name, entry] : directory.names)
            if (entry == wanted || (entry->directory && is_named(*entry, wanted))) return true;
        return false;
    }

    node_pointer find(std::string_view path) const {
        auto at = root_;
        while (!path.empty()) {
            const auto slash = path.find('/');
            const auto part = path.substr(0, slash);
            path.remove_prefix(slash == path.npos ? path.size() : slash + 1);
            if (part.empty()) continue;
            const auto next = at->names.find(part);
            if (next == at->names.end()) return nullptr;
            at = next->second;
        }
        return at;
    }

    // The directory is null if there is none.
    std::pair<node_pointer, std::string> parent_and_name(const std::string& path) const {
        const auto slash = path.find_last_of('/');
        auto directory = find(std::string_view(path).substr(0, slash));
        if (directory && !directory->directory) directory = nullptr;
        return {directory, path.substr(slash + 1)};
    }

    static void change(node& directory, name_change made) {
        made.apply(directory.names);
        directory.pending.push_back(std::move(made));
    }

    static node_pointer make(node& directory, const std::string& name, bool is_directory) {
        auto made = std::make_shared<node>();
        made->directory = is_directory;
        change(directory, {made, std::nullopt, name});
        return made;
    }

    result<> move_name(const std::string& from, const std::string& to) {
        auto moved = find(from);
        if (!moved) return failure{failure_code::not_found, from, "cannot name: no such file"};
        auto [directory, name] = parent_and_name(to);
        auto [old_directory, old_name] = parent_and_name(from);
        if (!directory) return failure{failure_code::not_found, to, "no such directory"};
        if (directory == old_directory) {
            change(*directory, {moved, old_name, name});
        } else { // each directory tells of it when it is synced
            change(*directory, {moved, std::nullopt, name});
            change(*old_directory, {moved, old_name, std::nullopt});
        }
        return {};
    }

    static node_pointer copy(const node_pointer& from,
                             std::map<const node*, node_pointer>& copies) {
        auto& made = copies[from.get()];
        if (made) return made;
        made = std::make_shared<node>(*from);
        const auto result = made;
        result->locked = false;
        for (auto& entry : result->names) entry.second = copy(entry.second, copies);
        for (auto& entry : result->durable_names) entry.second = copy(entry.second, copies);
        for (auto& pending : result->pending) {
            pending.target = copy(pending.target, copies);
            // Names are metadata: a file system that lets another process go on at all after it
            // failed to write some writes them with the next ones.
            pending.forgotten = false;
        }
        return result;
    }

    std::unique_ptr<std::mutex> lock_ = std::make_unique<std::mutex>();
    node_pointer root_;
    std::vector<disk_fault> faults_;
    bool dead_ = false;
    std::vector<disk_call> calls_;
    std::vector<std::string> misuse_;
    std::vector<std::string> debris_; // what power cuts have left lying about on the medium
};

} // namespace proctor::test
