// What is made of a file system's calls, whichever it is.
#include "proctor/storage/file_system.hpp"

#include "proctor/storage/run_layout.hpp"

namespace proctor {

result<std::string> read_all(file_system& disk, const std::string& path) {
    auto opened = disk.open(path);
    if (!opened) return opened.error();
    const auto size = (*opened)->size();
    if (!size) return size.error();
    std::string text(*size, '\0');
    const auto got = (*opened)->read_at(0, text);
    if (!got) return got.error();
    text.resize(*got);
    return text;
}

result<std::unique_ptr<file>> create_anew(file_system& disk, const std::string& path) {
    auto created = disk.create(path);
    if (created || created.error().code != failure_code::already_exists) return created;
    if (auto done = disk.remove(path); !done) return done.error();
    return disk.create(path);
}

result<> write_new_file(file_system& disk, const std::string& path, std::string_view text) {
    const auto temporary = path + std::string(temporary_suffix);
    auto created = create_anew(disk, temporary);
    if (!created) return created.error();
    if (auto done = (*created)->write_at(0, text); !done) return done;
    if (auto done = (*created)->sync(); !done) return done;
    if (auto done = disk.rename(temporary, path); !done) return done;
    return disk.sync_directory(parent_path(path));
}

result<> make_directories(file_system& disk, const std::string& path) {
    if (path.empty() || path == "." || path == "/") return {};
    if (disk.list(path)) return {};
    const auto parent = parent_path(path);
    if (auto done = make_directories(disk, parent); !done) return done;
    auto made = disk.make_directory(path);
    if (!made && made.error().code == failure_code::already_exists) made = result<>();
    if (!made) return made;
    return disk.sync_directory(parent);
}

} // namespace proctor
