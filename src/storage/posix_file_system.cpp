// File system calls, with every error named and every interruption repeated.
#include "proctor/storage/posix_file_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace proctor {
namespace {

failure last_error(std::string_view doing, const std::string& path) {
    const int error = errno;
    auto code = failure_code::io_error;
    if (error == ENOSPC || error == EDQUOT) code = failure_code::disk_full;
    if (error == ENOENT || error == ENOTDIR) code = failure_code::not_found;
    if (error == EEXIST) code = failure_code::already_exists;
    return {code, path, fmt::format("cannot {}: {}", doing, std::strerror(error))};
}

// Calls again what a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
    decltype(call()) value{};
    do {
        value = call();
    } while (value == -1 && errno == EINTR);
    return value;
}

class posix_file final : public file {
public:
    posix_file(int descriptor, std::string path)
        : descriptor_(descriptor), path_(std::move(path)) {}
    posix_file(const posix_file&) = delete;
    posix_file& operator=(const posix_file&) = delete;
    ~posix_file() override { ::close(descriptor_); }

    result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
        std::size_t done = 0;
        while (done < into.size()) {
            const auto got = uninterrupted([&] {
                return ::pread(descriptor_, into.data() + done, into.size() - done,
                               static_cast<off_t>(offset + done));
            });
            if (got < 0) return last_error("read", path_);
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

    result<> write_at(std::uint64_t offset, std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto put = uninterrupted([&] {
                return ::pwrite(descriptor_, bytes.data(), bytes.size(),
                                static_cast<off_t>(offset));
            });
            if (put < 0) return last_error("write", path_);
            bytes.remove_prefix(static_cast<std::size_t>(put));
            offset += static_cast<std::uint64_t>(put);
        }
        return {};
    }

    result<> sync() override {
        if (uninterrupted([&] { return ::fdatasync(descriptor_); }) != 0)
            return last_error("sync", path_);
        return {};
    }

    result<std::uint64_t> size() override {
        struct stat info{};
        if (::fstat(descriptor_, &info) != 0) return last_error("stat", path_);
        return static_cast<std::uint64_t>(info.st_size);
    }

    result<bool> linked() override {
        struct stat info{};
        if (::fstat(descriptor_, &info) != 0) return last_error("stat", path_);
        return info.st_nlink > 0;
    }

private:
    int descriptor_;
    std::string path_;
};

result<std::unique_ptr<file>> open_file(const std::string& path, int flags,
                                        std::string_view doing) {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); });
    if (descriptor < 0) return last_error(doing, path);
    return std::unique_ptr<file>(std::make_unique<posix_file>(descriptor, path));
}

result<std::unique_ptr<file>> flock_file(const std::string& path, int operation) {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666); });
    if (descriptor < 0) return last_error("open", path);
    auto locked = std::make_unique<posix_file>(descriptor, path);
    if (uninterrupted([&] { return ::flock(descriptor, operation); }) != 0) {
        if (errno == ENOSYS || errno == ENOLCK || errno == EOPNOTSUPP)
            return failure{failure_code::unsupported, path,
                           "this file system has no locks; use a local disk, or say "
                           "--allow-unlocked if no other process can start this run"};
        if (errno != EWOULDBLOCK) return last_error("lock", path);
        std::string text(4096, '\0');
        const auto got = locked->read_at(0, text);
        text.resize(got ? *got : 0);
        return failure{failure_code::held, path, text};
    }
    return std::unique_ptr<file>(std::move(locked));
}

} // namespace

result<std::unique_ptr<file>> posix_file_system::create(const std::string& path) {
    return open_file(path, O_RDWR | O_CREAT | O_EXCL, "create");
}

result<std::unique_ptr<file>> posix_file_system::open(const std::string& path) {
    return open_file(path, O_RDONLY, "open");
}

result<std::unique_ptr<file>> posix_file_system::lock(const std::string& path, locking how) {
    if (how == locking::none) return open_file(path, O_RDWR | O_CREAT, "open");
    return flock_file(path, LOCK_EX | LOCK_NB);
}

std::string posix_file_system::shared_by(const std::string& path) const {
    struct statfs info{};
    if (::statfs(path.c_str(), &info) != 0) return {};
    // statfs(2), and the headers of those that are no part of the kernel.
    switch (static_cast<std::uint32_t>(info.f_type)) {
    case 0x6969: return "nfs";
    case 0x517b: return "smb";
    case 0xff534d42: return "cifs";
    case 0xfe534d42: return "smb2";
    case 0x0bd00bd0: return "lustre";
    case 0x47504653: return "gpfs";
    case 0x00c36400: return "ceph";
    case 0x013111a8: return "afs"; // as Transarc's
    case 0x19830326: return "beegfs";
    case 0x7461636f: return "ocfs2";
    case 0x01161970: return "gfs2";
    case 0x20030528: return "pvfs2";
    case 0x65735546: return "fuse"; // sshfs and many others
    default: return {};
    }
}

result<std::unique_ptr<file>> posix_file_system::wait_for_lock(const std::string& path) {
    return flock_file(path, LOCK_EX);
}

result<> posix_file_system::rename(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
    // Not every network file system knows the flag: there a link, which replaces nothing either.
    if (errno != EINVAL && errno != ENOSYS) return last_error("name", to);
    if (::link(from.c_str(), to.c_str()) != 0) return last_error("name", to);
    return remove(from);
}

result<> posix_file_system::replace(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return last_error("replace", to);
    return {};
}

result<> posix_file_system::link(const std::string& from, const std::string& to) {
    if (::link(from.c_str(), to.c_str()) != 0) return last_error("link", to);
    return {};
}

result<> posix_file_system::remove(const std::string& path) {
    if (std::remove(path.c_str()) != 0) return last_error("remove", path);
    return {};
}

result<> posix_file_system::make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0777) != 0) return last_error("create directory", path);
    return {};
}

result<> posix_file_system::sync_directory(const std::string& path) {
    const int descriptor =
        uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0) return last_error("open", path);
    const posix_file directory(descriptor, path);
    if (uninterrupted([&] { return ::fsync(descriptor); }) != 0)
        return last_error("sync directory", path);
    return {};
}

result<std::vector<std::string>> posix_file_system::list(const std::string& path) {
    DIR* directory = ::opendir(path.c_str());
    if (!directory) return last_error("list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const auto* entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    ::closedir(directory);
    errno = error;
    if (error != 0) return last_error("list", path);
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace proctor
