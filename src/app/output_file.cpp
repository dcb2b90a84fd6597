// Whole files, pipes and standard output.
#include "proctor/app/output_file.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/standard_output.hpp"
#include "proctor/storage/run_layout.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace proctor {
namespace {

bool is_written_through(const std::string& path) {
    std::error_code ec;
    const auto found = std::filesystem::status(path, ec);
    return std::filesystem::exists(found) && !std::filesystem::is_regular_file(found) &&
           !std::filesystem::is_directory(found);
}

result<> write_through(const std::string& path, const text_writer& write) {
    std::ofstream out(path, std::ios::binary);
    const auto failed = [&] { return failure{failure_code::io_error, path, std::strerror(errno)}; };
    const text_sink put = [&](std::string_view text) -> result<> {
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        return out ? result<>() : failed();
    };
    if (!out) return failed();
    if (auto done = write(put); !done) return done;
    out.close();
    return out ? result<>() : failed();
}

} // namespace

result<> write_whole(file_system& disk, const std::string& path, const text_writer& write) {
    // Of this process alone: another one may be writing a file of the same name.
    const auto temporary = fmt::format("{}.{}{}", path, ::getpid(), temporary_suffix);
    (void)disk.remove(temporary); // of an earlier attempt
    auto created = disk.create(temporary);
    if (!created) return created.error();
    auto& file = **created;
    std::uint64_t offset = 0;
    const text_sink sink = [&](std::string_view text) {
        const auto done = file.write_at(offset, text);
        offset += text.size();
        return done;
    };
    auto done = write(sink);
    if (done) done = file.sync();
    if (done) done = disk.replace(temporary, path);
    if (!done) {
        (void)disk.remove(temporary);
        return done;
    }
    return disk.sync_directory(parent_path(path));
}

void write_output(file_system& disk, const std::string& path, const std::string& run_directory,
                  const text_writer& write) {
    if (std::error_code ec; std::filesystem::is_directory(path, ec))
        throw cannot_start{exit_usage, {path + ": is a directory; name a file"}};
    const text_sink to_standard_output = [](std::string_view text) {
        print(text);
        return result<>();
    };
    const auto done = path.empty() || path == "-" ? write(to_standard_output)
                      : is_written_through(path)  ? write_through(path, write)
                                                  : write_whole(disk, path, write);
    if (done) return;
    const auto& why = done.error();
    // Where nothing can be written, it is the command line that is wrong, and not the run.
    if (why.code == failure_code::not_found && !path.empty() && why.where.starts_with(path))
        throw cannot_start{exit_usage, {why.message()}};
    throw storage_trouble(why, run_directory);
}

} // namespace proctor
