// The disk that production uses.
#pragma once

#include "proctor/storage/file_system.hpp"

namespace proctor {

// Stateless; may be used from any thread, a `file` from one thread at a time.
class posix_file_system final : public file_system {
public:
    result<std::unique_ptr<file>> create(const std::string& path) override;
    result<std::unique_ptr<file>> open(const std::string& path) override;
    result<std::unique_ptr<file>> lock(const std::string& path, locking) override;
    result<> rename(const std::string& from, const std::string& to) override;
    result<> replace(const std::string& from, const std::string& to) override;
    result<> link(const std::string& from, const std::string& to) override;
    result<> remove(const std::string& path) override;
    result<> make_directory(const std::string& path) override;
    result<> sync_directory(const std::string& path) override;
    result<std::vector<std::string>> list(const std::string& path) override;

    // "nfs", "lustre", …: a file system that machines share, on which flock may not reach from one
    // to the other. Empty: a local one, or one that nobody knows.
    std::string shared_by(const std::string& path) const;

    // As lock(), but waits until it is free.
    result<std::unique_ptr<file>> wait_for_lock(const std::string& path);
};

} // namespace proctor
