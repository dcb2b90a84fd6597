// One coroutine, work(), decides when a batch goes to the disk; everything it looks at belongs to
// the network thread, and only run_store's calls happen elsewhere.
#include "proctor/pipeline/checkpoint.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <utility>

namespace proctor {

checkpoint::checkpoint(asio::any_io_executor executor, clock& time, file_system& disk,
                       std::unique_ptr<run_store> store, ledger counted,
                       checkpoint_settings settings, durable_handler on_durable,
                       trouble_handler on_trouble)
    : clock_(time), disk_(disk), store_(std::move(store)), counted_(std::move(counted)),
      settings_(settings), on_durable_(std::move(on_durable)), on_trouble_(std::move(on_trouble)),
      changed_(executor), wake_(executor), wake_compactor_(executor), gathered_(executor),
      waited_(executor), tried_again_(executor), timers_(executor), worker_(executor),
      compactor_(executor) {
    worker_.spawn(work());
    compactor_.spawn(compact());
    timers_.spawn(wake_at(gathered_));
    timers_.spawn(wake_at(tried_again_));
    if (settings_.mode == durability::by_interval) timers_.spawn(wake_at(waited_));
    if (settings_.mode != durability::none) timers_.spawn(watch_idleness());
}

checkpoint::~checkpoint() {
    disk_thread_.join();
    compaction_thread_.join();
}

void checkpoint::piece::add(const record_view& record, outcome what) {
    append_record(records, record);
    outcomes.push_back(std::move(what));
}

void checkpoint::piece::make_all() {
    outcomes.reserve(outcomes.size() + to_make.size());
    for (const auto& maker : to_make) {
        auto made = maker();
        made.head.body = made.body;
        add(made.head, std::move(made.what));
    }
    std::exchange(to_make, {});
    bytes_to_make = 0;
}

checkpoint::piece& checkpoint::make_room(std::size_t bytes) {
    if (gathering_.count == 0) {
        const auto now = clock_.now();
        gathered_.set(now + settings_.gather_time);
        if (unsynced_count_ == 0) waited_.set(now + settings_.longest_wait);
    }
    auto& pieces = gathering_.pieces;
    if (pieces.empty() || pieces.back().bytes() >= settings_.gather_bytes) pieces.emplace_back();
    ++gathering_.count;
    gathering_.bytes += bytes;
    ++pieces.back().count;
    return pieces.back();
}

void checkpoint::append(const record_view& record, outcome what) {
    if (failed_) return;
    make_room(record_header_size + record.body.size()).add(record, std::move(what));
    if (work_is_due()) wake_.notify();
}

void checkpoint::append(std::function<made_record()> maker, std::size_t bytes) {
    if (failed_) return;
    auto& gathering = make_room(bytes);
    gathering.to_make.push_back(std::move(maker));
    gathering.bytes_to_make += bytes;
    if (work_is_due()) wake_.notify();
}

// One coroutine a deadline, and not one a batch. A deadline moves only to later.
asio::awaitable<void> checkpoint::wake_at(deadline& watched) {
    for (auto last = time_point::min();;) {
        while (watched.at == last) co_await watched.moved.wait();
        last = watched.at;
        co_await clock_.sleep_until(last);
        wake_.notify();
    }
}

asio::awaitable<void> checkpoint::watch_idleness() {
    for (std::uint64_t seen = 0;; seen = figures_.batches) {
        co_await clock_.sleep_for(std::chrono::seconds{1});
        idle_ = seen == figures_.batches;
        if (note_is_due()) wake_.notify();
    }
}

bool checkpoint::note_is_due() const {
    return idle_ && !noted_ && gathering_.count == 0 && unsynced_count_ == 0;
}

bool checkpoint::sync_is_due() const {
    if (settings_.mode == durability::none) return false;
    const auto waiting = unsynced_count_ + gathering_.count;
    if (waiting == 0) return false;
    return settings_.mode == durability::every_result || flushing_ || stopping_ ||
           waiting >= settings_.interval || clock_.now() >= waited_.at;
}

bool checkpoint::work_is_due() const {
    if (failed_) return stopping_;
    if (stopping_ || flushing_) return true;
    if (gathering_.count > 0 &&
        (gathering_.bytes >= settings_.gather_bytes || clock_.now() >= gathered_.at))
        return true;
    // A sync for what is written already need not wait for more to gather.
    return (gathering_.count == 0 && sync_is_due()) || note_is_due();
}

asio::awaitable<result<>> checkpoint::on_disk_thread(std::function<result<>()> job) {
    const auto begin = clock_.now();
    std::uint64_t sealed = 0;
    std::vector<std::string> notes;
    auto run = [this, work = std::move(job), &sealed, &notes]() -> asio::awaitable<result<>> {
        auto done = work();
        sealed = store_->sealed_bytes();
        notes = store_->take_notes();
        co_return done;
    };
    auto done = co_await asio::co_spawn(disk_thread_, run, asio::use_awaitable);
    figures_.disk_time += clock_.now() - begin;
    if (sealed > sealed_bytes_) wake_compactor_.notify();
    sealed_bytes_ = sealed;
    for (const auto& note : notes) tell(note);
    co_return done;
}

asio::awaitable<void> checkpoint::wake_compactor_after(duration time) {
    co_await clock_.sleep_for(time);
    wake_compactor_.notify();
}

void checkpoint::tell(const std::string& trouble) const {
    if (on_trouble_) on_trouble_(trouble);
}

void checkpoint::fail(const failure& why) {
    failed_ = why;
    flushing_ = false;
    wake_.notify();
    wake_compactor_.notify();
    changed_.notify();
}

// Whether a batch for which there was no room is to be tried again.
bool checkpoint::may_wait_for_room(const failure& why) {
    const auto now = clock_.now();
    if (!full_since_) {
        full_since_ = now;
        tell(fmt::format(
            "{}: the disk is full: {:.1f} MB of results wait in memory for room, and no "
            "new questions are put; make room, or stop and go on later ({})",
            why.where, double(waiting_bytes() + page_size) / 1e6, why.detail));
    }
    return now - *full_since_ < settings_.full_disk_patience &&
           waiting_bytes() < 2 * settings_.max_waiting_bytes;
}

// Piece by piece: a piece's records are gone before the next ones are made.
result<> checkpoint::write_pieces(batch& now) {
    for (; now.written < now.pieces.size(); ++now.written) {
        auto& next = now.pieces[now.written];
        const auto expected = next.bytes();
        next.make_all();
        now.bytes += next.bytes() - expected;
        if (auto done = store_->append(next.records, next.count); !done) return done;
        now.bytes -= next.records.size();
        now.bytes_written += next.records.size();
        std::string().swap(next.records);
    }
    return {};
}

// All of it in one crossing to the disk's thread: a second one would cost as much as the sync.
asio::awaitable<result<>> checkpoint::write(batch& now, disk_work also) {
    for (;;) {
        std::function<result<>()> job = [this, &now, also]() -> result<> {
            if (auto done = write_pieces(now); !done) return done;
            if (also.sync)
                if (auto done = store_->sync(); !done) return done;
            if (also.note)
                if (auto done = store_->note();
                    !done && done.error().code != failure_code::disk_full)
                    return done;
            return also.close ? store_->close() : result<>();
        };
        auto done = co_await on_disk_thread(std::move(job));
        writing_bytes_ = now.bytes;
        const bool appended = now.written == now.pieces.size();
        if (appended && full_since_) {
            tell("there is room on the disk again: the run goes on");
            full_since_.reset();
        }
        if (appended || done.error().code != failure_code::disk_full ||
            !may_wait_for_room(done.error()))
            co_return done;
        // Whoever stops the run must not wait for room that may never come: one more try.
        if (stopping_) co_return done;
        changed_.notify();
        tried_again_.set(clock_.now() + settings_.full_disk_pause);
        while (!stopping_ && clock_.now() < tried_again_.at) co_await wake_.wait();
    }
}

asio::awaitable<void> checkpoint::work() {
    for (;;) {
        while (!work_is_due()) co_await wake_.wait();
        if (failed_) co_return; // and stopping

        disk_work also;
        also.sync = sync_is_due();
        also.note = note_is_due();
        also.close = stopping_ && gathering_.count == 0 && unsynced_count_ == 0;
        auto now = std::exchange(gathering_, {});
        writing_bytes_ = now.bytes;
        const auto done = co_await write(now, also);
        writing_bytes_ = 0;
        figures_.bytes += now.bytes_written;
        figures_.batches += now.count > 0;
        figures_.syncs += also.sync;
        if (!done) {
            fail(done.error());
            continue;
        }
        unsynced_count_ += now.count;
        for (auto& written : now.pieces) unsynced_.push_back(std::move(written.outcomes));
        if (also.sync || settings_.mode == durability::none) count_written();
        if (also.sync) noted_ = false;
        if (also.note) noted_ = true;
        if (gathering_.count == 0 && unsynced_count_ == 0) flushing_ = false;
        changed_.notify();
        if (also.close) co_return;
    }
}

// Beside the writing: what is sealed becomes snapshots, one at a time.
asio::awaitable<void> checkpoint::compact() {
    for (;;) {
        if (failed_ || (stopping_ && hurried_)) co_return;
        std::optional<compaction_job> job;
        std::function<result<>()> take = [this, &job]() -> result<> {
            job = store_->next_compaction();
            return {};
        };
        if (sealed_bytes_ > 0) (void)co_await on_disk_thread(std::move(take));
        if (!job) {
            if (closed_) co_return;
            co_await wake_compactor_.wait();
            continue;
        }
        const auto begin = clock_.now();
        auto build = [this, &job]() -> asio::awaitable<result<snapshot_key>> {
            co_return build_snapshot(disk_, *job);
        };
        const auto built = co_await asio::co_spawn(compaction_thread_, build, asio::use_awaitable);
        figures_.compaction_time += clock_.now() - begin;
        std::function<result<>()> end = [this, &job, &built]() -> result<> {
            if (built) return store_->adopt(*job, *built);
            store_->abandon(*job);
            return {};
        };
        const auto adopted = co_await on_disk_thread(std::move(end));
        changed_.notify();
        if (!adopted) {
            fail(adopted.error());
            co_return;
        }
        if (built) {
            ++figures_.snapshots;
            continue;
        }
        tell(fmt::format("the log cannot be compacted for now, and stays as it is: {}",
                         built.error().message()));
        if (closed_) co_return;
        timers_.spawn(wake_compactor_after(settings_.compaction_pause));
        co_await wake_compactor_.wait();
    }
}

void checkpoint::count_written() {
    for (const auto& outcomes : std::exchange(unsynced_, {})) {
        for (const auto& what : outcomes) counted_.apply(what);
        if (on_durable_) on_durable_(outcomes);
    }
    unsynced_count_ = 0;
    if (gathering_.count > 0) waited_.set(clock_.now() + settings_.longest_wait);
}

asio::awaitable<result<>> checkpoint::flush() {
    if (gathering_.count > 0 || writing_bytes_ > 0 || unsynced_count_ > 0) {
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
    closed_ = true;
    wake_compactor_.notify();
    co_await compactor_.join();
    timers_.cancel();
    co_await timers_.join();
    disk_thread_.stop();
    compaction_thread_.stop();
    if (failed_) co_return *failed_;
    co_return result<>();
}

asio::awaitable<result<std::string>> checkpoint::read_body(question_id id) {
    auto read = [this, id]() -> asio::awaitable<result<std::string>> {
        auto body = store_->read_body(id);
        if (!body) co_return body.error();
        if (!*body)
            co_return failure{failure_code::not_found, store_->directory(),
                              fmt::format("there is no record of question {}", id)};
        co_return std::move(**body);
    };
    co_return co_await asio::co_spawn(disk_thread_, read, asio::use_awaitable);
}

} // namespace proctor
