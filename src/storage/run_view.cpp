// A k-way merge over snapshots and the log's tail. Snapshots are opened when their first question
// comes near: a run that put its questions in order has one or two open at a time.
#include "proctor/storage/run_view.hpp"

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

// The first one of that task or a later one.
auto place_in(const std::vector<record_position>& tail, question_id id) {
    return std::lower_bound(
        tail.begin(), tail.end(), id,
        [](const record_position& at, question_id wanted) { return at.question < wanted; });
}

} // namespace

// --- the view -----------------------------------------------------------------------------------

result<run_view> run_view::open(file_system& disk, const std::string& directory) {
    auto identity = read_identity(disk, directory);
    if (!identity) return identity.error();
    run_view view(disk, directory, std::move(*identity));
    // A live run may put a snapshot in a segment's place between our listing and our opening.
    constexpr int patience = 16;
    for (int attempt = 1;; ++attempt) {
        const auto looked = view.look();
        if (looked) return view;
        if (looked.error().code != failure_code::not_found || attempt == patience)
            return looked.error();
    }
}

result<> run_view::each_record(const std::function<result<>(const record_view&)>& see) const {
    auto all = records();
    for (;;) {
        const auto entry = all.next();
        if (!entry) return entry.error();
        if (!*entry) return {};
        if (auto done = see((*entry)->record); !done) return done;
    }
}

result<> run_view::look() {
    tail_.clear();
    tail_files_.clear();
    auto found = replay(*disk_, directory_, identity_.id,
                        [this](const record_view& record, record_place place, lsn number) {
                            tail_.push_back({record.question, number, place, record.kind});
                            return result<>();
                        });
    if (!found) return found.error();
    found_ = std::move(*found);
    for (const auto& key : found_.files.segments) {
        auto opened = disk_->open(join_path(directory_, segment_name(key)));
        if (!opened) return opened.error();
        tail_files_.push_back(std::move(*opened));
    }
    keep_what_counts(tail_);
    by_question_ = found_.snapshots;
    std::sort(by_question_.begin(), by_question_.end(),
              [](const snapshot_summary& a, const snapshot_summary& b) {
                  return std::tie(a.first_question, a.key) < std::tie(b.first_question, b.key);
              });
    return {};
}

result<run_view> run_view::open_as_of(file_system& disk, const std::string& directory,
                                      snapshot_key last) {
    auto identity = read_identity(disk, directory);
    if (!identity) return identity.error();
    run_view view(disk, directory, std::move(*identity));
    auto files = list_run(disk, directory);
    if (!files) return files.error();
    const auto counting = std::find(files->snapshots.begin(), files->snapshots.end(), last);
    if (counting == files->snapshots.end())
        return failure{failure_code::not_found, join_path(directory, snapshot_name(last)),
                       "the run has no such snapshot, or another has taken its place"};
    for (auto key = files->snapshots.begin(); key != std::next(counting); ++key) {
        auto reader = snapshot_reader::open(disk, directory, *key);
        if (!reader) return reader.error();
        if (reader->header().run != view.identity_.id)
            return failure{failure_code::damaged, reader->path(), "this snapshot is another run's"};
        const auto& footer = reader->footer();
        view.found_.files.snapshots.push_back(*key);
        view.found_.snapshots.push_back(summary_of(*reader));
        view.found_.next_lsn = key->last_lsn + 1;
        view.found_.last_written = reader->header().created;
        if (!view.found_.counted.merge(footer.counted))
            return failure{failure_code::unsupported, reader->path(),
                           "a question has results in two snapshots"};
    }
    view.by_question_ = view.found_.snapshots;
    std::sort(view.by_question_.begin(), view.by_question_.end(),
              [](const snapshot_summary& a, const snapshot_summary& b) {
                  return std::tie(a.first_question, a.key) < std::tie(b.first_question, b.key);
              });
    return view;
}

result<record_view> run_view::read_tail(const record_position& position,
                                        std::string& buffer) const {
    const auto segment = position.place.segment;
    return read_record(*tail_files_.at(segment),
                       join_path(directory_, segment_name(found_.files.segments.at(segment))),
                       position.place, buffer);
}

