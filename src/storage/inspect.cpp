// Looking at files without believing them. Judgements come from replay; only the going on is ours.
#include "proctor/storage/inspect.hpp"

#include "proctor/codec/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

bool is_about_the_file(const failure& why) {
    return why.code == failure_code::damaged || why.code == failure_code::unsupported;
}

// Failures carry their offset in the text that people see.
std::uint64_t offset_in(std::string_view where) {
    constexpr std::string_view before = ", offset ";
    const auto at = where.rfind(before);
    std::uint64_t offset = 0;
    if (at != where.npos)
        std::from_chars(where.data() + at + before.size(), where.data() + where.size(), offset);
    return offset;
}

void add(kind_counts& counts, const record_view& record) {
    auto& kind = counts.at(static_cast<std::size_t>(record.kind));
    ++kind.records;
    kind.body_bytes += record.body.size();
}

class segment_inspector {
public:
    segment_inspector(segment_reader& segment, const inspection_observer& observer,
                      segment_summary& summary, lsn limit, std::uint32_t index, lsn from)
        : segment_(segment), observer_(observer), summary_(summary), limit_(limit), index_(index),
          from_(from) {}

    result<> inspect() {
        auto& expected = summary_.next_lsn;
        expected = std::max(segment_.header().first_lsn, from_);
        const auto begin = skip_covered(segment_, expected);
        if (!begin) return begin.error();
        auto offset = *begin;
        while (expected < limit_) {
            if (observer_.enough && observer_.enough()) return {};
            const auto frame = segment_.read(offset);
            if (!frame && frame.error().code != failure_code::damaged) return frame.error();
            if (frame && !*frame) break;
            if (frame && (*frame)->header.first_lsn == expected &&
                (*frame)->header.next_lsn() <= limit_) {
                take(**frame);
                offset += (*frame)->header.span();
                continue;
            }
            const auto reason =
                frame ? fmt::format("a frame of LSN {} stands where LSN {} is expected",
                                    (*frame)->header.first_lsn, expected)
                      : frame.error().detail;
            const auto next = step_over(offset, reason);
            if (!next) return next.error();
            if (!*next) return {};
            offset = **next;
        }
        const auto behind = segment_.size() - std::min(offset, segment_.size());
        if (expected >= limit_)
            summary_.passed_over_bytes = behind;
        else if (limit_ == no_limit)
            summary_.room_bytes = behind;
        else
            complain(condition::damaged, offset, expected, limit_ - 1,
                     "the log ends before its successor begins");
        return {};
    }

private:
    void take(const segment_reader::frame& frame) {
        ++summary_.frames;
        summary_.frame_bytes += frame.header.span();
        summary_.padding_bytes +=
            frame.header.span() - frame_header_size - frame.header.stored_size;
        summary_.next_lsn = frame.header.next_lsn();
        summary_.closed = frame.header.type == frame_type::closing;
        if (observer_.frame) observer_.frame(segment_, frame);
        auto unread = frame.header.first_lsn;
        const auto visited = visit_records(
            frame, index_, segment_.path(),
            [&](const record_view& record, record_place place, lsn number) -> result<> {
                ++summary_.records;
                unread = number + 1;
                add(summary_.by_kind, record);
                if (const auto body = read_outcome(record); !body)
                    complain(condition::damaged, place.offset, number, number, body.error().detail);
                if (observer_.record) observer_.record(segment_, record, place, number);
                return {};
            });
        if (!visited)
            complain(condition::damaged, frame.offset, unread, frame.header.next_lsn() - 1,
                     visited.error().detail);
    }

    // Where to go on behind a bad place; nothing if there is nothing more.
    result<std::optional<std::uint64_t>> step_over(std::uint64_t offset,
                                                   const std::string& reason) {
        const auto expected = summary_.next_lsn;
        const auto found = judge_gap(segment_, offset, expected, limit_);
        if (!found) return found.error();
        switch (found->what) {
        case gap::kind::lost_note:
            complain(condition::clean, offset, 0, 0, "a frame without records was lost");
            return std::optional(found->go_on);
        case gap::kind::written_meanwhile: return std::optional(found->go_on);
        case gap::kind::torn:
            summary_.torn_bytes = segment_.size() - offset;
            complain(condition::torn, offset, 0, 0,
                     fmt::format("torn tail of {} bytes: {}", summary_.torn_bytes, reason));
            return std::optional<std::uint64_t>();
        case gap::kind::damage: break;
        }
        const auto next = next_frame(offset);
        if (!next) return next.error();
        const auto behind = *next ? (*next)->header.first_lsn : found->next_lsn;
        complain(condition::damaged, offset, expected, std::max(behind, expected + 1) - 1, reason);
        if (!*next) return std::optional<std::uint64_t>();
        summary_.next_lsn = behind;
        return std::optional((*next)->offset);
    }

