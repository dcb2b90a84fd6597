// See the header for why this is no timer that is set for every exchange.
#include "alarm.hpp"

namespace proctor {

alarm::~alarm() {
    state_->socket = nullptr;
    state_->timer.cancel();
}

void alarm::set(time_point when, asio::ip::tcp::socket& socket) {
    state_->socket = &socket;
    state_->deadline = when;
    state_->rang = false;
    if (!state_->runs || when < state_->timer.expiry()) run(state_);
}

void alarm::run(std::shared_ptr<state> state) {
    state->runs = true;
    state->timer.expires_at(state->deadline); // ends an earlier wait, if there is one
    auto& timer = state->timer;
    timer.async_wait([state = std::move(state)](boost::system::error_code ended) {
        if (!ended && state->socket) fire(state);
    });
}

void alarm::fire(std::shared_ptr<state> state) {
    if (std::chrono::steady_clock::now() < state->deadline) return run(std::move(state));
    state->runs = false;
    state->rang = true;
    boost::system::error_code not_open;
    state->socket->cancel(not_open);
}

} // namespace proctor
