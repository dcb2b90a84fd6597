// How records add up; see the header for the rule that decides between several of one question.
#include "proctor/core/ledger.hpp"

#include "proctor/core/error.hpp"

namespace proctor {

bool question_set::contains(question_id id) const {
    const auto word = id / 64;
    return word < words_.size() && (words_[word] >> (id % 64) & 1);
}

bool question_set::insert(question_id id) {
    if (contains(id)) return false;
    const auto word = id / 64;
    if (word >= words_.size()) words_.resize(word + word / 2 + 1);
    words_[word] |= std::uint64_t{1} << (id % 64);
    ++size_;
    return true;
}

bool question_set::erase(question_id id) {
    if (!contains(id)) return false;
    words_[id / 64] &= ~(std::uint64_t{1} << (id % 64));
    --size_;
    return true;
}

namespace {

void add(tally& group, const std::optional<double>& score) {
    if (score) {
        ++group.marked;
        group.score += *score;
    } else {
        ++group.unmarked;
    }
}

} // namespace

const tally& ledger::of(question_format format) const {
    return format == question_format::multiple_choice ? multiple_choice_ : free_text_;
}

void ledger::apply(const outcome& what) {
    if (what.kind == record_kind::session) return;
    const auto id = what.question;
    // A result and its `answered` record tell of the same requests: whichever comes second adds
    // none.
    const bool told_before = (what.kind == record_kind::result && answered_.contains(id)) ||
                             (what.kind == record_kind::answered && completed_.contains(id));
    if (!told_before) {
        usage_ += what.usage;
        attempts_ += what.attempts;
    }
    // A question has at most one completed result: the first one that the fold meets.
    if (completed_.contains(id)) return;

    if (what.kind == record_kind::failed) {
        if (answered_.contains(id)) return;
        failed_.insert(id);
        failure_kinds_[id] = what.error_kind;
        if (what.refused)
            refused_.insert(id);
        else
            refused_.erase(id);
        return;
    }
    failed_.erase(id);
    refused_.erase(id);
    failure_kinds_.erase(id);
    if (what.kind == record_kind::answered) {
        answered_.insert(id);
        return;
    }
    answered_.erase(id);
    completed_.insert(id);
    add(overall_, what.score);
    add(what.format == question_format::multiple_choice ? multiple_choice_ : free_text_,
        what.score);
    if (!what.category.empty()) add(by_category_[what.category], what.score);
    latencies_.add(what.model_seconds);
    truncated_ += what.truncated;
    no_choice_ += what.no_choice;
}

std::map<std::string, std::uint64_t> ledger::failures_by_kind() const {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [id, kind] : failure_kinds_) ++counts[kind];
    return counts;
}

} // namespace proctor