    // The first intact frame at or behind `offset` with records that were not seen yet.
    result<std::optional<segment_reader::frame>> next_frame(std::uint64_t offset) {
        for (;; offset += page_size) {
            auto found = segment_.find_header(offset);
            if (!found || !*found) return found;
            offset = (*found)->offset;
            const auto& header = (*found)->header;
            if (header.first_lsn < summary_.next_lsn || header.next_lsn() > limit_) continue;
            auto whole = segment_.read(offset);
            if (whole || whole.error().code != failure_code::damaged) return whole;
        }
    }

    void complain(condition severity, std::uint64_t offset, lsn first, lsn last, std::string what) {
        summary_.verdict = std::max(summary_.verdict, severity);
        if (observer_.complain)
            observer_.complain({severity, segment_.path(), offset, first, last, std::move(what)});
    }

    segment_reader& segment_;
    const inspection_observer& observer_;
    segment_summary& summary_;
    lsn limit_;
    std::uint32_t index_;
    lsn from_;
};

class snapshot_inspector {
public:
    snapshot_inspector(file_system& disk, const std::string& path,
                       const inspection_observer& observer, depth how, const run_id& run = {})
        : disk_(disk), observer_(observer), depth_(how), run_(run) {
        findings_.path = path;
        named_ = parse_snapshot_name(path.substr(path.find_last_of('/') + 1));
        if (named_) findings_.key = *named_;
    }

    result<> inspect() {
        auto reader = snapshot_reader::open(disk_, findings_.path);
        if (reader) return with_index(*reader);
        if (!is_about_the_file(reader.error())) return reader.error();
        return without_index(reader.error());
    }

    snapshot_findings& findings() { return findings_; }
    // The questions of the records that can be read.
    const question_set& known() const { return known_; }

private:
    result<> with_index(snapshot_reader& reader) {
        const auto& footer = reader.footer();
        take_header(reader.header(), reader.size());
        findings_.indexed = true;
        findings_.blocks = footer.blocks.size();
        findings_.records = footer.records;
        findings_.raw_bytes = footer.raw_bytes;
        findings_.first_question = footer.first_question;
        findings_.last_question = footer.last_question;
        const auto& counted = footer.counted.state();
        findings_.completed = counted.completed.size();
        findings_.answered = counted.answered.size();
        findings_.failed = counted.failed.size();
        for (const auto& block : footer.blocks) findings_.stored_bytes += block.span;
        known_ |= counted.completed;
        known_ |= counted.answered;
        known_ |= counted.failed;
        if (depth_ == depth::footers) return {};
        for (std::size_t i = 0; i < footer.blocks.size(); ++i) {
            if (observer_.enough && observer_.enough()) return {};
            if (auto done = look_into(reader, i); !done) return done;
        }
        return {};
    }

    result<> look_into(snapshot_reader& reader, std::size_t index) {
        const auto& place = reader.footer().blocks[index];
        if (observer_.block) observer_.block(findings_.path, place);
        const auto whole = verify_block(
            reader, index, [&](const snapshot_entry& entry) { take(entry, place.offset); });
        if (whole) return {};
        if (!is_about_the_file(whole.error())) return whole.error();
        complaint lost = about_file(place.offset, whole.error().detail);
        lost.records = place.records;
        known_.each_member([&](question_id id) {
            if (id >= place.first_question && id <= place.last_question) lost.questions.insert(id);
        });
        known_ -= lost.questions;
        complain(std::move(lost));
        return {};
    }

