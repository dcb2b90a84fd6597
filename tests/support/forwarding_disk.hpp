// A file system that hands every call on, for tests that change some of them.
#pragma once

#include "proctor/storage/file_system.hpp"

#include <memory>
#include <string>
#include <vector>

namespace proctor::test {

class forwarding_disk : public file_system {
public:
    explicit forwarding_disk(file_system& disk) : disk_(disk) {}

    result<std::unique_ptr<file>> create(const std::string& path) override {
        return disk_.create(path);
    }
    result<std::unique_ptr<file>> open(const std::string& path) override {
        return disk_.open(path);
    }
    result<std::unique_ptr<file>> lock(const std::string& path, locking how) override {
        return disk_.lock(path, how);
    }
    result<> rename(const std::string& from, const std::string& to) override {
        return disk_.rename(from, to);
    }
    result<> replace(const std::string& from, const std::string& to) override {
        return disk_.replace(from, to);
    }
    result<> link(const std::string& from, const std::string& to) override {
        return disk_.link(from, to);
    }
    result<> remove(const std::string& path) override { return disk_.remove(path); }
    result<> make_directory(const std::string& path) override { return disk_.make_directory(path); }
    result<> sync_directory(const std::string& path) override { return disk_.sync_directory(path); }
    result<std::vector<std::string>> list(const std::string& path) override {
        return disk_.list(path);
    }

private:
    file_system& disk_;
};

} // namespace proctor::test
