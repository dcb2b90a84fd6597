// What a run says of its questions that asks each several times. Fed result by result in order of
// question and repeat; memory holds one question, and a few figures for each repeat and category.
#pragma once

#include "proctor/core/ledger.hpp"
#include "proctor/eval/statistics.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// The mean of marks that come in clusters: the repeats of one question resemble each other, so
// that they tell less than as many questions would.
class clustered_marks {
public:
    void add_cluster(std::uint64_t size, double sum); // marks of one question, 0 to 1 each

    std::uint64_t marks() const { return marks_; }
    double mean() const { return marks_ ? sum_ / double(marks_) : 0; }
    // Cluster-robust: with s the marks and m their mean, the square root of the sum over questions
    // of (sum over repeats of s − m)², by the number of marks. E. Miller, "Adding error bars to
    // evals", arXiv:2411.00640 (2024), section 2.2.
    double standard_error() const;
    // At 95 %, by the normal distribution; {0, 1} for fewer than two questions.
    interval range() const;

    // As if each of `clusters` questions had `size` marks, and those that are missing were 0.
    clustered_marks filled_up(std::uint64_t clusters, std::uint64_t size) const;

private:
    std::uint64_t clusters_ = 0, marks_ = 0;
    double sum_ = 0;
    double sum_squares_ = 0, size_squares_ = 0, products_ = 0; // over clusters: Σ sum², size², both
};

// The chance that of k answers, drawn from n of which c are right, one is: 1 − C(n−c, k)/C(n, k),
// unbiased. M. Chen et al., "Evaluating large language models trained on code", arXiv:2107.03374
// (2021), section 2.1. Requires c <= n and 1 <= k <= n.
double pass_at_k(std::uint64_t n, std::uint64_t c, std::uint64_t k);

class repeat_statistics {
public:
    // One that was put `repeats` times; at most most_repeats.
    explicit repeat_statistics(std::uint64_t repeats);

    // A result; `choice` is what a multiple-choice answer named, empty if none. An answer counts
    // as right above one half.
    void add(question_id question, std::uint64_t repeat, const outcome&, std::string_view choice);
    void finish(); // after the last result

    std::uint64_t repeats() const { return by_repeat_.size(); }
    const clustered_marks& overall() const { return overall_; }
    const clustered_marks& of(question_format format) const {
        return format == question_format::multiple_choice ? multiple_choice_ : free_text_;
    }
    const clustered_marks& of_category(std::string_view name) const;

    // The mean of pass@k over the questions that have at least k marked answers.
    struct pass_figure {
        std::uint64_t k = 0;
        std::uint64_t questions = 0;
        double sum = 0;
        double rate() const { return questions ? sum / double(questions) : 0; }
    };
    // For k = 1, 2, 4, … and the number of repeats.
    const std::vector<pass_figure>& passes() const { return passes_; }

    // The mean mark of the answers that most of a question's repeats agree on. Multiple choice is
    // voted by the choice that was named: who named none does not vote; where nobody does, the
    // mark is 0. Other answers are voted by whether they are right, as if all wrong ones agreed.
    // Of several with most votes each counts by its share.
    double majority() const { return questions_ ? majority_sum_ / double(questions_) : 0; }
    std::uint64_t questions() const { return questions_; } // that have a marked answer

    // Of the accuracies of the repeats: the square root of their variance over repeats less one;
    // 0 if fewer than two repeats have marks.
    double spread() const;
    // Of each repeat, in order.
    const std::vector<tally>& by_repeat() const { return by_repeat_; }

private:
    struct votes {
        std::uint64_t count = 0;
        double marks = 0;
    };
    void end_question();
    double majority_mark() const;

    std::vector<tally> by_repeat_;
    std::vector<pass_figure> passes_;
    clustered_marks overall_, multiple_choice_, free_text_;
    std::map<std::string, clustered_marks, std::less<>> by_category_;
    std::uint64_t questions_ = 0;
    double majority_sum_ = 0;

    // Of the question whose results come.
    question_id question_ = 0;
    question_format format_ = question_format::free_text;
    std::string category_;
    std::uint64_t marked_ = 0, right_ = 0;
    double sum_ = 0;
    std::map<std::string, votes, std::less<>> by_vote_;
};

} // namespace proctor