    // What the index tells is lost; blocks prove themselves all the same.
    result<> without_index(const failure& why) {
        auto lost = about_file(offset_in(why.where), why.detail);
        auto scanner = block_scanner::open(disk_, findings_.path);
        const bool has_header = scanner.has_value();
        if (!has_header && named_ && scanner.error().code == failure_code::damaged)
            scanner = block_scanner::open_without_header(disk_, findings_.path, *named_, run_);
        if (!scanner && !is_about_the_file(scanner.error())) return scanner.error();
        if (!scanner) {
            lost.what += "; nothing in it can be read";
            if (lost.first_lsn != 0) lost.records = lost.last_lsn - lost.first_lsn + 1;
            complain(std::move(lost));
            return {};
        }
        if (has_header) take_header(scanner->header(), scanner->file_size());
        findings_.file_bytes = scanner->file_size();
        std::uint64_t behind = snapshot_header_size;
        bool gapless = true;
        while (!observer_.enough || !observer_.enough()) {
            const auto found = scanner->next();
            if (!found) return found.error();
            if (!*found) break;
            gapless &= (*found)->offset == behind;
            behind = (*found)->offset + (*found)->header.span();
            take(**found);
        }
        const auto complete = footer_follows(behind, scanner->header().salt);
        if (!complete) return complete.error();
        lost = about_file(lost.offset, lost.what + "; its blocks are read without it");
        const auto range = lost.last_lsn - lost.first_lsn + 1;
        lost.records = range - std::min(range, findings_.records);
        if (gapless && *complete) {
            lost.what += ", and none is missing";
            lost.records = 0;
        }
        complain(std::move(lost));
        return {};
    }

    // Whether header or trailer of the footer prove that it begins at `offset`.
    result<bool> footer_follows(std::uint64_t offset, std::uint64_t salt) {
        const auto opened = disk_.open(findings_.path);
        if (!opened) return opened.error();
        std::string front(block_header_size, '\0'), end(snapshot_trailer_size, '\0');
        if (const auto got = (*opened)->read_at(offset, front); !got) return got.error();
        const auto header = decode_block_header(front, salt);
        if (header && header->kind == block_kind::footer) return true;
        if (findings_.file_bytes < snapshot_trailer_size) return false;
        const auto got = (*opened)->read_at(findings_.file_bytes - snapshot_trailer_size, end);
        if (!got) return got.error();
        const auto trailer = decode_snapshot_trailer(end, salt);
        return trailer && trailer->footer_offset == offset;
    }

    void take(const block_scanner::block& block) {
        block_place place;
        place.offset = block.offset;
        place.span = static_cast<std::uint32_t>(block.header.span());
        place.records = block.header.records;
        place.first_question = place.last_question = block.header.first_question;
        auto left = block.entries;
        std::vector<snapshot_entry> entries;
        while (!left.empty()) {
            const auto entry = take_entry(left);
            if (!entry) break;
            entries.push_back(*entry);
            place.last_question = entry->record.question;
        }
        ++findings_.blocks;
        findings_.records += entries.size();
        findings_.raw_bytes += block.header.raw_size;
        findings_.stored_bytes += block.header.span();
        if (observer_.block) observer_.block(findings_.path, place);
        for (const auto& entry : entries) {
            const auto id = entry.record.question;
            if (id != 0) known_.insert(id);
            if (id != 0 && findings_.first_question == 0) findings_.first_question = id;
            findings_.last_question = std::max(findings_.last_question, id);
            take(entry, block.offset);
        }
    }

    void take(const snapshot_entry& entry, std::uint64_t offset) {
        add(findings_.by_kind, entry.record);
        if (const auto body = read_outcome(entry.record); !body) {
            complaint lost = about_file(offset, body.error().detail);
            lost.first_lsn = lost.last_lsn = entry.number;
            lost.records = 1;
            lost.questions.insert(entry.record.question);
            complain(std::move(lost));
        }
        if (observer_.entry) observer_.entry(findings_.path, offset, entry);
    }

    void take_header(const snapshot_header& header, std::uint64_t bytes) {
        findings_.header = header;
        findings_.file_bytes = bytes;
        const snapshot_key key{header.first_lsn, header.last_lsn, header.epoch};
        if (!named_) findings_.key = key;
        if (named_ && *named_ != key)
            complain(about_file(0, "the snapshot's header does not fit its name"));
    }

    complaint about_file(std::uint64_t offset, std::string what) const {
        complaint one;
        one.severity = condition::damaged;
        one.path = findings_.path;
        one.offset = offset;
        if (named_ || findings_.header) {
            one.first_lsn = findings_.key.first_lsn;
            one.last_lsn = findings_.key.last_lsn;
        }
        one.what = std::move(what);
        return one;
    }

    void complain(complaint one) {
        findings_.verdict = condition::damaged;
        if (observer_.complain) observer_.complain(one);
    }

    file_system& disk_;
    const inspection_observer& observer_;
    depth depth_;
    const run_id run_; // whose file it is to be; zeros: not known
    std::optional<snapshot_key> named_;
    snapshot_findings findings_;
    question_set known_;
};

