// A frame that is being written looks like a torn tail until it is whole, so whatever is not a
// frame is looked at again later, unless the log itself proves that it is damage.
#include "dump/follow.hpp"

#include <fmt/format.h>

#include <csignal>
#include <poll.h>

namespace proctor::dump {
namespace {

constexpr int pause = 200; // milliseconds between looks

volatile std::sig_atomic_t stopped = 0;

void stop(int) {
    stopped = 1;
}

void listen_for_signals() {
    struct sigaction action{};
    action.sa_handler = stop; // without SA_RESTART: it ends the pause too
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

class follower {
public:
    follower(file_system& disk, const std::string& directory, const options& asked, printer& shown)
        : disk_(disk), directory_(directory), asked_(asked), printer_(shown) {}

    result<> run() {
        if (auto done = begin(); !done) return done;
        while (!stopped && !closed_ && !printer_.done()) {
            const auto moved = step();
            if (!moved) return moved.error();
            if (*moved) continue;
            printer_.out().finish();
            ::poll(nullptr, 0, pause);
        }
        return {};
    }

private:
    result<> begin() {
        const auto files = list();
        if (!files) return files.error();
        if (files->segments.empty() && files->snapshots.empty())
            return failure{failure_code::not_found, directory_, "there is no log to follow"};
        next_lsn_ = asked_.from_lsn           ? std::max<lsn>(*asked_.from_lsn, 1)
                    : files->segments.empty() ? files->covered + 1
                                              : files->segments.back().first_lsn;
        return {};
    }

    result<run_files> list() {
        std::vector<lsn_range> gaps;
        return list_damaged_run(disk_, directory_, gaps);
    }

    // Shows the next frame, or goes on to the next file. False: there is nothing more by now.
    result<bool> step() {
        if (!segment_) return next_file();
        if (auto done = segment_->refresh(); !done) return done.error();
        const auto frame = segment_->read(offset_);
        if (!frame && frame.error().code != failure_code::damaged) return frame.error();
        if (frame && *frame) {
            take(**frame);
            return true;
        }
        const auto moved = next_file();
        if (!moved || *moved || frame) return moved;
        return step_over(frame.error());
    }

    void take(const segment_reader::frame& frame) {
        const auto& header = frame.header;
        offset_ = frame.offset + header.span();
        const bool seen = header.record_count > 0 && header.next_lsn() == next_lsn_;
        if (header.next_lsn() < next_lsn_ || seen) return;
        if (header.first_lsn > next_lsn_)
            complain(fmt::format("records {} to {} are missing", next_lsn_, header.first_lsn - 1));
        if (asked_.show == view::frames) {
            printer_.frame(*segment_, frame);
        } else {
            const auto visited = visit_records(
                frame, 0, segment_->path(),
                [&](const record_view& record, record_place place, lsn number) -> result<> {
                    if (number >= next_lsn_)
                        printer_.record(segment_->path(), record, place, number);
                    return {};
                });
            if (!visited) complain(visited.error().detail);
        }
        next_lsn_ = header.next_lsn();
        closed_ = header.type == frame_type::closing;
    }

    // The segment that holds what comes next, or snapshots where it has been compacted meanwhile.
    // What is followed stays open: its end can be read even when the name is gone.
    result<bool> next_file() {
        const auto files = list();
        if (!files) return files.error();
        const segment_key* next = nullptr;
        for (const auto& key : files->segments)
            if (key.first_lsn <= next_lsn_ && (!segment_ || key_ < key)) next = &key;
        if (next) {
            auto opened = segment_reader::open(disk_, directory_, *next);
            // It went while we looked: its snapshot is there.
            if (!opened && opened.error().code == failure_code::not_found) return true;
            if (!opened) return opened.error();
            segment_.emplace(std::move(*opened));
            key_ = *next;
            offset_ = page_size;
            return true;
        }
        if (next_lsn_ > files->covered) return false;
        for (const auto& key : files->snapshots)
            if (key.last_lsn >= next_lsn_)
                if (auto done = show(key); !done) return done.error();
        next_lsn_ = files->covered + 1;
        segment_.reset();
        return true;
    }

    result<> show(snapshot_key key) {
        const auto path = join_path(directory_, snapshot_name(key));
        inspection_observer observer;
        observer.enough = [this] { return stopped || printer_.done(); };
        observer.complain = [](const complaint& one) {
            fmt::print(stderr, "proctor-dump: {}\n", one.message());
        };
        if (asked_.show == view::frames)
            observer.block = [this](const std::string& file, const block_place& place) {
                printer_.block(file, place);
            };
        else
            observer.entry = [this](const std::string& file, std::uint64_t block,
                                    const snapshot_entry& entry) {
                if (entry.number >= next_lsn_) printer_.entry(file, block, entry);
            };
        const auto looked = inspect_snapshot(disk_, path, observer);
        return looked ? result<>() : looked.error();
    }

    // Bytes that are no frame: one that is being written, or damage.
    result<bool> step_over(const failure& why) {
        const auto found = judge_gap(*segment_, offset_, next_lsn_, no_limit);
        if (!found) return found.error();
        if (found->what == gap::kind::torn) return false;
        if (found->what == gap::kind::written_meanwhile) return true;
        if (found->what == gap::kind::damage) complain(why.detail);
        const auto next = segment_->find_header(offset_ + page_size);
        if (!next) return next.error();
        if (!*next) return false;
        offset_ = (*next)->offset;
        return true;
    }

    void complain(const std::string& what) const {
        fmt::print(stderr, "proctor-dump: {}, offset {}: {}\n", segment_->path(), offset_, what);
    }

    file_system& disk_;
    const std::string& directory_;
    const options& asked_;
    printer& printer_;
    std::optional<segment_reader> segment_;
    segment_key key_; // of segment_
    std::uint64_t offset_ = 0;
    lsn next_lsn_ = 1;
    bool closed_ = false;
};

} // namespace

result<> follow(file_system& disk, const std::string& directory, const options& asked,
                printer& shown) {
    listen_for_signals();
    return follower(disk, directory, asked, shown).run();
}

} // namespace proctor::dump
