// LOCK's text, and the kernel's own list of locks.
#include "proctor/app/run_holder.hpp"

#include "proctor/codec/json_members.hpp"
#include "proctor/storage/run_layout.hpp"

#include <boost/json/parse.hpp>

#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace proctor {
namespace {

namespace json = boost::json;

std::string this_host() {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return host;
}

run_holder read_lock_text(const std::string& text) {
    run_holder holder;
    boost::system::error_code ec;
    const auto value = json::parse(text, ec);
    const auto* object = ec ? nullptr : value.if_object();
    if (!object) return holder;
    holder.host = text_at(*object, "host");
    holder.started = text_at(*object, "started");
    const auto* pid = object->if_contains("pid");
    if (pid && pid->is_int64()) holder.pid = pid->get_int64();
    return holder;
}

template <class T>
bool read_number(std::string_view text, T& value, int base) {
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    return error == std::errc{} && stop == end;
}

// "fd:01:1234": the device in hexadecimal, then the inode.
bool read_file_name(std::string_view text, file_name& name) {
    const auto first = text.find(':');
    const auto second = text.find(':', first + 1);
    return first != std::string_view::npos && second != std::string_view::npos &&
           read_number(text.substr(0, first), name.major, 16) &&
           read_number(text.substr(first + 1, second - first - 1), name.minor, 16) &&
           read_number(text.substr(second + 1), name.inode, 10);
}

} // namespace

bool is_locked(std::string_view proc_locks, const file_name& wanted, std::int64_t expected_pid) {
    std::istringstream lines{std::string(proc_locks)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, kind, strictness, access, name;
        std::int64_t pid = 0;
        // Who waits for a lock has "->" in the place of the kind.
        if (!(words >> number >> kind >> strictness >> access >> pid >> name)) continue;
        file_name found;
        if (kind != "FLOCK" || access != "WRITE" || !read_file_name(name, found)) continue;
        if (found.inode != wanted.inode) continue;
        if ((found.major == wanted.major && found.minor == wanted.minor) || pid == expected_pid)
            return true;
    }
    return false;
}

run_holder look_at_holder(file_system& disk, const std::string& run_directory) {
    const auto path = join_path(run_directory, lock_file);
    const auto text = read_all(disk, path);
    auto holder = read_lock_text(text ? *text : std::string());
    holder.on_this_host = holder.host == this_host();
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return holder;
    std::ifstream locks("/proc/locks");
    const std::string table{std::istreambuf_iterator<char>(locks), {}};
    holder.alive = is_locked(table, {::major(info.st_dev), ::minor(info.st_dev), info.st_ino},
                             holder.on_this_host ? holder.pid : 0);
    return holder;
}

} // namespace proctor
