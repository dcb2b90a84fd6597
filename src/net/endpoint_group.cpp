// Turns are permits of one semaphore, whose limit is kept at what is out and what there is room
// for; it serves in the order of asking.
#include "proctor/net/endpoint_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace proctor {
namespace {

// What a failed attempt says about its endpoint.
struct symptom {
    bool overload = false;
    bool trouble = false; // of the endpoint, not of the question
    bool reached = true;
};

symptom symptom_of(const attempt_failure& failed) {
    symptom found;
    switch (failed.why.code) {
    case failure_code::http_status:
        found.overload = failed.status == 429 || failed.status == 503;
        found.trouble = failed.status >= 500;
        break;
    case failure_code::timed_out:
        found.overload = true;
        found.trouble = true;
        break;
    case failure_code::short_of_memory: found.overload = true; break; // of ours
    case failure_code::connection_lost:
    case failure_code::bad_response: found.trouble = true; break;
    case failure_code::unreachable:
        found.trouble = true;
        found.reached = false;
        break;
    default: break;
    }
    return found;
}

std::string name_of(const attempt_failure& failed) {
    if (failed.why.code == failure_code::http_status) return std::to_string(failed.status);
    return std::string(to_string(failed.why.code));
}

} // namespace

// --- turn ---------------------------------------------------------------------------------------

turn::turn(turn&& other) noexcept
    : group_(std::exchange(other.group_, nullptr)), endpoint_(other.endpoint_),
      held_(std::move(other.held_)), began_(other.began_) {}

turn& turn::operator=(turn&& other) noexcept {
    std::swap(group_, other.group_);
    std::swap(endpoint_, other.endpoint_);
    std::swap(held_, other.held_);
    std::swap(began_, other.began_);
    return *this;
}

void turn::answered(std::uint64_t tokens, std::optional<duration> pause) {
    group_->answered(endpoint_, began_, tokens, pause);
    give_back();
}

bool turn::failed(const attempt_failure& why) {
    const bool counts = group_->failed(endpoint_, began_, why);
    give_back();
    return counts;
}

void turn::give_back() {
    if (auto* group = std::exchange(group_, nullptr)) group->give_back(endpoint_, began_);
    held_.release();
}

// --- endpoint_group -----------------------------------------------------------------------------

endpoint_group::member::member(const group_settings& settings)
    : limit([&] {
          concurrency_settings own;
          own.most = settings.parallel;
          own.adaptive = settings.adaptive;
          return own;
      }()),
      line(settings.circuits) {}

endpoint_group::endpoint_group(asio::any_io_executor executor, clock& time, std::size_t endpoints,
                               group_settings settings, probe look, listeners heard)
    : executor_(executor), clock_(time), settings_(settings), probe_(std::move(look)),
      listeners_(std::move(heard)), permits_(0), changed_(executor), watcher_(executor) {
    PROCTOR_ASSERT(endpoints > 0 && settings.parallel > 0);
    for (std::size_t i = 0; i < endpoints; ++i) members_.emplace_back(settings_);
    const auto now = clock_.now();
    if (settings_.requests_a_minute) requests_.emplace(*settings_.requests_a_minute, now);
    if (settings_.tokens_a_minute) tokens_.emplace(*settings_.tokens_a_minute, now);
    update();
    watcher_.spawn(watch());
}

endpoint_group::~endpoint_group() {
    PROCTOR_ASSERT(in_flight_ == 0);
}

asio::awaitable<turn> endpoint_group::acquire() {
    for (;;) {
        if (requests_ || tokens_) changed_.notify(); // watch() serves who waits for a rate
        auto held = co_await permits_.acquire();
        const auto now = clock_.now();
        // What there was room for when the permit was given may have gone by now.
        if (const auto chosen = choose(now); chosen && room_in_rates(now) > 0) {
            took(*chosen, now);
            co_return turn(*this, *chosen, std::move(held), now);
        }
        update();
    }
}

std::size_t endpoint_group::limit() const {
    std::size_t sum = 0;
    for (const auto& one : members_) sum += one.limit.limit();
    return std::min(sum, settings_.parallel);
}

