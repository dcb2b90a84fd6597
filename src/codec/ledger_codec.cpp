// Sets are written as runs (the gap before each, and its length): questions are mostly answered in
// order, so a set of a hundred thousand takes a few bytes.
#include "proctor/codec/ledger_codec.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace proctor {
namespace {

void append_set(std::string& out, const question_set& set) {
    std::uint64_t runs = 0;
    set.each_run([&](question_id, std::uint64_t) { ++runs; });
    append_varint(out, runs);
    question_id behind = 0;
    set.each_run([&](question_id first, std::uint64_t count) {
        append_varint(out, first - behind);
        append_varint(out, count);
        behind = first + count;
    });
}

// A few bytes can tell of any number of members, and each of them is a bit in memory.
bool read_set(varint_reader& in, std::uint64_t most, question_set& set) {
    question_id behind = 0;
    for (auto runs = in.number(); runs > 0; --runs) {
        const auto gap = in.number();
        const auto count = in.number();
        if (!in.ok() || gap > highest_question || count > most - set.size() ||
            behind + gap + count > highest_question + 1)
            return false;
        set.insert_run(behind + gap, count);
        behind += gap + count;
    }
    return in.ok();
}

void append_spending(std::string& out, const spending& cost) {
    append_varint(out, cost.usage.prompt);
    append_varint(out, cost.usage.completion);
    append_varint(out, cost.attempts);
}

spending read_spending(varint_reader& in) {
    spending cost;
    cost.usage.prompt = in.number();
    cost.usage.completion = in.number();
    cost.attempts = in.number();
    return cost;
}

void append_tally(std::string& out, const tally& group) {
    append_varint(out, group.marked);
    append_varint(out, group.unmarked);
    append_varint(out, group.billionths);
}

tally read_tally(varint_reader& in) {
    tally group;
    group.marked = in.number();
    group.unmarked = in.number();
    group.billionths = in.number();
    return group;
}

void append_histogram(std::string& out, const histogram& values) {
    std::uint64_t used = 0;
    for (std::size_t i = 0; i < histogram::bucket_count; ++i) used += values.in_bucket(i) != 0;
    append_varint(out, used);
    for (std::size_t i = 0; i < histogram::bucket_count; ++i) {
        if (values.in_bucket(i) == 0) continue;
        append_varint(out, i);
        append_varint(out, values.in_bucket(i));
    }
}

bool read_histogram(varint_reader& in, histogram& values) {
    for (auto used = in.number(); used > 0; --used) {
        const auto bucket = in.number();
        const auto count = in.number();
        if (!in.ok() || bucket >= histogram::bucket_count) return false;
        values.add_to_bucket(bucket, count);
    }
    return in.ok();
}

void append_lengths(std::string& out, const text_lengths& lengths) {
    append_histogram(out, lengths.spread());
    append_varint(out, lengths.characters());
}

bool read_lengths(varint_reader& in, text_lengths& lengths) {
    histogram spread(text_lengths::smallest);
    if (!read_histogram(in, spread)) return false;
    lengths = text_lengths(spread, in.number());
    return in.ok();
}

void append_answers(std::string& out, const answer_figures& figures) {
    append_lengths(out, figures.lengths);
    append_lengths(out, figures.reasoning);
    const auto positions = figures.positions_in_use();
    append_varint(out, positions);
    for (std::size_t i = 0; i < positions; ++i) {
        append_varint(out, figures.positions[i].chosen);
        append_tally(out, figures.positions[i].keyed);
    }
}

bool read_answers(varint_reader& in, answer_figures& figures) {
    if (!read_lengths(in, figures.lengths) || !read_lengths(in, figures.reasoning)) return false;
    const auto positions = in.number();
    if (!in.ok() || positions > most_positions) return false;
    for (std::size_t i = 0; i < positions; ++i) {
        figures.positions[i].chosen = in.number();
        figures.positions[i].keyed = read_tally(in);
    }
    return in.ok();
}

} // namespace

void append_ledger(std::string& out, const ledger& counted, ledger_layout layout) {
    const auto& state = counted.state();
    append_set(out, state.completed);
    append_set(out, state.answered);
    append_set(out, state.failed);
    append_set(out, state.refused);
    const auto kinds = std::count_if(state.failed_by_kind.begin(), state.failed_by_kind.end(),
                                     [](const auto& kind) { return kind.second.size() > 0; });
    append_varint(out, static_cast<std::uint64_t>(kinds));
    for (const auto& [kind, questions] : state.failed_by_kind) {
        if (questions.size() == 0) continue;
        append_text(out, kind);
        append_set(out, questions);
    }
    // In order, so that equal ledgers are equal bytes.
    std::vector<std::pair<question_id, spending>> answers(state.answers.begin(),
                                                          state.answers.end());
    std::sort(answers.begin(), answers.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    append_varint(out, answers.size());
    for (const auto& [id, cost] : answers) {
        append_varint(out, id);
        append_spending(out, cost);
    }
    append_spending(out, state.spent);
    append_tally(out, state.overall);
    append_tally(out, state.multiple_choice);
    append_tally(out, state.free_text);
    append_varint(out, state.by_category.size());
    for (const auto& [name, group] : state.by_category) {
        append_text(out, name);
        append_tally(out, group);
    }
    append_histogram(out, state.latencies);
    append_varint(out, state.truncated);
    append_varint(out, state.no_choice);
    if (layout == ledger_layout::whole) append_answers(out, state.answers_said);
}

result<ledger> read_ledger(varint_reader& in, std::uint64_t most, ledger_layout layout) {
    const failure damaged{failure_code::damaged, "", "the figures in the footer do not make sense"};
    ledger_state state;
    for (auto* set : {&state.completed, &state.answered, &state.failed, &state.refused})
        if (!read_set(in, most, *set)) return damaged;
    for (auto kinds = in.number(); kinds > 0; --kinds) {
        const std::string kind(in.text());
        if (!in.ok() || !read_set(in, most, state.failed_by_kind[kind])) return damaged;
    }
    for (auto answers = in.number(); answers > 0; --answers) {
        const auto id = in.number();
        const auto cost = read_spending(in);
        if (!in.ok() || !state.answered.contains(id)) return damaged;
        state.answers[id] = cost;
    }
    state.spent = read_spending(in);
    state.overall = read_tally(in);
    state.multiple_choice = read_tally(in);
    state.free_text = read_tally(in);
    for (auto categories = in.number(); categories > 0; --categories) {
        const std::string name(in.text());
        const auto group = read_tally(in);
        if (!in.ok()) return damaged;
        state.by_category[name] = group;
    }
    if (!read_histogram(in, state.latencies)) return damaged;
    state.truncated = in.number();
    state.no_choice = in.number();
    if (!in.ok()) return damaged;
    if (layout == ledger_layout::whole && !read_answers(in, state.answers_said)) return damaged;
    return ledger(std::move(state));
}

} // namespace proctor