std::uint64_t number_at(const boost::json::value* value, std::string_view key) {
    const auto* object = value ? value->if_object() : nullptr;
    const auto* member = object ? object->if_contains({key.data(), key.size()}) : nullptr;
    return member && (member->is_int64() || member->is_uint64())
               ? member->to_number<std::uint64_t>()
               : 0;
}

// How many questions a run puts, as far as its run.json says so.
std::uint64_t questions_of(const run_identity& identity) {
    const auto limit = number_at(identity.settings.if_contains("selection"), "limit");
    return limit != 0 ? limit : number_at(identity.settings.if_contains("questions"), "count");
}

// How often it puts each.
std::uint64_t repeats_of(const run_identity& identity) {
    const boost::json::value settings(identity.settings);
    return std::clamp<std::uint64_t>(number_at(&settings, "repeats"), 1, most_repeats);
}

class run_inspector {
public:
    run_inspector(file_system& disk, const std::string& directory,
                  const inspection_observer& observer, depth how)
        : disk_(disk), directory_(directory), observer_(observer), depth_(how) {
        shown_ = observer;
        shown_.complain = [this](const complaint& one) { note(one); };
        shown_.record = [this](const segment_reader& segment, const record_view& record,
                               record_place place, lsn number) {
            if (record.question != 0) known_.insert(record.question);
            if (observer_.record) observer_.record(segment, record, place, number);
        };
    }

    result<run_summary> inspect() {
        const auto names = disk_.list(directory_);
        if (!names) return names.error();
        if (auto done = read_small_files(*names); !done) return done.error();
        // A live run may put a snapshot in a segment's place between our listing and our opening.
        constexpr int patience = 16;
        auto looked = look();
        for (int i = 1; i < patience && !looked; ++i) {
            if (looked.error().code != failure_code::not_found) break;
            looked = look();
        }
        if (!looked) return looked.error();
        // run.json is named last, so its absence is the mark of a crash; but not once there are
        // records.
        if (unmade_)
            complain(next_lsn_ == 1 ? condition::clean : condition::damaged,
                     join_path(directory_, identity_file), 0, 0,
                     next_lsn_ == 1 ? "there is none: this run was never quite made"
                                    : "there is none, though the run has records");
        if (auto done = agree_with_replay(); !done) return done.error();
        sum_up_risk();
        return std::move(summary_);
    }

private:
    bool enough() const { return observer_.enough && observer_.enough(); }

    result<> look() {
        std::vector<lsn_range> gaps;
        const auto files = list_damaged_run(disk_, directory_, gaps);
        if (!files && files.error().code != failure_code::damaged) return files.error();
        if (!files) {
            complain(condition::damaged, directory_, 0, 0, files.error().detail);
            return {};
        }
        summary_.unknown_files = files->unknown;
        for (const auto& key : files->snapshots) {
            if (key.first_lsn < next_lsn_) continue; // seen already, as a segment
            if (key.first_lsn > next_lsn_)
                complain_of_gap(directory_, key.first_lsn, "a snapshot is missing");
            if (auto done = inspect_one(key); !done) return done;
        }
        next_lsn_ = std::max(next_lsn_, files->covered + 1);
        if (files->segments.empty() && !unmade_)
            complain(condition::damaged, directory_, 0, 0, "there is no log segment");
        for (std::size_t i = 0; i < files->segments.size(); ++i) {
            const auto limit = files->limit_of(i);
            if (limit <= next_lsn_) continue;
            if (auto done = inspect_one(files->segments[i], limit); !done) return done;
        }
        return {};
    }

    result<> read_small_files(const std::vector<std::string>& names) {
        for (const auto& name : names) {
            if (name != lock_file) continue;
            auto text = read_all(disk_, join_path(directory_, lock_file));
            if (!text) return text.error();
            summary_.lock_text = text->substr(0, text->find_last_not_of(' ') + 1);
        }
        auto identity = read_identity(disk_, directory_);
        if (identity) {
            summary_.identity = std::move(*identity);
            return {};
        }
        const auto& why = identity.error();
        if (why.code == failure_code::not_found)
            unmade_ = true;
        else if (is_about_the_file(why))
            complain(condition::damaged, join_path(directory_, identity_file), 0, 0, why.detail);
        else
            return why;
        return {};
    }

