// The crossing between the network's thread and the disk's: group commit.
//
// Records are handed over on the network thread and never waited for one by one. What gathers in
// a few milliseconds, or while the last write was under way, is written as one batch on a thread
// of its own, which alone owns the run_store; when a sync has made it durable, the ledger
// advances, on the network thread again. Nothing is counted before that. A second thread compacts
// what is sealed; the disk's thread alone gives files their names.
#pragma once

#include "proctor/async/clock.hpp"
#include "proctor/async/event.hpp"
#include "proctor/async/task_group.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/storage/run_store.hpp"

#include <boost/asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace proctor {

// When what has been written is made durable.
enum class durability {
    by_interval,  // every `interval` records or `longest_wait`, whichever comes first
    every_result, // every batch at once
    none,         // never: there is nothing to resume from, only results to collect
};

struct made_record {
    record_view head; // without its body
    std::string body;
    outcome what;
};

struct checkpoint_settings {
    durability mode = durability::by_interval;
    std::uint64_t interval = 50;
    duration longest_wait = std::chrono::seconds{1};
    // Waking the disk's thread for each record costs more than the disk.
    duration gather_time = std::chrono::milliseconds{10};
    std::size_t gather_bytes = std::size_t{256} << 10;
    std::size_t max_waiting_bytes = std::size_t{64} << 20;   // above: no room for new questions
    std::uint64_t max_sealed_bytes = std::uint64_t{1} << 30; // the same, of log not compacted yet
    // A full disk is tried again, until this is over or twice max_waiting_bytes wait.
    duration full_disk_patience = std::chrono::minutes{10};
    duration full_disk_pause = std::chrono::seconds{3};
    duration compaction_pause = std::chrono::seconds{10}; // before one that failed is tried again
};

struct checkpoint_figures {
    std::uint64_t batches = 0;
    std::uint64_t syncs = 0;
    std::uint64_t bytes = 0; // of records, headers included
    duration disk_time{};    // spent writing and syncing
    std::uint64_t snapshots = 0;
    duration compaction_time{}; // of a thread of its own
};

class checkpoint {
public:
    // Told on the network thread of what has just become durable.
    using durable_handler = std::function<void(std::span<const outcome>)>;
    // Told on the network thread of trouble with the disk that the run goes on with. May be empty.
    using trouble_handler = std::function<void(const std::string&)>;

    // `counted` is what replay has folded. The executor's one thread calls everything below. The
    // clock and the file system (the one of the store) outlive this.
    checkpoint(asio::any_io_executor, clock&, file_system&, std::unique_ptr<run_store>,
               ledger counted, checkpoint_settings, durable_handler, trouble_handler = {});
    ~checkpoint(); // requires: stop() was awaited

    // Takes a record. It becomes durable in its turn, unless failed() says otherwise.
    void append(const record_view&, outcome);
    // The same of a record that is made on the disk's thread, with the batch that it is part of;
    // until then it counts as `bytes`.
    void append(std::function<made_record()> maker, std::size_t bytes);

    // Waits until everything taken so far is durable, or the store has failed.
    asio::awaitable<result<>> flush();
    // Flushes, closes the log in good order, waits for its compaction and ends the threads.
    asio::awaitable<result<>> stop();
    // stop() waits for no compaction that has not begun: the next opening makes up for it.
    void hurry() { hurried_ = true; }

    // The body of the record of a question that an earlier session left (an answer that was never
    // marked). not_found: there is none.
    asio::awaitable<result<std::string>> read_body(question_id);

    // What is durable. In mode `none`: what is written.
    const ledger& counted() const { return counted_; }
    bool has_room() const {
        return !full_since_ && waiting_bytes() < settings_.max_waiting_bytes &&
               sealed_bytes_ < settings_.max_sealed_bytes;
    }
    // Of records that were taken and are not written yet.
    std::size_t waiting_bytes() const { return gathering_.bytes + writing_bytes_; }
    // Set once the store has failed; nothing is counted after that.
    const std::optional<failure>& failed() const { return failed_; }
    const checkpoint_figures& figures() const { return figures_; }
    const run_store& store() const { return *store_; } // only its constant parts: identity, found
    // Notified when the ledger advances, room appears or the store fails.
    event& changed() { return changed_; }

private:
    // What one call of the store takes. However much gathers while the disk stalls, no more than a
    // piece of it is ever held twice.
    struct piece {
        std::size_t bytes() const { return records.size() + bytes_to_make; }
        void add(const record_view&, outcome);
        void make_all(); // on the disk's thread

        std::string records;
        std::vector<outcome> outcomes; // of these
        std::vector<std::function<made_record()>> to_make;
        std::size_t bytes_to_make = 0;
        std::uint32_t count = 0; // of both kinds
    };
    // What crosses to the disk's thread at once.
    struct batch {
        std::vector<piece> pieces;
        std::size_t written = 0; // of these; their records are gone
        std::uint64_t count = 0; // of all records
        std::size_t bytes = 0;   // of what is not written
        std::uint64_t bytes_written = 0;
    };

    struct deadline {
        explicit deadline(const asio::any_io_executor& executor) : moved(executor) {}
        void set(time_point when) {
            at = when;
            moved.notify();
        }

        time_point at = time_point::min();
        event moved;
    };
    // What the disk's thread does besides writing a batch.
    struct disk_work {
        bool sync = false;
        bool note = false;
        bool close = false;
    };

    asio::awaitable<void> work();
    asio::awaitable<void> compact();
    asio::awaitable<result<>> write(batch&, disk_work);
    result<> write_pieces(batch&);       // on the disk's thread
    piece& make_room(std::size_t bytes); // for one record
    bool may_wait_for_room(const failure&);
    asio::awaitable<result<>> on_disk_thread(std::function<result<>()>);
    bool work_is_due() const;
    bool sync_is_due() const;
    bool note_is_due() const;
    asio::awaitable<void> wake_at(deadline&);
    asio::awaitable<void> wake_compactor_after(duration);
    void fail(const failure&);
    void tell(const std::string&) const;
    asio::awaitable<void> watch_idleness();
    void count_written();

    clock& clock_;
    file_system& disk_;
    std::unique_ptr<run_store> store_; // on the disk's thread
    ledger counted_;
    checkpoint_settings settings_;
    durable_handler on_durable_;
    trouble_handler on_trouble_;
    event changed_;
    event wake_;           // of work()
    event wake_compactor_; // of compact()
    deadline gathered_;    // of gathering_
    deadline waited_;      // of what is not synced
    deadline tried_again_; // when the disk is full
    task_group timers_;
    task_group worker_;
    task_group compactor_;

    batch gathering_;
    std::size_t writing_bytes_ = 0;
    std::vector<std::vector<outcome>> unsynced_; // of what is written
    std::uint64_t unsynced_count_ = 0;
    bool idle_ = false; // a second has passed without traffic
    bool noted_ = true; // the log's last frame tells how much is durable
    bool flushing_ = false;
    bool stopping_ = false;
    bool closed_ = false; // nothing more will be sealed
    bool hurried_ = false;
    std::optional<time_point> full_since_; // the disk is full
    std::uint64_t sealed_bytes_ = 0;       // as the disk's thread told last
    std::optional<failure> failed_;
    checkpoint_figures figures_;
    asio::thread_pool disk_thread_{1};
    asio::thread_pool compaction_thread_{1};
};

} // namespace proctor
