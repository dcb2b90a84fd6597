// Sums over questions, each closed when the next one begins.
#include "proctor/eval/repeat_statistics.hpp"

#include "proctor/core/error.hpp"

#include <algorithm>
#include <cmath>

namespace proctor {

void clustered_marks::add_cluster(std::uint64_t size, double sum) {
    if (size == 0) return;
    ++clusters_;
    marks_ += size;
    sum_ += sum;
    sum_squares_ += sum * sum;
    size_squares_ += double(size) * double(size);
    products_ += double(size) * sum;
}

double clustered_marks::standard_error() const {
    if (marks_ == 0) return 0;
    const double m = mean();
    const double squares = sum_squares_ - 2 * m * products_ + m * m * size_squares_;
    return std::sqrt(std::max(0.0, squares)) / double(marks_);
}

interval clustered_marks::range() const {
    if (clusters_ < 2) return {};
    const double half = normal_quantile_95 * standard_error();
    return {std::max(0.0, mean() - half), std::min(1.0, mean() + half)};
}

clustered_marks clustered_marks::filled_up(std::uint64_t clusters, std::uint64_t size) const {
    auto filled = *this;
    filled.clusters_ = std::max(clusters, clusters_);
    filled.marks_ = std::max(filled.clusters_ * size, marks_);
    filled.size_squares_ = double(filled.clusters_) * double(size) * double(size);
    filled.products_ = double(size) * sum_;
    return filled;
}

// The quotient of the binomials is a product of k fractions, without their large numbers.
double pass_at_k(std::uint64_t n, std::uint64_t c, std::uint64_t k) {
    PROCTOR_ASSERT(c <= n && k >= 1 && k <= n);
    if (n - c < k) return 1;
    double all_wrong = 1;
    for (std::uint64_t i = 0; i < k; ++i) all_wrong *= double(n - c - i) / double(n - i);
    return 1 - all_wrong;
}

repeat_statistics::repeat_statistics(std::uint64_t repeats) : by_repeat_(repeats) {
    PROCTOR_ASSERT(repeats >= 1 && repeats <= most_repeats);
    for (std::uint64_t k = 1; k < repeats; k *= 2) passes_.push_back({k});
    passes_.push_back({repeats});
}

void repeat_statistics::add(question_id question, std::uint64_t repeat, const outcome& what,
                            std::string_view choice) {
    PROCTOR_ASSERT(question >= question_ && repeat >= 1 && repeat <= repeats());
    if (question != question_) end_question();
    question_ = question;
    by_repeat_[repeat - 1].add(what.score);
    if (!what.score) return;
    format_ = what.format;
    category_ = what.category;
    const bool is_right = *what.score > 0.5;
    ++marked_;
    right_ += is_right;
    sum_ += *what.score;
    const bool by_choice = format_ == question_format::multiple_choice;
    if (by_choice && choice.empty()) return;
    auto& vote = by_vote_[by_choice ? std::string(choice) : is_right ? "right" : "wrong"];
    ++vote.count;
    vote.marks += *what.score;
}

void repeat_statistics::finish() {
    end_question();
}

const clustered_marks& repeat_statistics::of_category(std::string_view name) const {
    static const clustered_marks none;
    const auto found = by_category_.find(name);
    return found == by_category_.end() ? none : found->second;
}

double repeat_statistics::spread() const {
    std::vector<double> accuracies;
    for (const auto& repeat : by_repeat_)
        if (repeat.marked > 0) accuracies.push_back(repeat.accuracy());
    if (accuracies.size() < 2) return 0;
    double mean = 0, squares = 0;
    for (const double each : accuracies) mean += each / double(accuracies.size());
    for (const double each : accuracies) squares += (each - mean) * (each - mean);
    return std::sqrt(squares / double(accuracies.size() - 1));
}

void repeat_statistics::end_question() {
    if (marked_ > 0) {
        ++questions_;
        overall_.add_cluster(marked_, sum_);
        (format_ == question_format::multiple_choice ? multiple_choice_ : free_text_)
            .add_cluster(marked_, sum_);
        if (!category_.empty()) by_category_[category_].add_cluster(marked_, sum_);
        for (auto& pass : passes_)
            if (pass.k <= marked_) {
                ++pass.questions;
                pass.sum += pass_at_k(marked_, right_, pass.k);
            }
        majority_sum_ += majority_mark();
    }
    marked_ = right_ = 0;
    sum_ = 0;
    by_vote_.clear();
}

double repeat_statistics::majority_mark() const {
    std::uint64_t most = 0, shared_by = 0;
    double marks = 0; // mean marks of those that share the most votes
    for (const auto& [name, vote] : by_vote_) {
        if (vote.count < most) continue;
        if (vote.count > most) {
            most = vote.count;
            shared_by = 0;
            marks = 0;
        }
        ++shared_by;
        marks += vote.marks / double(vote.count);
    }
    return shared_by ? marks / double(shared_by) : 0;
}

} // namespace proctor