    result<> inspect_one(snapshot_key key) {
        const auto path = join_path(directory_, snapshot_name(key));
        snapshot_inspector inspector(disk_, path, shown_, depth_, run_of());
        if (auto done = inspector.inspect(); !done) return done;
        auto& found = inspector.findings();
        if (is_foreign(found.header)) {
            complain(condition::damaged, path, key.first_lsn, key.last_lsn,
                     "this snapshot is another run's");
            found.verdict = condition::damaged;
        } else {
            known_ |= inspector.known();
        }
        next_lsn_ = key.last_lsn + 1;
        summary_.snapshots.push_back(std::move(found));
        return {};
    }

    result<> inspect_one(segment_key key, lsn limit) {
        const auto path = join_path(directory_, segment_name(key));
        const auto index = static_cast<std::uint32_t>(summary_.segments.size());
        if (key.first_lsn > next_lsn_)
            complain_of_gap(path, key.first_lsn, "the log has a gap before this segment");
        auto inspected = inspect_segment(disk_, path, shown_, limit, index, next_lsn_, run_of());
        if (!inspected) return inspected.error();
        auto& verdict = inspected->verdict;
        summary_.verdict = std::max(summary_.verdict, verdict);
        if (const auto& header = inspected->header) {
            const auto complain_of_header = [&](const char* what) {
                complain(condition::damaged, path, 0, 0, what);
                verdict = condition::damaged;
            };
            if (segment_key{header->first_lsn, header->epoch} != key)
                complain_of_header("the segment's header does not fit its name");
            if (is_foreign(header)) complain_of_header("this segment is another run's");
        }
        // The gap behind a segment was complained of with it.
        next_lsn_ = limit != no_limit ? limit : std::max(next_lsn_, inspected->next_lsn);
        summary_.segments.push_back(std::move(*inspected));
        return {};
    }

    void complain_of_gap(const std::string& path, lsn behind, const char* what) {
        complain(condition::damaged, path, next_lsn_, behind - 1, what);
        next_lsn_ = behind;
    }

    run_id run_of() const { return summary_.identity ? summary_.identity->id : run_id{}; }

    template <class Header>
    bool is_foreign(const std::optional<Header>& header) const {
        return header && summary_.identity && header->run != summary_.identity->id;
    }

    // Whatever we have passed over: what recovery refuses is damaged.
    result<> agree_with_replay() {
        if (!summary_.identity || summary_.verdict == condition::damaged || enough()) return {};
        const auto judged = replay(disk_, directory_, summary_.identity->id, {});
        if (judged) return {};
        const auto& why = judged.error();
        if (why.code == failure_code::not_found) return {}; // a live run has gone on meanwhile
        if (!is_about_the_file(why)) return why;
        note({condition::damaged, why.where.substr(0, why.where.rfind(", offset ")),
              offset_in(why.where), 0, 0, why.detail});
        return {};
    }

    void sum_up_risk() {
        auto& at_risk = summary_.at_risk;
        const auto repeats = summary_.identity ? repeats_of(*summary_.identity) : 1;
        if (!summary_.at_risk_exactly) {
            question_id last = summary_.identity ? questions_of(*summary_.identity) * repeats : 0;
            known_.each_run([&](question_id first, std::uint64_t count) {
                last = std::max(last, first + count - 1);
            });
            at_risk.insert_run(1, last);
        }
        at_risk -= known_;
        if (repeats == 1) return;
        question_set questions; // any of whose repeats is
        at_risk.each_member(
            [&](question_id task) { questions.insert(question_of(task, repeats)); });
        at_risk = std::move(questions);
    }

    void complain(condition severity, const std::string& path, lsn first, lsn last,
                  std::string what) {
        note({severity, path, 0, first, last, std::move(what)});
    }

    void note(const complaint& one) {
        summary_.verdict = std::max(summary_.verdict, one.severity);
        if (observer_.complain) observer_.complain(one);
        if (one.severity != condition::damaged || one.path.ends_with(identity_file)) return;
        summary_.at_risk |= one.questions;
        if (one.first_lsn != 0)
            summary_.lost_records += one.records.value_or(one.last_lsn - one.first_lsn + 1);
        summary_.at_risk_exactly &= one.questions.size() > 0 || one.records == 0u;
    }

    file_system& disk_;
    const std::string& directory_;
    const inspection_observer& observer_;
    depth depth_;
    inspection_observer shown_;
    run_summary summary_;
    question_set known_; // that a record can be read of
    lsn next_lsn_ = 1;
    bool unmade_ = false; // without run.json
};

} // namespace

std::string_view to_string(condition verdict) {
    switch (verdict) {
    case condition::clean: return "clean";
    case condition::torn: return "torn tail";
    case condition::damaged: return "damaged";
    }
    return "unknown";
}

