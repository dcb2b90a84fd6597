// When to say how far a run is.
#include "proctor/app/progress_reporter.hpp"

#include "proctor/app/run_opening.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/run_layout.hpp"

#include <fmt/format.h>

#include <fstream>

namespace proctor {

namespace json = boost::json;

namespace {

json::object figures_of(const progress& now) {
    return {{"completed_count", now.completed},
            {"failed_count", now.failed},
            {"total", now.total},
            {"in_flight", now.in_flight},
            {"elapsed_seconds", now.elapsed_seconds},
            {"rate", now.rate()},
            {"remaining_seconds", now.remaining_seconds()},
            {"accuracy", now.marks.marked ? json::value(now.marks.accuracy()) : json::value()}};
}

} // namespace

progress_reporter::progress_reporter(const config& used, console& talk, clock& time,
                                     file_system& disk, const checkpoint& log,
                                     const endpoint_group& endpoints, const endpoint_group* grading,
                                     std::uint64_t total)
    : config_(used), console_(talk), clock_(time), disk_(disk), log_(log), endpoints_(endpoints),
      grading_(grading), total_(total), completed_before_(log.counted().completed_count()),
      began_(time.now()) {}

void progress_reporter::begin() {
    began_ = clock_.now();
}

void progress_reporter::draw_last() const {
    console_.show(current());
    console_.end_bar();
}

asio::awaitable<void> progress_reporter::watch() {
    using namespace std::chrono_literals;
    const auto step = console_.has_bar() ? duration(200ms) : duration(1s);
    const auto plain_every = 10s;
    const auto saved_every = 30s;
    auto last_line = clock_.now();
    auto last_saved = clock_.now();
    auto last_status = clock_.now() - 1s;
    for (;;) {
        const auto now = clock_.now();
        if (console_.has_bar()) {
            console_.show(current());
        } else if (config_.processing.progress_bar && now - last_line >= plain_every) {
            const auto so_far = current();
            console_.say(progress_line(so_far), figures_of(so_far));
            last_line = now;
        }
        if (config_.processing.enable_checkpointing) {
            if (now - last_status >= 1s) {
                write_status("running");
                last_status = now;
            }
            if (now - last_saved >= saved_every) {
                tell_saved();
                last_saved = now;
            }
        }
        co_await clock_.sleep_for(step);
    }
}

void progress_reporter::tell_saved() const {
    console_.say(
        "💾",
        fmt::format("Checkpoint saved: {} ({} results)", log_.store().directory(),
                    thousands(log_.counted().completed_count())),
        {{"run", log_.store().directory()}, {"completed_count", log_.counted().completed_count()}});
}

progress progress_reporter::current() const {
    progress now;
    now.total = total_;
    now.completed = log_.counted().completed_count();
    now.completed_before = completed_before_;
    now.failed = log_.counted().failed_count();
    now.in_flight = endpoints_.in_flight() + (grading_ ? grading_->in_flight() : 0);
    now.elapsed_seconds = std::chrono::duration<double>(clock_.now() - began_).count();
    now.marks = log_.counted().overall();
    now.cost = cost_text(log_.counted().usage(), config_.prices);
    return now;
}

void progress_reporter::write_status(std::string_view state) const {
    const auto now = current();
    json::object status;
    status["timestamp"] = iso_time(wall_now());
    status["state"] = state;
    status["completed_count"] = now.completed;
    status["failed_count"] = now.failed;
    status["total"] = now.total;
    status["rate"] = now.rate();
    status["remaining_seconds"] = now.remaining_seconds();
    status["accuracy"] =
        now.marks.marked ? json::value(now.marks.accuracy()) : json::value(nullptr);
    status["config"] = redacted_json(config_);
    status["version"] = PROCTOR_VERSION;
    const auto path = join_path(log_.store().directory(), status_file);
    std::ofstream file(path + std::string(temporary_suffix));
    file << json_text(status) << '\n';
    file.close();
    if (file) (void)disk_.replace(path + std::string(temporary_suffix), path);
}

} // namespace proctor
