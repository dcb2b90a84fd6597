// Answers to text and JSON; where old footers do not tell of them, from the records.
#include "proctor/app/answer_report.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/pipeline/progress.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace proctor {

namespace json = boost::json;

namespace {

double share(std::uint64_t part, std::uint64_t all) {
    return all ? double(part) / double(all) : 0;
}

std::string length_line(std::string_view name, const text_lengths& lengths) {
    return fmt::format("{} length: mean {:.1f}, median {}, p95 {} characters", name, lengths.mean(),
                       thousands(lengths.quantile(0.5)), thousands(lengths.quantile(0.95)));
}

} // namespace

std::string position_name(std::size_t position) {
    return fmt::format("{}, {}", static_cast<char>('A' + position), position + 1);
}

result<std::shared_ptr<const answer_figures>> read_answers(const run_view& run) {
    if (run.counted().knows_all_answers()) return std::shared_ptr<const answer_figures>();
    const auto figures = std::make_shared<answer_figures>();
    const auto read = run.each_record([&](const record_view& record) -> result<> {
        if (record.kind != record_kind::result) return {};
        const auto what = read_outcome(record);
        if (!what) return what.error();
        figures->add(*what);
        return {};
    });
    if (!read) return read.error();
    return std::shared_ptr<const answer_figures>(figures);
}

const answer_figures* answers_known(const ledger& counted, const answer_figures* read) {
    if (read) return read;
    return counted.knows_all_answers() ? &counted.answers_said() : nullptr;
}

json::value choices_json(const answer_figures& figures) {
    const auto used = figures.positions_in_use();
    if (used == 0) return nullptr;
    json::array positions;
    for (std::size_t i = 0; i < used; ++i) {
        const auto& position = figures.positions[i];
        const auto& keyed = position.keyed;
        positions.push_back(
            {{"position", i + 1},
             {"chosen", position.chosen},
             {"key", position.key()},
             {"marked", keyed.marked},
             {"accuracy", keyed.marked ? json::value(keyed.accuracy()) : json::value(nullptr)}});
    }
    json::object object;
    object["positions"] = std::move(positions);
    object["total_variation"] = figures.chosen() && figures.keyed()
                                    ? json::value(figures.total_variation())
                                    : json::value(nullptr);
    return object;
}

json::value lengths_json(const text_lengths& lengths) {
    if (lengths.count() == 0) return nullptr;
    return {{"count", lengths.count()},
            {"mean", lengths.mean()},
            {"median", lengths.quantile(0.5)},
            {"p95", lengths.quantile(0.95)}};
}

std::string choices_text(const answer_figures& figures) {
    const auto used = figures.positions_in_use();
    if (used == 0) return {};
    const auto chosen = figures.chosen(), keyed = figures.keyed();
    auto text =
        fmt::format("  {:<6}{:>17}  {:>17}  {:>8}\n", "choice", "chosen", "is right", "accuracy");
    for (std::size_t i = 0; i < used; ++i) {
        const auto& position = figures.positions[i];
        fmt::format_to(std::back_inserter(text), "  {:<6}{:>9} {:>6.1f}%  {:>9} {:>6.1f}%",
                       position_name(i), thousands(position.chosen),
                       100 * share(position.chosen, chosen), thousands(position.key()),
                       100 * share(position.key(), keyed));
        if (position.keyed.marked > 0)
            fmt::format_to(std::back_inserter(text), "  {:>7.1f}%",
                           100 * position.keyed.accuracy());
        text += '\n';
    }
    if (chosen && keyed)
        fmt::format_to(std::back_inserter(text),
                       "Choices and right ones differ in position by {:.1f}% (total variation)\n",
                       100 * figures.total_variation());
    return text;
}

std::string lengths_text(const answer_figures& figures) {
    if (figures.lengths.count() == 0) return {};
    auto text = length_line("Answer", figures.lengths) + "\n";
    if (const auto& reasoning = figures.reasoning; reasoning.count())
        text += fmt::format("{}, of {} answers\n", length_line("Reasoning", reasoning),
                            thousands(reasoning.count()));
    return text;
}

} // namespace proctor
