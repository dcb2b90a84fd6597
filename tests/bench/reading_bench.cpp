// One way of reading a question file, once: reading_bench read|census|questions FILE
//
// Prints megabytes a second of CPU time, user's and system's, which other work on the machine
// leaves alone, and the most memory that was held.
#include "proctor/eval/dataset.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace {

double cpu_seconds(const rusage& used) {
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// read() alone: the ceiling.
std::uint64_t read_through(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::vector<char> buffer(std::size_t{256} << 10);
    std::uint64_t bytes = 0;
    for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;)
        bytes += static_cast<std::uint64_t>(got);
    ::close(fd);
    return bytes;
}

// As before a run: digest, count, index.
std::uint64_t take_census(const std::string& path) {
    return proctor::take_census(path, [](const proctor::failure&) {}).value().bytes;
}

// As during a run.
std::uint64_t read_questions(const std::string& path) {
    auto reader = proctor::question_reader::open(path).value();
    while (reader.next()) {
    }
    return read_through(path); // for the size, at next to no cost
}

} // namespace

int main(int count, char** words) {
    const std::string_view way = count == 3 ? words[1] : "";
    const auto work = way == "read"        ? read_through
                      : way == "census"    ? take_census
                      : way == "questions" ? read_questions
                                           : nullptr;
    if (!work) {
        std::fputs("reading_bench read|census|questions FILE\n", stderr);
        return 2;
    }
    const auto bytes = work(words[2]);
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    fmt::print("{:.0f} {}\n", static_cast<double>(bytes) / 1e6 / cpu_seconds(used), used.ru_maxrss);
    return bytes > 0 ? 0 : 1;
}
