// A small model of the disk: files with what is written and synced of them, names with the change
// of their directory that made them, directories with the last change that is synced.
#include "disk_discipline.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>

namespace proctor::test {
namespace {

namespace fs = std::filesystem;

std::string base_name(const std::string& path) {
    return fs::path(path).filename().string();
}

std::string parent(const std::string& path) {
    return fs::path(path).parent_path().string();
}

// Replaced while a run is under way, and never read by recovery.
bool is_derived(const std::string& path) {
    static const std::set<std::string> names{"status.json", "latest", "latest.json",
                                             "questions.idx"};
    return names.contains(base_name(path));
}

bool may_be_replaced(const std::string& path) {
    return is_derived(path) || base_name(path).starts_with("rag_results");
}

bool is_segment(const std::string& path) {
    const auto name = base_name(path);
    return name.starts_with("wal-") && (name.ends_with(".log") || name.ends_with(".log.tmp"));
}

bool is_snapshot(const std::string& path) {
    const auto name = base_name(path);
    return name.starts_with("snapshot-") && name.ends_with(".snap");
}

bool in_quarantine(const std::string& path) {
    return base_name(parent(path)) == "quarantine";
}

// The numbers between the dashes of a segment's or snapshot's name.
std::vector<std::uint64_t> numbers_in_name(const std::string& path) {
    std::vector<std::uint64_t> numbers;
    const auto name = base_name(path);
    for (auto dash = name.find('-'); dash != name.npos; dash = name.find('-', dash + 1))
        numbers.push_back(std::stoull(name.substr(dash + 1)));
    return numbers;
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
    Number value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

bool is_write(const std::string& name) {
    return name == "write" || name == "pwrite64" || name == "writev" || name == "pwritev" ||
           name == "pwritev2";
}
bool is_sync(const std::string& name) {
    return name == "fsync" || name == "fdatasync";
}
bool is_naming(const std::string& name) {
    return name.starts_with("rename") || name.starts_with("link");
}

} // namespace

disk_discipline::disk_discipline(std::string directory, int acknowledgements)
    : directory_(std::move(directory)), acknowledgements_(acknowledgements) {}

void disk_discipline::watch(const trace& session) {
    ++session_;
    open_.clear();
    open_paths_.clear();
    syncs_.clear();
    for (auto& [path, entry] : names_) {
        entry.file->writing = 0; // what was under way died
    }
    for (const auto& step : session.steps)
        if (step.ends)
            end(session.calls[step.call], step.call);
        else
            begin(session.calls[step.call], step.call);
    if (!session.exited) return;
    for (const auto& [path, change] : unsynced_names_)
        complain(path + " got its name, and its directory was never synced after it");
}

void disk_discipline::complain(std::string what) {
    complaints_.push_back("session " + std::to_string(session_) + ": " + std::move(what));
}

void disk_discipline::begin(const system_call& call, std::size_t id) {
    if (is_write(call.name))
        begin_write(call);
    else if (is_sync(call.name))
        begin_sync(call, id);
    else if (is_naming(call.name))
        begin_naming(call);
    else if (call.name == "unlink")
        begin_removal(absolute(call, 0));
    else if (call.name == "unlinkat")
        begin_removal(absolute(call, 1));
    else if (call.name == "close") {
        // Not at its end: another thread may have the number by then.
        open_.erase(std::stoi(call.arguments.at(0)));
        open_paths_.erase(std::stoi(call.arguments.at(0)));
    } else if (call.name == "ftruncate" || call.name == "truncate")
        complain("a file is cut short: " + call.arguments.at(0));
}

void disk_discipline::end(const system_call& call, std::size_t id) {
    if (is_write(call.name))
        end_write(call);
    else if (is_sync(call.name))
        end_sync(call, id);
    else if (call.failed())
        return;
    else if (call.name == "openat")
        end_open(call);
    else if (is_naming(call.name))
        end_naming(call);
    else if (call.name == "unlink")
        names_.erase(absolute(call, 0));
    else if (call.name == "unlinkat")
        names_.erase(absolute(call, 1));
    else if (call.name == "mkdir")
        make_name(absolute(call, 0), std::make_shared<inode>());
}

// --- files ------------------------------------------------------------------------------------

void disk_discipline::end_open(const system_call& call) {
    const auto path = path_in(call.result_text);
    const auto& flags = call.arguments.at(2);
    const auto has = [&](std::string_view flag) { return flags.find(flag) != flags.npos; };
    auto known = names_.find(path);
    if (known != names_.end() && has("O_TRUNC") && path.find(".tmp") == path.npos &&
        (is_segment(path) || is_snapshot(path) || base_name(path) == "run.json"))
        complain(path + " is cut short by opening it");
    if (known == names_.end()) {
        auto file = std::make_shared<inode>();
        file->segment = is_segment(path);
        if (has("O_CREAT")) {
            file->session = session_;
            make_name(path, std::move(file));
        } else { // it was there before anybody watched
            names_[path] = {std::move(file), 0};
        }
        known = names_.find(path);
    }
    open_[static_cast<int>(call.result)] = known->second.file;
    open_paths_[static_cast<int>(call.result)] = path;
}

void disk_discipline::begin_write(const system_call& call) {
    const auto descriptor = std::stoi(call.arguments.at(0));
    const auto found = open_.find(descriptor);
    if (found == open_.end()) {
        if (descriptor == acknowledgements_) acknowledge(string_in(call.arguments.at(1)));
        return;
    }
    auto& file = *found->second;
    ++file.writing;
    if (!file.segment) return;
    if (file.session != session_)
        complain(open_paths_[descriptor] + " is of an earlier session, and is written to");
    if (call.name != "pwrite64")
        complain(open_paths_[descriptor] + " is written to with " + call.name);
    else if (std::stoull(call.arguments.at(3)) < file.synced_end)
        complain(open_paths_[descriptor] + " is written to where it was synced already");
}

void disk_discipline::end_write(const system_call& call) {
    const auto found = open_.find(std::stoi(call.arguments.at(0)));
    if (found == open_.end()) return;
    auto& file = *found->second;
    if (file.writing > 0) --file.writing;
    if (call.failed()) return;
    ++file.written;
    if (!file.segment || call.name != "pwrite64") return;
    const auto bytes = string_in(call.arguments.at(1));
    const auto written = static_cast<std::uint64_t>(call.result);
    const std::uint64_t offset = std::stoull(call.arguments.at(3));
    constexpr std::uint64_t page = 4096;
    const auto used = bytes.find_last_not_of('\0') + 1; // behind it, room for others
    file.end = std::max(file.end, offset + (used + page - 1) / page * page);
    if (written == bytes.size()) note_frames(found->second, open_paths_[found->first], bytes);
}

void disk_discipline::note_frames(const inode_ptr& file, const std::string& path,
                                  std::string_view bytes) {
    constexpr std::size_t page = 4096, frame_header = 64;
    constexpr std::string_view magic = "FRM1", key = "\"question_id\":";
    for (std::size_t at = 0; at + frame_header <= bytes.size();) {
        const auto frame = bytes.substr(at);
        if (!frame.starts_with(magic)) break; // room, or the segment's header
        const auto count = number_at<std::uint32_t>(frame, 20);
        const auto first = number_at<std::uint64_t>(frame, 32);
        if (count > 0) file->last_lsn = std::max(file->last_lsn, first + count - 1);
        const auto whole = frame_header + number_at<std::uint32_t>(frame, 8);
        at += (whole + page - 1) / page * page;
    }
    for (auto at = bytes.find(key); at != bytes.npos; at = bytes.find(key, at + 1))
        records_[std::stoull(std::string(bytes.substr(at + key.size(), 20)))] = {
            file, file->written, path};
}

void disk_discipline::begin_sync(const system_call& call, std::size_t id) {
    const auto descriptor = std::stoi(call.arguments.at(0));
    const auto found = open_.find(descriptor);
    if (found == open_.end()) return;
    const auto& path = open_paths_[descriptor];
    const auto& file = *found->second;
    if (file.poisoned) complain(path + " is synced again after a sync of it had failed");
    syncs_[id] = {file.written, directories_[path].changes, file.end, file.last_lsn};
}

void disk_discipline::end_sync(const system_call& call, std::size_t id) {
    const auto begun = syncs_.extract(id);
    const auto descriptor = std::stoi(call.arguments.at(0));
    const auto found = open_.find(descriptor);
    if (begun.empty() || found == open_.end()) return;
    auto& file = *found->second;
    if (call.failed()) {
        file.poisoned = true;
        return;
    }
    ++figures_.syncs;
    const auto& covered = begun.mapped();
    file.synced = std::max(file.synced, covered.writes);
    file.synced_end = std::max(file.synced_end, covered.end);
    file.synced_lsn = std::max(file.synced_lsn, covered.last_lsn);
    const auto& path = open_paths_[descriptor];
    auto& directory = directories_[path];
    directory.synced = std::max(directory.synced, covered.changes);
    std::erase_if(unsynced_names_, [&](const auto& entry) {
        return parent(entry.first) == path && entry.second <= directory.synced;
    });
}

// --- names ------------------------------------------------------------------------------------

std::string disk_discipline::absolute(const system_call& call, std::size_t argument) const {
    std::string from = directory_;
    if (argument > 0 && call.name.find("at") != std::string::npos)
        if (auto base = path_in(call.arguments.at(argument - 1)); !base.empty()) from = base;
    return (fs::path(from) / string_in(call.arguments.at(argument))).lexically_normal().string();
}

disk_discipline::two_paths disk_discipline::paths_of(const system_call& call) const {
    const bool at = call.name.find("at") != std::string::npos;
    return {absolute(call, at ? 1 : 0), absolute(call, at ? 3 : 1), call.name.starts_with("link")};
}

void disk_discipline::make_name(const std::string& path, inode_ptr file) {
    const auto change = ++directories_[parent(path)].changes;
    names_[path] = {std::move(file), change};
}

bool disk_discipline::known_for_good(const std::string& path) const {
    const auto found = names_.find(path);
    if (found == names_.end()) return false;
    const auto directory = directories_.find(parent(path));
    return found->second.change == 0 ||
           (directory != directories_.end() && found->second.change <= directory->second.synced);
}

void disk_discipline::begin_naming(const system_call& call) {
    const auto [from, to, keeps_source] = paths_of(call);
    // Moved out of the way, as it is.
    if (in_quarantine(to)) {
        if (!keeps_source) begin_removal(from);
        return;
    }
    if (!keeps_source) begin_removal(from);
    const auto source = names_.find(from);
    if (is_derived(to)) return;
    if (source == names_.end())
        complain(from + " gets the name " + to + ", and nobody knows where it came from");
    else if (source->second.file->synced < source->second.file->written ||
             source->second.file->writing > 0)
        complain(from + " gets the name " + to + " before it is synced");
}

void disk_discipline::end_naming(const system_call& call) {
    const auto [from, to, keeps_source] = paths_of(call);
    if (names_.contains(to) && !may_be_replaced(to)) complain(to + " is replaced");
    auto file = names_.contains(from) ? names_.at(from).file : std::make_shared<inode>();
    file->segment = is_segment(to);
    for (const auto& [descriptor, opened] : open_)
        if (opened == file) open_paths_[descriptor] = to;
    make_name(to, std::move(file));
    if (!is_derived(to)) {
        unsynced_names_[to] = names_.at(to).change;
        ++figures_.names;
    }
    if (!keeps_source) names_.erase(from);
}

void disk_discipline::begin_removal(const std::string& path) {
    const auto found = names_.find(path);
    if (found == names_.end() || path.ends_with(".tmp")) return;
    const auto name = base_name(path);
    if (name == "run.json" || name == "LOCK") complain(path + " is removed");
    if (!is_segment(path) && !is_snapshot(path)) return;

    using range = std::pair<std::uint64_t, std::uint64_t>;
    std::vector<range> covered;
    bool has_successor = false;
    const auto numbers = numbers_in_name(path);
    for (const auto& [other, entry] : names_) {
        if (other == path || parent(other) != parent(path) || other.ends_with(".tmp") ||
            !known_for_good(other))
            continue;
        if (is_snapshot(other)) {
            const auto its = numbers_in_name(other);
            covered.emplace_back(its.at(0), its.at(1));
        } else if (is_segment(other) && is_segment(path)) {
            has_successor |= numbers_in_name(other) > numbers;
        }
    }
    std::sort(covered.begin(), covered.end());
    auto next = numbers.at(0);
    for (const auto& [first, last] : covered)
        if (first <= next) next = std::max(next, last + 1);
    const auto last = is_snapshot(path) ? numbers.at(1) : found->second.file->synced_lsn;
    if (next <= last)
        complain(path + " is removed, and no snapshot is there for good that covers record " +
                 std::to_string(next));
    if (is_segment(path)) {
        ++figures_.removed_segments;
        if (!has_successor) complain(path + " is removed before its successor is there for good");
    }
}

// --- promises ---------------------------------------------------------------------------------

void disk_discipline::acknowledge(const std::string& text) {
    for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
        const auto question = std::stoull(text.substr(begin, end - begin));
        const auto which = "question " + std::to_string(question) + " is acknowledged";
        ++figures_.acknowledged;
        const auto found = records_.find(question);
        if (found == records_.end()) {
            complain(which + ", and no segment has it");
            continue;
        }
        const auto& [file, write, path] = found->second;
        if (file->synced < write) complain(which + " before " + path + " is synced");
        // A name that is gone was judged when it went.
        if (names_.contains(path) && !known_for_good(path))
            complain(which + " before the name " + path + " is synced");
        const auto run = parent(path);
        if (!known_for_good(run + "/run.json")) complain(which + " before run.json is there");
        for (auto place = run; place != directory_ && place != "/" && names_.contains(place);
             place = parent(place))
            if (!known_for_good(place))
                complain(which + " before the name " + place + " is synced");
    }
}

} // namespace proctor::test
