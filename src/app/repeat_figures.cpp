// Records to repeat_statistics, and these to text and JSON.
#include "proctor/app/repeat_figures.hpp"

#include "proctor/app/run_lookup.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/pipeline/progress.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace proctor {

namespace json = boost::json;

result<> repeat_reader::add(const record_view& record) {
    if (record.kind != record_kind::result) return {};
    if (record.repeats != figures_.repeats())
        return failure{failure_code::bad_value, "record",
                       fmt::format("is of a run that asks {} times, and not {}", record.repeats,
                                   figures_.repeats())};
    const auto what = read_outcome(record);
    if (!what) return what.error();
    std::string choice;
    if (what->format == question_format::multiple_choice && !what->no_choice) {
        auto named = read_model_choice(record.body);
        if (!named) return named.error();
        choice = std::move(*named);
    }
    figures_.add(record.question_number(), record.repeat(), *what, choice);
    return {};
}

repeat_statistics repeat_reader::finish() {
    figures_.finish();
    return std::move(figures_);
}

result<std::shared_ptr<const repeat_statistics>> read_repeats(const run_view& run) {
    const auto repeats = repeats_of(run.identity().settings);
    if (repeats == 1) return std::shared_ptr<const repeat_statistics>();
    repeat_reader reader(repeats);
    const auto read =
        run.each_record([&](const record_view& record) { return reader.add(record); });
    if (!read) return read.error();
    return std::shared_ptr<const repeat_statistics>(
        std::make_shared<repeat_statistics>(reader.finish()));
}

json::value repeats_json(const repeat_statistics& figures) {
    json::array passes, accuracies;
    for (const auto& pass : figures.passes())
        passes.push_back(
            {{"k", pass.k},
             {"questions", pass.questions},
             {"rate", pass.questions ? json::value(pass.rate()) : json::value(nullptr)}});
    for (const auto& repeat : figures.by_repeat())
        accuracies.push_back(repeat.marked ? json::value(repeat.accuracy()) : json::value(nullptr));
    json::object object;
    object["repeats"] = figures.repeats();
    object["questions"] = figures.questions();
    object["standard_error"] = figures.overall().standard_error();
    object["pass_at_k"] = std::move(passes);
    object["majority"] =
        figures.questions() ? json::value(figures.majority()) : json::value(nullptr);
    object["spread"] = figures.spread();
    object["accuracies"] = std::move(accuracies);
    return object;
}

std::string repeats_text(const repeat_statistics& figures) {
    auto text = fmt::format("Repeats: {} of each question; the intervals are clustered by question "
                            "({} of them have a mark)\n",
                            figures.repeats(), thousands(figures.questions()));
    if (figures.questions() == 0) return text;
    text += "  ";
    for (const auto& pass : figures.passes())
        if (pass.questions > 0)
            fmt::format_to(std::back_inserter(text), "pass@{} {:.1f}%, ", pass.k,
                           100 * pass.rate());
    fmt::format_to(std::back_inserter(text),
                   "majority vote {:.1f}%, spread of the repeats {:.1f} points\n",
                   100 * figures.majority(), 100 * figures.spread());
    return text;
}

} // namespace proctor
