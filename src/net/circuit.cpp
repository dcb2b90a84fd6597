// The three states and what moves between them.
#include "proctor/net/circuit.hpp"

#include <algorithm>

namespace proctor {

bool circuit::answered() {
    in_a_row_ = 0;
    if (state_ == state::closed) return false;
    // Also for a request that was sent before it opened: the endpoint is there.
    state_ = state::closed;
    pause_ = {};
    return true;
}

bool circuit::failed(bool reached, time_point now) {
    if (state_ == state::open) return false;
    in_a_row_ += reached ? 1 : double(settings_.failures) / 3;
    if (state_ == state::closed && in_a_row_ < settings_.failures) return false;
    const bool opens = state_ == state::closed;
    open(now);
    return opens;
}

void circuit::probed(bool there, time_point now) {
    if (state_ != state::open) return;
    if (there)
        state_ = state::trial;
    else
        open(now);
}

void circuit::open(time_point now) {
    state_ = state::open;
    pause_ = pause_ == duration{} ? settings_.pause : std::min(2 * pause_, settings_.longest);
    probe_at_ = now + pause_;
}

} // namespace proctor