std::size_t endpoint_group::room_at(const member& one, time_point now) const {
    if (now < one.paused_until) return 0;
    if (!one.line.closed()) return one.line.on_trial() && !one.trial_began ? 1 : 0;
    const auto limit = one.limit.limit();
    return limit - std::min(limit, one.in_flight);
}

std::size_t endpoint_group::room_in_rates(time_point now) {
    auto room = std::numeric_limits<std::size_t>::max();
    if (requests_) room = std::min(room, requests_->available(1, now));
    if (tokens_) room = std::min(room, tokens_->available(usual_tokens_, now));
    return room;
}

std::optional<std::size_t> endpoint_group::choose(time_point now) const {
    if (in_flight_ >= settings_.parallel) return std::nullopt;
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < members_.size(); ++i)
        if (room_at(members_[i], now) > 0 &&
            (!best || members_[i].in_flight < members_[*best].in_flight))
            best = i;
    return best;
}

void endpoint_group::update() {
    const auto now = clock_.now();
    std::size_t room = 0;
    bool any = false;
    for (const auto& one : members_) {
        room += room_at(one, now);
        any |= one.line.closed() || one.line.on_trial();
    }
    if (any && none_since_) figures_.away += now - *std::exchange(none_since_, std::nullopt);
    if (!any && !none_since_) none_since_ = now;
    room = std::min(room, room_in_rates(now));
    permits_.set_limit(std::min(in_flight_ + room, settings_.parallel));
    if (something_is_pending(now)) changed_.notify();
}

void endpoint_group::took(std::size_t endpoint, time_point now) {
    auto& one = members_[endpoint];
    if (!one.line.closed()) one.trial_began = now;
    ++one.in_flight;
    ++in_flight_;
    if (requests_) requests_->take(1);
    if (tokens_) tokens_->take(usual_tokens_);
    if (requests_ || tokens_) update();
}

void endpoint_group::give_back(std::size_t endpoint, time_point began) {
    auto& one = members_[endpoint];
    PROCTOR_ASSERT(one.in_flight > 0);
    if (one.trial_began && began >= *one.trial_began) one.trial_began.reset();
    --one.in_flight;
    --in_flight_;
    update();
}

void endpoint_group::answered(std::size_t endpoint, time_point began, std::uint64_t tokens,
                              std::optional<duration> pause_wanted) {
    auto& one = members_[endpoint];
    ++figures_.attempts;
    if (tokens > 0) {
        if (tokens_) tokens_->take(double(tokens) - usual_tokens_);
        usual_tokens_ += (double(tokens) - usual_tokens_) / 32;
    }
    note_answer(endpoint);
    one.overloads_in_a_row = 0;
    told(endpoint, one.limit.answered(began, clock_.now(), one.in_flight));
    if (pause_wanted) pause(endpoint, *pause_wanted);
}

bool endpoint_group::failed(std::size_t endpoint, time_point began,
                            const attempt_failure& failure) {
    auto& one = members_[endpoint];
    const auto found = symptom_of(failure);
    const bool tried = one.trial_began && began >= *one.trial_began;
    const bool known_away = !one.line.closed() && !tried;
    ++figures_.attempts;
    ++figures_.troubles[name_of(failure)];
    if (!found.trouble && !found.overload) {
        note_answer(endpoint); // whoever refuses a question is there
        return true;
    }
    if (found.overload && !known_away)
        told(endpoint, one.limit.overloaded(began, clock_.now(), one.in_flight));
    if (found.overload && found.reached && failure.status != 0) {
        // One refusal is for one request; many in a row are for all of them.
        ++one.overloads_in_a_row;
        constexpr std::size_t usual = 8;
        if (failure.limit_reset)
            pause(endpoint, *failure.limit_reset);
        else if (one.overloads_in_a_row >= std::max(usual, one.limit.limit() / 8))
            pause(endpoint, failure.retry_after.value_or(std::chrono::seconds{1}));
    }
    if (!found.trouble)
        note_answer(endpoint);
    else if (!known_away)
        note_failure(endpoint, failure, found.reached);
    return !known_away;
}