result<std::optional<std::string>> run_view::find(question_id id) const {
    std::optional<std::string> best;
    record_kind best_kind = record_kind::failed;
    const auto consider = [&](const record_view& record) {
        if (best && !supersedes(record.kind, best_kind)) return;
        best = std::string(record.body);
        best_kind = record.kind;
    };
    for (const auto& snapshot : found_.snapshots) {
        if (id < snapshot.first_question || id > snapshot.last_question) continue;
        auto reader = snapshot_reader::open(*disk_, directory_, snapshot.key);
        if (!reader) return reader.error();
        const auto entry = reader->find(id);
        if (!entry) return entry.error();
        if (*entry) consider((*entry)->record);
    }
    const auto in_tail = place_in(tail_, id);
    if (in_tail != tail_.end() && in_tail->question == id) {
        std::string buffer;
        const auto record = read_tail(*in_tail, buffer);
        if (!record) return record.error();
        consider(*record);
    }
    return best;
}

// --- the cursor ---------------------------------------------------------------------------------

// One snapshot, or the tail.
class run_cursor::source {
public:
    source(snapshot_reader reader, question_id first)
        : snapshot_(std::in_place, std::move(reader), first) {}
    source(const run_view& view, question_id first)
        : view_(&view),
          at_(static_cast<std::size_t>(place_in(view.tail_, first) - view.tail_.begin())) {}

    result<std::optional<snapshot_entry>> next() {
        if (snapshot_) return snapshot_->next();
        if (at_ == view_->tail_.size()) return std::optional<snapshot_entry>();
        const auto& position = view_->tail_[at_++];
        const auto record = view_->read_tail(position, buffer_);
        if (!record) return record.error();
        return std::optional(snapshot_entry{position.number, *record});
    }

    snapshot_entry head;

private:
    std::optional<snapshot_cursor> snapshot_;
    const run_view* view_ = nullptr;
    std::size_t at_ = 0;
    std::string buffer_;
};

run_cursor::run_cursor(const run_view& view, question_id first) : view_(&view), first_(first) {}
run_cursor::run_cursor(run_cursor&&) noexcept = default;
run_cursor& run_cursor::operator=(run_cursor&&) noexcept = default;
run_cursor::~run_cursor() = default;

result<> run_cursor::advance(std::size_t index) {
    auto& from = *sources_[index];
    do {
        const auto entry = from.next();
        if (!entry) return entry.error();
        if (!*entry) {
            sources_[index].reset();
            return {};
        }
        from.head = **entry;
    } while (from.head.record.question < first_);
    heads_.emplace(from.head.record.question, from.head.number, index);
    return {};
}

// Those whose first question is the next one, or before it. Each is looked at anew: one that wakes
// may have an earlier question than all that are awake.
result<> run_cursor::wake_sources() {
    const auto wake = [this](std::unique_ptr<source> woken) {
        sources_.push_back(std::move(woken));
        return advance(sources_.size() - 1);
    };
    if (std::exchange(tail_asleep_, false))
        if (auto done = wake(std::make_unique<source>(*view_, first_)); !done) return done;
    const auto& snapshots = view_->by_question_;
    while (asleep_ < snapshots.size() &&
           (heads_.empty() || snapshots[asleep_].first_question <= std::get<0>(heads_.top()))) {
        const auto& next = snapshots[asleep_++];
        if (next.last_question < first_) continue;
        auto reader = snapshot_reader::open(*view_->disk_, view_->directory_, next.key);
        if (!reader) return reader.error();
        if (auto done = wake(std::make_unique<source>(std::move(*reader), first_)); !done)
            return done;
    }
    return {};
}

result<std::optional<snapshot_entry>> run_cursor::next() {
    for (const auto index : std::exchange(used_up_, {}))
        if (auto done = advance(index); !done) return done.error();
    if (auto done = wake_sources(); !done) return done.error();
    if (heads_.empty()) return std::optional<snapshot_entry>();

    const auto [question, number, first] = heads_.top();
    heads_.pop();
    used_up_.push_back(first);
    auto best = sources_[first]->head;
    // Session records all count; of a question's, they come in order of LSN.
    while (question != 0 && !heads_.empty() && std::get<0>(heads_.top()) == question) {
        const auto index = std::get<2>(heads_.top());
        heads_.pop();
        used_up_.push_back(index);
        const auto& head = sources_[index]->head;
        if (supersedes(head.record.kind, best.record.kind)) best = head;
    }
    return std::optional(best);
}

} // namespace proctor
