// A disk of its own that fills: a tmpfs, mounted for as long as the object lives.
//
// Mounting needs root, or a user namespace of the test's own. A machine that grants neither fails
// the test, unless it says that it knows: PROCTOR_TEST_WITHOUT_MOUNTS=1.
#pragma once

#include "support/scratch_dir.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <stdexcept>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace proctor::test {

inline bool goes_without_mounts() {
    return std::getenv("PROCTOR_TEST_WITHOUT_MOUNTS") != nullptr;
}

// Moves this process into a user and a mount namespace in which it is root. Requires that it has
// one thread.
inline bool become_root_of_a_namespace() {
    const auto user = std::to_string(::getuid()), group = std::to_string(::getgid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/setgroups") << "deny";
    return bool(std::ofstream("/proc/self/uid_map") << "0 " + user + " 1" << std::flush) &&
           bool(std::ofstream("/proc/self/gid_map") << "0 " + group + " 1" << std::flush);
}

class small_disk {
public:
    explicit small_disk(std::uint64_t bytes) {
        const auto options = "size=" + std::to_string(bytes);
        const auto mount = [&] {
            return ::mount("tmpfs", path().c_str(), "tmpfs", 0, options.c_str()) == 0;
        };
        if (mount()) return;
        const auto refused = errno;
        if (refused != EPERM || !become_root_of_a_namespace() || !mount())
            throw std::runtime_error(std::string("no disk of our own can be mounted (") +
                                     std::strerror(refused) +
                                     "); run as root, or set PROCTOR_TEST_WITHOUT_MOUNTS=1");
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    ~small_disk() { ::umount2(path().c_str(), MNT_DETACH); }

    std::string path() const { return place_.path().string(); }

    std::uint64_t room() const {
        struct statvfs info{};
        if (::statvfs(path().c_str(), &info) != 0) throw std::runtime_error("no statvfs");
        return info.f_bavail * info.f_bsize;
    }

    // Takes all room but `left` bytes, until make_room().
    void fill(std::uint64_t left) const {
        const int filler = ::open(filler_path().c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
        const auto bytes = static_cast<off_t>(room() - left);
        const bool filled = filler >= 0 && ::posix_fallocate(filler, 0, bytes) == 0;
        if (filler >= 0) ::close(filler);
        if (!filled) throw std::runtime_error("the disk cannot be filled");
    }
    void make_room() const {
        if (::unlink(filler_path().c_str()) != 0) throw std::runtime_error("no filler to remove");
    }

private:
    std::string filler_path() const { return place_.file("filler"); }

    scratch_dir place_;
};

} // namespace proctor::test
