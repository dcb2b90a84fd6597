// Which question comes next, and whether there is a place for it.
//
// At most as many questions want a turn as the endpoints take at a time. One that rests in a
// back-off makes room for another, up to twice as many in all, so that a few slow retries do not
// idle the endpoint and an outage does not fill the memory.
#pragma once

#include "proctor/pipeline/scheduler.hpp"

#include <optional>
#include <string>
#include <utility>

namespace proctor {

void stop_at_limit(task_context&, std::string why);

// A question that was admitted is counted in the run's figures as long as this lives.
class place {
public:
    place(task_figures& figures, const question& taken_by)
        : figures_(&figures), bytes_(bytes_of(taken_by)) {
        ++figures.active;
        figures.bytes += bytes_;
    }
    place(place&& other) noexcept
        : figures_(std::exchange(other.figures_, nullptr)), bytes_(other.bytes_) {}
    place& operator=(place&& other) noexcept {
        std::swap(figures_, other.figures_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~place() {
        if (!figures_) return;
        --figures_->active;
        figures_->bytes -= bytes_;
    }

private:
    task_figures* figures_;
    std::size_t bytes_;
};

struct admitted_question {
    admitted_question(task_figures& figures, question next)
        : held(figures, next), asked(std::move(next)) {}

    place held;
    question asked;
};

// Network thread only. Run and settings outlive it.
class admission {
public:
    admission(task_context&, question_reader, const scheduler_settings&);

    bool has_place() const;

    // The next question that is to be asked, a repeat like a question of its own. Nothing: there is
    // no place for it, the run is to stop, there is none (at_end()), or so many lie before it that
    // others should have the thread meanwhile. Stops the run at its limits, and for a file that
    // cannot be read on.
    std::optional<admitted_question> next();

    bool at_end() const { return at_end_; }

    // Stops the run where the user's limits are exceeded.
    void check_limits();

private:
    bool is_done(question_id task) const;
    bool is_question_done(question_id number) const; // all of its repeats
    bool is_passed_over(question_id number) const;
    bool pass_over_done();
    bool find_question();
    bool find_repeat();
    bool end();

    task_context& run_;
    question_reader questions_;
    const scheduler_settings& settings_;
    const selection& chosen_;
    const bool all_are_questions_;    // every record of the file
    std::uint64_t seen_ = 0;          // questions of the file
    std::optional<question> current_; // whose `repeat` is the last one that was admitted
    bool at_end_ = false;
};

} // namespace proctor
