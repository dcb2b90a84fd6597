// A census of ten million questions takes seconds; device, inode, size and times of a file tell
// whether it is still the one that was counted.
#include "proctor/app/question_counting.hpp"

#include "proctor/app/exit_status.hpp"
#include "proctor/app/load_config.hpp"
#include "proctor/app/question_spool.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/eval/choice_shuffle.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/storage/run_layout.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace proctor {
namespace {

// Directories of runs that may have counted this file, the latest first.
std::vector<std::string> likely_runs(const config& used, file_system& disk) {
    constexpr std::size_t most = 16;
    std::vector<std::string> found;
    const auto& processing = used.processing;
    if (!processing.enable_checkpointing || !used.questions_spool.empty()) return found;
    if (!processing.resume_from_checkpoint.empty())
        found.push_back(processing.resume_from_checkpoint);
    const auto names = disk.list(processing.checkpoint_directory);
    if (!names) return found;
    // Names end in the time, so of one set and model the last is the latest.
    const auto stem = run_directory_stem(used.questions_file);
    for (auto name = names->rbegin(); name != names->rend() && found.size() < most; ++name)
        if (name->starts_with(stem))
            found.push_back(join_path(processing.checkpoint_directory, *name));
    return found;
}

std::optional<question_index> kept_index(const config& used, file_system& disk) {
    const auto stamp = stamp_of(questions_path(used));
    if (!stamp) return std::nullopt;
    for (const auto& directory : likely_runs(used, disk)) {
        const auto path = join_path(directory, question_index_file);
        const auto text = read_all(disk, path);
        if (!text) continue;
        auto index = decode_question_index(*text, path);
        if (index && index->stamp == *stamp && index->fields == fields_of(used).text())
            return std::move(*index);
    }
    return std::nullopt;
}

// By the name that the user knows, not by that of a spool.
failure as_named(failure why, const config& used) {
    const auto& spool = used.questions_spool;
    if (!spool.empty() && why.where.starts_with(spool))
        why.where.replace(0, spool.size(), questions_name(used.questions_file));
    return why;
}

question_index count_anew(const config& used, console& talk) {
    constexpr std::uint64_t most_shown = 5;
    std::uint64_t broken = 0;
    std::optional<failure> first;
    const auto tell = [&](const failure& why) {
        if (!first) first = as_named(why, used);
        if (++broken <= most_shown) talk.warn("not a question: " + as_named(why, used).message());
    };
    auto index = index_questions(questions_path(used), tell, records_per_place, fields_of(used));
    if (!index) throw cannot_start{exit_usage, {as_named(index.error(), used).message()}};
    if (used.processing.strict && first)
        throw cannot_start{exit_usage, {fmt::format("stopped by --strict: {}", first->message())}};
    if (broken > most_shown)
        talk.warn(fmt::format("{} more records are no questions", thousands(broken - most_shown)));
    return std::move(*index);
}

} // namespace

question_index count_questions(const config& used, file_system& disk, console& talk) {
    auto kept = kept_index(used, disk);
    // Only a reading tells which ones are broken.
    const bool must_read = !kept || (used.processing.strict && kept->census.broken > 0);
    auto index = must_read ? count_anew(used, talk) : std::move(*kept);
    const auto& census = index.census;
    if (census.broken > 0)
        talk.warn(fmt::format("{} of {} records of {} are no questions and are left out",
                              thousands(census.broken), thousands(census.records),
                              questions_name(used.questions_file)));
    if (census.questions == 0)
        throw cannot_start{exit_usage,
                           {questions_name(used.questions_file) + ": there is no question in it"}};
    return index;
}

shuffle_counts count_shuffled(const config& used, const selection& chosen) {
    auto questions = question_reader::open(questions_path(used), fields_of(used));
    if (!questions) throw cannot_start{exit_usage, {as_named(questions.error(), used).message()}};
    shuffle_counts counts;
    std::uint64_t seen = 0;
    while (!chosen.limit || seen < *chosen.limit) {
        const auto next = questions->next();
        if (!next) break;
        if (!*next || !chosen.contains(++seen)) continue;
        const auto freedom = freedom_of_choices(**next);
        counts.multiple_choice += freedom != choice_freedom::no_choices;
        counts.in_text += freedom == choice_freedom::in_text;
        counts.bound += freedom == choice_freedom::bound;
    }
    return counts;
}

void keep_question_index(file_system& disk, const std::string& run_directory,
                         const question_index& index) {
    const auto path = join_path(run_directory, question_index_file);
    const auto text = encode(index);
    if (const auto kept = read_all(disk, path); kept && *kept == text) return;
    const auto temporary = path + std::string(temporary_suffix);
    auto created = create_anew(disk, temporary);
    if (!created || !(*created)->write_at(0, text) || !(*created)->sync()) return;
    (void)disk.replace(temporary, path);
}

} // namespace proctor
