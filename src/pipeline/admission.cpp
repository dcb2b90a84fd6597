// Passing over what is done, and stopping where a limit says so.
#include "admission.hpp"

#include "proctor/eval/choice_shuffle.hpp"

#include <fmt/format.h>

#include <utility>

namespace proctor {
namespace {

bool exceeds(const task_figures& figures, const failure_limit& limit) {
    constexpr std::uint64_t enough_to_judge = 100;
    if (limit.count && figures.failed > *limit.count) return true;
    return limit.share && figures.ended >= enough_to_judge &&
           double(figures.failed) > *limit.share * double(figures.ended);
}

const selection& chosen_by(const scheduler_settings& settings) {
    static const selection everything;
    return settings.only_marks ? everything : settings.chosen;
}

} // namespace

void stop_at_limit(task_context& run, std::string why) {
    run.control.stop({stop_cause::limit, 0, {failure_code::bad_value, "", std::move(why)}});
}

admission::admission(task_context& run, question_reader questions,
                     const scheduler_settings& settings)
    : run_(run), questions_(std::move(questions)), settings_(settings),
      chosen_(chosen_by(settings)),
      all_are_questions_(settings.index && settings.index->census.broken == 0) {}

bool admission::has_place() const {
    const auto& asked = settings_.only_marks && run_.grading ? *run_.grading : run_.endpoints;
    const auto parallel = asked.limit();
    const auto& figures = run_.figures;
    return figures.active - figures.resting < parallel && figures.active < 2 * parallel &&
           figures.bytes <= settings_.max_question_bytes && run_.log.has_room();
}

std::optional<admitted_question> admission::next() {
    check_limits();
    if (run_.control.stopping() || at_end_ || !has_place()) return std::nullopt;
    if (!find_repeat() && !(find_question() && find_repeat())) return std::nullopt;
    const bool is_last = current_->repeat == current_->repeats;
    auto asked = is_last ? *std::exchange(current_, std::nullopt) : *current_;
    if (settings_.shuffle_seed) shuffle_choices(asked, *settings_.shuffle_seed);
    return admitted_question(run_.figures, std::move(asked));
}

// One repeat after the other: the endpoint has the prompt in its cache, and what is left to a
// later session stands together.
bool admission::find_repeat() {
    while (current_ && current_->repeat < current_->repeats) {
        ++current_->repeat;
        if (!is_done(current_->task())) return true;
    }
    current_.reset();
    return false;
}

// The next one of the file that is chosen and not done, with no repeat admitted yet.
bool admission::find_question() {
    constexpr int at_a_time = 4096;
    for (int passed = 0; passed < at_a_time; ++passed) {
        if (chosen_.limit && seen_ >= *chosen_.limit) return end();
        if (is_passed_over(questions_.next_number())) {
            if (pass_over_done()) continue;
            if (questions_.skip()) {
                ++seen_;
                continue;
            } // it is at its end, or cannot be read on: next() tells which
        }
        auto found = questions_.next();
        if (!found) return end();
        if (!*found) {
            const auto& why = found->error();
            const bool unreadable = why.code == failure_code::io_error;
            if (!unreadable && !settings_.strict) continue; // the census has told of it
            run_.control.stop(
                {unreadable ? stop_cause::storage : stop_cause::broken_question, 0, why});
            return end();
        }
        if (!chosen_.contains(++seen_)) continue;
        current_ = std::move(**found);
        current_->repeats = settings_.repeats;
        current_->repeat = 0;
        return true;
    }
    return false;
}

bool admission::end() {
    at_end_ = true;
    return false;
}

bool admission::is_done(question_id task) const {
    const auto& counted = run_.log.counted();
    if (settings_.only_marks) return !counted.answered(task);
    return counted.completed(task) || (counted.refused(task) && !settings_.retry_refused);
}

bool admission::is_question_done(question_id number) const {
    auto task = task_of(number, 1, settings_.repeats);
    const auto end = task + settings_.repeats;
    while (task < end && is_done(task)) ++task;
    return task == end;
}

// Where every record is a question, what is not chosen need not be looked into, either.
bool admission::is_passed_over(question_id number) const {
    return (all_are_questions_ && !chosen_.contains(number)) || is_question_done(number);
}

// Goes on behind what is done, if the reader stands at a place of the index; true if it moved.
bool admission::pass_over_done() {
    const auto number = questions_.next_number();
    // To a session that only marks, broken records are done, too: places would not tell them apart.
    if (!settings_.index || settings_.only_marks) return false;
    const auto here = settings_.index->at_or_before(number);
    if (here.number != number) return false;
    const auto there = settings_.index->pass_over_done(
        here, [this](question_id id) { return is_passed_over(id); });
    if (there.number == here.number || !questions_.go_to(there)) return false;
    seen_ += there.questions - here.questions;
    return true;
}

void admission::check_limits() {
    if (run_.control.stopping()) return;
    const auto& figures = run_.figures;
    if (exceeds(figures, settings_.max_failures))
        stop_at_limit(run_, fmt::format("{} of {} questions failed, more than "
                                        "processing.max_failures allows",
                                        figures.failed, figures.ended));
    if (settings_.max_total_tokens && figures.tokens >= *settings_.max_total_tokens)
        stop_at_limit(run_,
                      fmt::format("{} tokens are spent, and processing.max_total_tokens is {}",
                                  figures.tokens, *settings_.max_total_tokens));
}

} // namespace proctor
