// Marks from the ledger; their clusters, where there are any, from the repeats.
#include "proctor/app/accuracy_figures.hpp"

#include <algorithm>

namespace proctor {
namespace {

// Null where each question is asked once.
group_accuracy group_of(const tally& marks, const clustered_marks* clustered) {
    return {marks, clustered ? clustered->range() : wilson_interval(marks)};
}

group_accuracy at_worst(tally marks, std::uint64_t total, const repeat_statistics* repeats) {
    marks.marked = std::max(total, marks.marked);
    marks.unmarked = 0;
    if (!repeats) return group_of(marks, nullptr);
    const auto filled =
        repeats->overall().filled_up(total / repeats->repeats(), repeats->repeats());
    return group_of(marks, &filled);
}

} // namespace

accuracy_figures accuracy_of(const ledger& counted, std::uint64_t total,
                             const repeat_statistics* repeats) {
    const auto of_format = [&](question_format format) {
        return group_of(counted.of(format), repeats ? &repeats->of(format) : nullptr);
    };
    accuracy_figures found;
    found.overall = group_of(counted.overall(), repeats ? &repeats->overall() : nullptr);
    found.multiple_choice = of_format(question_format::multiple_choice);
    found.free_text = of_format(question_format::free_text);
    for (const auto& [name, marks] : counted.by_category())
        found.by_category[name] = group_of(marks, repeats ? &repeats->of_category(name) : nullptr);
    found.at_worst = at_worst(counted.overall(), total, repeats);
    return found;
}

} // namespace proctor