std::string compact_ranges(const question_set& questions, std::size_t most) {
    std::string text;
    std::size_t ranges = 0;
    questions.each_run([&](question_id first, std::uint64_t count) {
        if (ranges++ >= most) return;
        fmt::format_to(std::back_inserter(text), "{}{}", text.empty() ? "" : ", ", first);
        if (count > 1) fmt::format_to(std::back_inserter(text), "-{}", first + count - 1);
    });
    if (ranges > most)
        fmt::format_to(std::back_inserter(text), ", … ({} questions in all)", questions.size());
    return text;
}

std::string complaint::message() const {
    auto text = fmt::format("{}, offset {}: {}", path, offset, what);
    if (first_lsn == 0 || records == 0u) return text;
    if (questions.size() > 0)
        text += fmt::format("; {} of records {} to {} cannot be read, of questions {}",
                            records.value_or(0), first_lsn, last_lsn, compact_ranges(questions));
    else if (records)
        text += fmt::format("; up to {} of records {} to {} cannot be read", *records, first_lsn,
                            last_lsn);
    else
        text += fmt::format("; records {} to {} cannot be read", first_lsn, last_lsn);
    return text;
}

result<segment_summary> inspect_segment(file_system& disk, const std::string& path,
                                        const inspection_observer& observer, lsn limit,
                                        std::uint32_t index, lsn from, const run_id& run) {
    segment_summary summary;
    summary.path = path;
    const auto named = parse_segment_name(path.substr(path.find_last_of('/') + 1));
    if (named) summary.key = *named;
    auto segment = segment_reader::open(disk, path);
    if (segment) {
        const auto& header = segment->header();
        summary.header = header;
        if (!named) summary.key = {header.first_lsn, header.epoch};
        summary.file_bytes = segment->size();
        auto done = segment_inspector(*segment, observer, summary, limit, index, from).inspect();
        if (!done) return done.error();
        return summary;
    }
    const auto why = segment.error();
    if (!is_about_the_file(why)) return why;
    complaint lost{condition::damaged, path, 0, 0, 0, why.detail};
    if (named && why.code == failure_code::damaged)
        segment = segment_reader::open_without_header(disk, path, *named, run);
    if (segment) {
        lost.what += "; its frames are read without it";
        lost.records = 0;
        if (observer.complain) observer.complain(lost);
        summary.file_bytes = segment->size();
        auto done = segment_inspector(*segment, observer, summary, limit, index, from).inspect();
        if (!done) return done.error();
        summary.verdict = condition::damaged;
        return summary;
    }
    if (!is_about_the_file(segment.error())) return segment.error();
    summary.verdict = condition::damaged;
    lost.what += "; nothing in it can be read";
    if (from != 0 && limit != no_limit) {
        lost.first_lsn = from;
        lost.last_lsn = limit - 1;
    }
    if (observer.complain) observer.complain(lost);
    return summary;
}

result<snapshot_findings> inspect_snapshot(file_system& disk, const std::string& path,
                                           const inspection_observer& observer, depth how) {
    snapshot_inspector inspector(disk, path, observer, how);
    if (auto done = inspector.inspect(); !done) return done.error();
    return std::move(inspector.findings());
}

result<run_summary> inspect_run(file_system& disk, const std::string& directory,
                                const inspection_observer& observer, depth how) {
    return run_inspector(disk, directory, observer, how).inspect();
}

std::string describe_risk(file_system& disk, const std::string& directory) {
    constexpr unsigned most_complaints = 8;
    std::string text;
    unsigned complaints = 0;
    inspection_observer observer;
    observer.complain = [&](const complaint& one) {
        if (one.severity == condition::damaged && ++complaints <= most_complaints)
            text += "  " + one.message() + "\n";
    };
    const auto found = inspect_run(disk, directory, observer, depth::footers);
    if (!found) return "  " + found.error().message();
    if (complaints > most_complaints)
        text += fmt::format("  and {} places more\n", complaints - most_complaints);
    if (found->lost_records > 0)
        text += fmt::format("  Records that cannot be read: up to {}\n", found->lost_records);
    if (found->at_risk.size() > 0)
        text += fmt::format("  Questions at risk, which nothing else here tells of{}: {}\n",
                            found->at_risk_exactly ? "" : " (with those not put yet)",
                            compact_ranges(found->at_risk));
    return text + fmt::format("  All of it: proctor-dump --verify {0}\n"
                              "  To keep what can be read and go on: proctor-dump --salvage {0}",
                              directory);
}

} // namespace proctor