void endpoint_group::pause(std::size_t endpoint, duration time) {
    auto& one = members_[endpoint];
    const auto until = clock_.now() + time;
    if (until <= one.paused_until) return;
    if (clock_.now() >= one.paused_until) {
        ++figures_.pauses;
        tell(endpoint, fmt::format("asks for a pause of {:.1f} s",
                                   std::chrono::duration<double>(time).count()));
    }
    one.paused_until = until;
    one.overloads_in_a_row = 0;
}

void endpoint_group::note_failure(std::size_t endpoint, const attempt_failure& failure,
                                  bool reached) {
    auto& one = members_[endpoint];
    one.last_failure = failure;
    if (!one.line.failed(reached, clock_.now())) return;
    ++figures_.outages;
    tell(endpoint, fmt::format("is away ({}); it is asked now and then, and costs no question a "
                               "retry",
                               failure.why.detail));
}

void endpoint_group::note_answer(std::size_t endpoint) {
    auto& one = members_[endpoint];
    ever_answered_ = true;
    if (!one.line.answered()) return;
    one.limit.restart();
    tell(endpoint, "is back");
}

void endpoint_group::found(std::size_t endpoint) {
    note_answer(endpoint);
    update();
}

void endpoint_group::missing(std::size_t endpoint, const attempt_failure& failure) {
    auto& one = members_[endpoint];
    while (one.line.closed()) note_failure(endpoint, failure, false);
    update();
}

bool endpoint_group::too_long() const {
    return none_since_ && clock_.now() - *none_since_ >= patience();
}

void endpoint_group::told(std::size_t endpoint,
                          const std::optional<concurrency_limit::change>& change) const {
    if (change && listeners_.on_limit) listeners_.on_limit(endpoint, *change);
}

void endpoint_group::tell(std::size_t endpoint, const std::string& what) const {
    if (listeners_.on_event) listeners_.on_event(endpoint, what);
}

bool endpoint_group::something_is_pending(time_point now) const {
    if (permits_.waiting() > 0 && (requests_ || tokens_)) return true;
    return std::ranges::any_of(
        members_, [&](const member& one) { return !one.line.closed() || now < one.paused_until; });
}

// Looks whether pauses are over, rates allow more, and whoever was away is back. By the clock, and
// only while there is something to look for: what is due next may come nearer during any sleep.
asio::awaitable<void> endpoint_group::watch() {
    constexpr auto step = std::chrono::milliseconds{20};
    for (;;) {
        while (!something_is_pending(clock_.now())) co_await changed_.wait();
        co_await clock_.sleep_for(step);
        const auto now = clock_.now();
        for (std::size_t i = 0; i < members_.size(); ++i) {
            auto& one = members_[i];
            if (one.probing && now - one.probe_began > settings_.longest_probe)
                one.probing->cancel();
            if (one.probing && one.probing->size() == 0) one.probing.reset();
            if (one.probing || !one.line.probe_is_due(now)) continue;
            one.probe_began = now;
            one.probing.emplace(executor_);
            one.probing->spawn(probe_one(i));
        }
        update();
        if (too_long()) {
            const auto away = std::ranges::find_if(
                members_, [](const member& one) { return one.last_failure.has_value(); });
            if (away != members_.end()) listeners_.on_end(*away->last_failure, false);
        }
    }
}

asio::awaitable<void> endpoint_group::probe_one(std::size_t endpoint) {
    auto& one = members_[endpoint];
    bool there = false;
    try {
        const auto answer = co_await probe_(endpoint);
        there = answer.has_value();
        if (!there) {
            one.last_failure = answer.error();
            random_engine any;
            if (decide_retry(answer.error(), {}, {}, any).what == retry_decision::action::stop_run)
                listeners_.on_end(answer.error(), true);
        }
    } catch (const boost::system::system_error&) {
        // It took too long, or the run is over.
    }
    one.line.probed(there, clock_.now());
    update();
}

asio::awaitable<void> endpoint_group::stop() {
    watcher_.cancel();
    co_await watcher_.join();
    for (auto& one : members_) {
        if (!one.probing) continue;
        one.probing->cancel();
        co_await one.probing->join();
        one.probing.reset();
    }
}

} // namespace proctor
