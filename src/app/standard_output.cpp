// Past stdio: what is exported comes in large pieces, and what cannot be written is to be known.
#include "proctor/app/standard_output.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/load_config.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace proctor {

result<> write_to_standard_output(std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0)
            return failure{errno == ENOSPC ? failure_code::disk_full : failure_code::io_error,
                           "standard output", std::strerror(errno)};
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

void print(std::string_view text) {
    const auto done = write_to_standard_output(text);
    if (done) return;
    if (errno == EPIPE) throw cannot_start{exit_complete, {}};
    throw cannot_start{exit_disk, {done.error().message()}};
}

} // namespace proctor
