// Past stdio: what is exported comes in large pieces, and what cannot be written is to be known.
#include "proctor/app/standard_output.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/load_config.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace proctor {

void print(std::string_view text) {
    while (!text.empty()) {
        const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written >= 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (errno == EINTR) continue;
        if (errno == EPIPE) throw cannot_start{exit_complete, {}};
        throw cannot_start{exit_disk, {std::string("standard output: ") + std::strerror(errno)}};
    }
}

} // namespace proctor
