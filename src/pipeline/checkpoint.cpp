// One coroutine, work(), decides when a batch goes to the disk; everything it looks at belongs to
// the network thread, and only run_store's calls happen elsewhere.
#include "proctor/pipeline/checkpoint.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace proctor {

checkpoint::checkpoint(asio::any_io_executor executor, clock& time,
                       std::unique_ptr<run_store> store, ledger counted,
                       checkpoint_settings settings, durable_handler on_durable)
    : clock_(time), store_(std::move(store)), counted_(std::move(counted)), settings_(settings),
      on_durable_(std::move(on_durable)), changed_(executor), wake_(executor), timers_(executor),
      worker_(executor) {
    worker_.spawn(work());
    if (settings_.mode != durability::none) timers_.spawn(watch_idleness());
}

checkpoint::~checkpoint() {
    disk_thread_.join();
}

void checkpoint::append(const record_view& record, outcome what) {
    if (failed_) return;
    if (gathering_.count == 0) {
        gathered_ = false;
        timers_.spawn(raise_after(settings_.gather_time, &checkpoint::gathered_));
        if (unsynced_.empty()) {
            waited_ = false;
            timers_.spawn(raise_after(settings_.longest_wait, &checkpoint::waited_));
        }
    }
    append_record(gathering_.records, record);
    gathering_.outcomes.push_back(std::move(what));
    ++gathering_.count;
    if (work_is_due()) wake_.notify();
}

asio::awaitable<void> checkpoint::raise_after(duration time, bool checkpoint::* flag) {
    co_await clock_.sleep_for(time);
    this->*flag = true;
    wake_.notify();
}

asio::awaitable<void> checkpoint::watch_idleness() {
    for (std::uint64_t seen = 0;; seen = figures_.batches) {
        co_await clock_.sleep_for(std::chrono::seconds{1});
        idle_ = seen == figures_.batches;
        if (note_is_due()) wake_.notify();
    }
}

bool checkpoint::note_is_due() const {
    return idle_ && !noted_ && gathering_.count == 0 && unsynced_.empty();
}

bool checkpoint::sync_is_due() const {
    if (settings_.mode == durability::none) return false;
    const auto waiting = unsynced_.size() + gathering_.count;
    if (waiting == 0) return false;
    return settings_.mode == durability::every_result || flushing_ || stopping_ || waited_ ||
           waiting >= settings_.interval;
}

bool checkpoint::work_is_due() const {
    if (failed_) return stopping_;
    if (stopping_ || flushing_) return true;
    if (gathering_.count > 0 && (gathered_ || gathering_.records.size() >= settings_.gather_bytes))
        return true;
    // A sync for what is written already need not wait for more to gather.
    return (gathering_.count == 0 && sync_is_due()) || note_is_due();
}

asio::awaitable<result<>> checkpoint::on_disk_thread(std::function<result<>()> job) {
    const auto begin = clock_.now();
    auto run = [work = std::move(job)]() -> asio::awaitable<result<>> { co_return work(); };
    auto done = co_await asio::co_spawn(disk_thread_, run, asio::use_awaitable);
    figures_.disk_time += clock_.now() - begin;
    co_return done;
}

asio::awaitable<void> checkpoint::work() {
    for (;;) {
        while (!work_is_due()) co_await wake_.wait();
        if (failed_) co_return; // and stopping

        const bool sync = sync_is_due();
        const bool note = note_is_due();
        const bool close = stopping_ && gathering_.count == 0 && unsynced_.empty();
        auto now = std::exchange(gathering_, {});
        writing_bytes_ = now.records.size();

        std::function<result<>()> job = [this, &now, sync, note, close]() -> result<> {
            if (now.count > 0)
                if (auto done = store_->append(now.records, now.count); !done) return done;
            if (sync)
                if (auto done = store_->sync(); !done) return done;
            if (note)
                if (auto done = store_->note(); !done) return done;
            if (close && settings_.mode != durability::none) return store_->close();
            return {};
        };
        const auto done = co_await on_disk_thread(std::move(job));
        writing_bytes_ = 0;
        figures_.bytes += now.records.size();
        figures_.batches += now.count > 0;
        figures_.syncs += sync;
        if (!done) {
            failed_ = done.error();
            flushing_ = false;
            changed_.notify();
            continue;
        }
        if (settings_.mode == durability::none) {
            count(now.outcomes);
        } else {
            unsynced_.insert(unsynced_.end(), std::make_move_iterator(now.outcomes.begin()),
                             std::make_move_iterator(now.outcomes.end()));
            if (sync) {
                count(unsynced_);
                noted_ = false;
            }
        }
        if (note) noted_ = true;
        if (gathering_.count == 0 && unsynced_.empty()) flushing_ = false;
        changed_.notify();
        if (close) co_return;
    }
}

void checkpoint::count(std::vector<outcome>& outcomes) {
    for (const auto& what : outcomes) counted_.apply(what);
    if (on_durable_) on_durable_(outcomes);
    outcomes.clear();
    waited_ = false;
    if (gathering_.count > 0)
        timers_.spawn(raise_after(settings_.longest_wait, &checkpoint::waited_));
}

asio::awaitable<result<>> checkpoint::flush() {
    if (gathering_.count > 0 || writing_bytes_ > 0 || !unsynced_.empty()) {
        flushing_ = true;
        wake_.notify();
        while (flushing_) co_await changed_.wait();
    }
    if (failed_) co_return *failed_;
    co_return result<>();
}

asio::awaitable<result<>> checkpoint::stop() {
    stopping_ = true;
    wake_.notify();
    co_await worker_.join();
    timers_.cancel();
    co_await timers_.join();
    disk_thread_.stop();
    if (failed_) co_return *failed_;
    co_return result<>();
}

asio::awaitable<result<std::string>> checkpoint::read_body(record_place place) {
    auto read = [this, place]() -> asio::awaitable<result<std::string>> {
        co_return store_->read_body(place);
    };
    co_return co_await asio::co_spawn(disk_thread_, read, asio::use_awaitable);
}

} // namespace proctor
