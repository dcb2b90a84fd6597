// How records add up; see the header for the rule that decides between several of one question.
#include "proctor/core/ledger.hpp"

#include "proctor/core/error.hpp"

#include <algorithm>
#include <utility>

namespace proctor {

const std::uint64_t* question_set::word_of(question_id id) const {
    const auto chunk = id / 64 / words_per_chunk;
    if (chunk >= chunks_.size() || chunks_[chunk].empty()) return nullptr;
    return &chunks_[chunk][id / 64 % words_per_chunk];
}

std::vector<std::uint64_t>& question_set::make_chunk(std::size_t index) {
    if (index >= chunks_.size()) chunks_.resize(index + 1);
    if (chunks_[index].empty()) chunks_[index].resize(words_per_chunk);
    return chunks_[index];
}

std::uint64_t& question_set::make_word_of(question_id id) {
    return make_chunk(id / 64 / words_per_chunk)[id / 64 % words_per_chunk];
}

bool question_set::contains(question_id id) const {
    const auto* word = word_of(id);
    return word && (*word >> (id % 64) & 1);
}

bool question_set::insert(question_id id) {
    auto& word = make_word_of(id);
    const auto bit = std::uint64_t{1} << (id % 64);
    if (word & bit) return false;
    word |= bit;
    ++size_;
    return true;
}

bool question_set::erase(question_id id) {
    if (!contains(id)) return false;
    make_word_of(id) &= ~(std::uint64_t{1} << (id % 64));
    --size_;
    return true;
}

void question_set::insert_run(question_id first, std::uint64_t count) {
    while (count > 0) {
        const auto from = first % 64;
        const auto bits = std::min<std::uint64_t>(64 - from, count);
        auto& word = make_word_of(first);
        const auto before = std::popcount(word);
        word |= (bits == 64 ? ~std::uint64_t{0} : ((std::uint64_t{1} << bits) - 1)) << from;
        size_ += static_cast<std::uint64_t>(std::popcount(word) - before);
        first += bits;
        count -= bits;
    }
}

bool question_set::intersects(const question_set& other) const {
    for (std::size_t c = 0; c < std::min(chunks_.size(), other.chunks_.size()); ++c) {
        if (chunks_[c].empty() || other.chunks_[c].empty()) continue;
        for (std::size_t w = 0; w < words_per_chunk; ++w)
            if (chunks_[c][w] & other.chunks_[c][w]) return true;
    }
    return false;
}

question_set& question_set::operator|=(const question_set& other) {
    for (std::size_t c = 0; c < other.chunks_.size(); ++c) {
        if (other.chunks_[c].empty()) continue;
        auto& chunk = make_chunk(c);
        for (std::size_t w = 0; w < words_per_chunk; ++w) {
            const auto more = other.chunks_[c][w] & ~chunk[w];
            if (more == 0) continue; // as nearly always
            size_ += static_cast<std::uint64_t>(std::popcount(more));
            chunk[w] |= more;
        }
    }
    return *this;
}

question_set& question_set::operator-=(const question_set& other) {
    for (std::size_t c = 0; c < std::min(chunks_.size(), other.chunks_.size()); ++c) {
        if (chunks_[c].empty() || other.chunks_[c].empty()) continue;
        for (std::size_t w = 0; w < words_per_chunk; ++w) {
            const auto less = chunks_[c][w] & other.chunks_[c][w];
            if (less == 0) continue;
            size_ -= static_cast<std::uint64_t>(std::popcount(less));
            chunks_[c][w] &= ~less;
        }
    }
    return *this;
}

bool question_set::operator==(const question_set& other) const {
    if (size_ != other.size_) return false;
    bool same = true;
    each_member([&](question_id id) { same &= other.contains(id); });
    return same;
}

spending& spending::operator+=(const spending& other) {
    usage += other.usage;
    attempts += other.attempts;
    return *this;
}

spending& spending::operator-=(const spending& other) {
    usage.prompt -= other.usage.prompt;
    usage.completion -= other.usage.completion;
    attempts -= other.attempts;
    return *this;
}

ledger::ledger(ledger_state state) : state_(std::move(state)) {
    for (const auto& [id, cost] : state_.answers) answers_cost_ += cost;
}

const tally& ledger::of(question_format format) const {
    return format == question_format::multiple_choice ? state_.multiple_choice : state_.free_text;
}

spending ledger::total_spending() const {
    auto all = state_.spent;
    return all += answers_cost_;
}

void ledger::clear_failure(question_id id) {
    if (!state_.failed.erase(id)) return;
    state_.refused.erase(id);
    for (auto& [kind, questions] : state_.failed_by_kind)
        if (questions.erase(id)) break;
}

void ledger::clear_answer(question_id id) {
    if (!state_.answered.erase(id)) return;
    const auto cost = state_.answers.find(id);
    if (cost == state_.answers.end()) return;
    answers_cost_ -= cost->second;
    state_.answers.erase(cost);
}

void ledger::apply(const outcome& what) {
    if (what.kind == record_kind::session) return;
    const auto id = what.question;
    const spending cost{what.usage, what.attempts};
    const bool completed = state_.completed.contains(id);
    switch (what.kind) {
    case record_kind::session: return;
    case record_kind::answered:
        if (completed) return; // its result has told of it
        clear_failure(id);
        clear_answer(id);
        state_.answered.insert(id);
        state_.answers[id] = cost;
        answers_cost_ += cost;
        return;
    case record_kind::failed:
        state_.spent += cost;
        if (completed || state_.answered.contains(id)) return;
        clear_failure(id);
        state_.failed.insert(id);
        state_.failed_by_kind[what.error_kind].insert(id);
        if (what.refused) state_.refused.insert(id);
        return;
    case record_kind::result: break;
    }
    state_.spent += cost;
    // A question has at most one completed result: the first one that the fold meets.
    if (completed) return;
    clear_failure(id);
    clear_answer(id);
    state_.completed.insert(id);
    state_.overall.add(what.score);
    (what.format == question_format::multiple_choice ? state_.multiple_choice : state_.free_text)
        .add(what.score);
    if (!what.category.empty()) state_.by_category[what.category].add(what.score);
    state_.latencies.add(what.model_seconds);
    state_.truncated += what.truncated;
    state_.no_choice += what.no_choice;
    state_.answers_said.add(what);
}

bool ledger::merge(const ledger& later) {
    const auto& more = later.state_;
    if (state_.completed.intersects(more.completed)) return false;
    // Failures: the later one counts, but none beside an answer or a result.
    const auto settle = [](question_set& failures, const ledger_state& by) {
        failures -= by.completed;
        failures -= by.answered;
        failures -= by.failed;
    };
    settle(state_.failed, more);
    settle(state_.refused, more);
    for (auto& [kind, questions] : state_.failed_by_kind) settle(questions, more);
    const auto add_failures = [this](question_set& to, question_set from) {
        from -= state_.completed;
        from -= state_.answered;
        to |= from;
    };
    add_failures(state_.failed, more.failed);
    add_failures(state_.refused, more.refused);
    for (const auto& [kind, questions] : more.failed_by_kind)
        add_failures(state_.failed_by_kind[kind], questions);

    std::erase_if(state_.answers, [&](const auto& answer) {
        if (!more.completed.contains(answer.first) && !more.answered.contains(answer.first))
            return false;
        answers_cost_ -= answer.second;
        state_.answered.erase(answer.first);
        return true;
    });
    for (const auto& [id, cost] : more.answers) {
        if (state_.completed.contains(id)) continue;
        state_.answered.insert(id);
        state_.answers[id] = cost;
        answers_cost_ += cost;
    }
    state_.completed |= more.completed;
    state_.spent += more.spent;
    state_.overall += more.overall;
    state_.multiple_choice += more.multiple_choice;
    state_.free_text += more.free_text;
    for (const auto& [name, group] : more.by_category) state_.by_category[name] += group;
    state_.latencies.merge(more.latencies);
    state_.truncated += more.truncated;
    state_.no_choice += more.no_choice;
    state_.answers_said += more.answers_said;
    return true;
}

std::map<std::string, std::uint64_t> ledger::failures_by_kind() const {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& [kind, questions] : state_.failed_by_kind)
        if (questions.size() > 0) counts[kind] = questions.size();
    return counts;
}

} // namespace proctor
