// One pass from a descriptor to a file, synced before a run may rely on it.
#include "proctor/app/question_spool.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/load_config.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/storage/run_layout.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace proctor {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 20; // bytes

bool is_standard_input(std::string_view path) {
    return path == "-" || path == "/dev/stdin" || path == "/dev/fd/0" || path == "/proc/self/fd/0";
}

cannot_start unreadable(const std::string& name) {
    return {exit_usage, {name + ": cannot be read: " + std::generic_category().message(errno)}};
}

void must(const result<>& done) {
    if (!done) throw cannot_start{exit_disk, {done.error().message()}};
}

} // namespace

bool is_pipe(const std::string& questions_file) {
    // What a shell's <(…) is called may be a file by now: it has no name that lasts.
    if (is_standard_input(questions_file) || questions_file.starts_with("/dev/fd/")) return true;
    struct stat found{};
    return ::stat(questions_file.c_str(), &found) == 0 &&
           (S_ISFIFO(found.st_mode) || S_ISCHR(found.st_mode));
}

std::string questions_name(const std::string& questions_file) {
    return is_standard_input(questions_file) ? "standard input" : questions_file;
}

question_spool::question_spool(file_system& disk, const std::string& questions_file,
                               const std::string& place)
    : disk_(disk) {
    const auto name = questions_name(questions_file);
    const bool given = is_standard_input(questions_file);
    const int from = given ? STDIN_FILENO : ::open(questions_file.c_str(), O_RDONLY | O_CLOEXEC);
    if (from < 0) throw unreadable(name);
    try {
        if (::isatty(from))
            throw cannot_start{exit_usage,
                               {name + ": is a terminal; give the questions from a pipe or a file "
                                       "(proctor run - < questions.jsonl)"}};
        must(make_directories(disk_, place));
        const auto directory =
            join_path(place, fmt::format("checkpoint_stdin_{:016x}.making", random_number()));
        must(disk_.make_directory(directory));
        directory_ = directory;
        path_ = join_path(directory_, question_spool_file);
        copy(from, name);
    } catch (...) {
        if (!given) ::close(from);
        remove_names();
        throw;
    }
    if (!given) ::close(from);
}

question_spool::~question_spool() {
    remove_names();
    if (hidden_ >= 0) ::close(hidden_);
}

void question_spool::copy(int from, const std::string& name) {
    auto created = disk_.create(path_);
    if (!created) throw cannot_start{exit_disk, {created.error().message()}};
    std::vector<char> buffer(chunk);
    std::uint64_t size = 0;
    for (;;) {
        const auto got = ::read(from, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw unreadable(name);
        if (got == 0) break;
        const auto bytes = static_cast<std::size_t>(got);
        must((*created)->write_at(size, {buffer.data(), bytes}));
        size += bytes;
    }
    if (size == 0)
        throw cannot_start{exit_usage, {name + ": is empty; there is no question in it"}};
    must((*created)->sync());
}

void question_spool::hide() {
    hidden_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (hidden_ < 0) throw unreadable(path_);
    remove_names();
    path_ = fmt::format("/proc/self/fd/{}", hidden_);
}

void question_spool::keep_in(const std::string& run_directory) {
    const auto kept = join_path(run_directory, question_spool_file);
    must(disk_.replace(path_, kept));
    must(disk_.sync_directory(run_directory));
    remove_names();
    path_ = kept;
}

void question_spool::remove_names() {
    if (directory_.empty()) return;
    (void)disk_.remove(join_path(directory_, question_spool_file)); // unless it was kept
    (void)disk_.remove(directory_);
    directory_.clear();
}

} // namespace proctor
