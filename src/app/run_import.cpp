// Results are matched by the text of their question, never by number: a sampled run of the
// original numbered its sample.
#include "proctor/app/run_import.hpp"

#include "proctor/app/question_spool.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/json_members.hpp"
#include "proctor/codec/sha256.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/storage/run_builder.hpp"
#include "proctor/storage/run_view.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace proctor {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

std::optional<snapshot_key> snapshot_of(const std::string& path) {
    return parse_snapshot_name(fs::path(path).filename().string());
}

std::string directory_of(const std::string& path) {
    const auto parent = fs::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

std::optional<double> number_of(const json::object& entry, std::string_view name) {
    const auto* value = entry.if_contains({name.data(), name.size()});
    if (!value || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
}

bool is_set(const json::object& entry, std::string_view name) {
    const auto* value = entry.if_contains({name.data(), name.size()});
    return value && value->is_bool() && value->get_bool();
}

// The results of a checkpoint in the original's layout, by the text of their questions.
class foreign_checkpoint {
public:
    result<> read(file_system& disk, const std::string& path) {
        auto text = read_all(disk, path);
        if (!text) return text.error();
        boost::system::error_code ec;
        document_ = json::parse(*text, ec);
        if (ec)
            return failure{failure_code::bad_syntax, path,
                           "expected a JSON checkpoint: " + ec.message()};
        const auto* object = document_.if_object();
        const auto* results = object ? object->if_contains("results") : nullptr;
        if (!object || text_at(*object, "version") != "2.0" || !results || !results->is_array())
            return failure{failure_code::bad_value, path,
                           "expected a checkpoint with \"version\": \"2.0\" and \"results\""};
        for (const auto& entry : results->get_array()) sort_in(entry);
        return {};
    }

    // The model it was made with, if it says.
    std::string model() const {
        const json::value* at = &document_;
        for (const auto* name : {"config", "model", "generator_settings", "model"}) {
            const auto* object = at->if_object();
            at = object ? object->if_contains(name) : nullptr;
            if (!at) return {};
        }
        return at->is_string() ? std::string(at->get_string()) : std::string();
    }

    // The next result of a question with this text.
    const json::object* take(const std::string& question) {
        const auto found = by_question_.find(question);
        if (found == by_question_.end() || found->second.empty()) return nullptr;
        const auto* entry = found->second.front();
        found->second.pop_front();
        --usable_;
        return entry;
    }

    std::uint64_t shuffled() const { return shuffled_; }
    std::uint64_t failed() const { return failed_; }
    std::uint64_t left() const { return usable_; } // not taken

private:
    void sort_in(const json::value& value) {
        const auto* entry = value.if_object();
        const auto answer = entry ? text_at(*entry, "model_answer") : std::string_view();
        // The original wrote a request that failed where the answer belongs.
        if (answer.empty() || answer.starts_with("Error:") || is_set(*entry, "skipped")) {
            ++failed_;
            return;
        }
        shuffled_ += entry->contains("choice_order");
        by_question_[std::string(text_at(*entry, "question"))].push_back(entry);
        ++usable_;
    }

    json::value document_;
    std::unordered_map<std::string, std::deque<const json::object*>> by_question_;
    std::uint64_t usable_ = 0, failed_ = 0, shuffled_ = 0;
};

std::string imported_body(const question& asked, const json::object& entry) {
    answer said;
    said.text = text_at(entry, "model_answer");
    said.model_seconds = number_of(entry, "model_time_seconds").value_or(0);
    grade mark;
    mark.score = number_of(entry, "score");
    mark.evaluation_seconds = number_of(entry, "evaluation_time_seconds").value_or(0);
    if (const auto* evaluation = entry.if_contains("evaluation");
        evaluation && evaluation->is_object()) {
        const auto& marked = evaluation->get_object();
        if (!mark.score) mark.score = number_of(marked, "score");
        mark.reasoning = text_at(marked, "reasoning");
        mark.reference_choice = text_at(marked, "reference_choice");
        mark.model_choice = text_at(marked, "model_choice");
    }
    if (mark.score) mark.score = std::clamp(*mark.score, 0.0, 1.0);
    return result_body(asked, said, mark);
}

result<> import_json(file_system& disk, const std::string& path, run_builder& into,
                     const selection& chosen, const config& used, console& talk) {
    if (used.processing.repeats > 1)
        return failure{failure_code::mismatch, path,
                       "a JSON checkpoint has one result of each question; leave out "
                       "processing.repeats to go on with it"};
    if (used.processing.shuffle_choices)
        return failure{
            failure_code::mismatch, path,
            "a JSON checkpoint answers questions whose choices stand in the order of the "
            "set; leave out processing.shuffle_choices to go on with it"};
    foreign_checkpoint checkpoint;
    if (auto done = checkpoint.read(disk, path); !done) return done;
    if (const auto model = checkpoint.model(); !model.empty() && model != used.model.model)
        return failure{failure_code::mismatch, path,
                       fmt::format("this checkpoint is of something else:\n  model: it has \"{}\", "
                                   "you ask for \"{}\"",
                                   model, used.model.model)};
    if (checkpoint.shuffled() > 0)
        return failure{failure_code::mismatch, path,
                       fmt::format("it is of a run that shuffled the choices of {} questions; its "
                                   "answers are to others",
                                   thousands(checkpoint.shuffled()))};
    auto questions = question_reader::open(questions_path(used), fields_of(used));
    if (!questions) return questions.error();
    std::uint64_t taken = 0, seen = 0;
    while (!chosen.limit || seen < *chosen.limit) {
        const auto asked = questions->next();
        if (!asked) break;
        if (!*asked) {
            if (asked->error().code == failure_code::io_error) return asked->error();
            continue;
        }
        if (!chosen.contains(++seen)) continue;
        const auto* entry = checkpoint.take((*asked)->text);
        if (!entry) continue;
        const auto body = imported_body(**asked, *entry);
        if (body.size() > max_record_body) continue; // it is asked again
        if (auto done = into.add(record_of(record_kind::result, **asked, body)); !done) return done;
        ++taken;
    }
    // A shard need not be one that has any.
    if (taken == 0 && checkpoint.left() > 0 && used.processing.shard.empty())
        return failure{failure_code::mismatch, path,
                       fmt::format("none of its {} results is of a question in {}",
                                   thousands(checkpoint.left()),
                                   questions_name(used.questions_file))};
    talk.say(fmt::format("Imported {} results from {}", thousands(taken), path));
    if (checkpoint.failed() > 0)
        talk.warn(fmt::format("{} of its entries have no answer and are asked again",
                              thousands(checkpoint.failed())));
    if (checkpoint.left() > 0)
        talk.warn(fmt::format("{} of its results are of questions that are not put here",
                              thousands(checkpoint.left())));
    return into.finish({});
}

result<> import_snapshot(file_system& disk, const std::string& path, run_builder& into,
                         const run_identity& wanted, console& talk) {
    const auto as_of = run_view::open_as_of(disk, directory_of(path), *snapshot_of(path));
    if (!as_of) return as_of.error();
    const auto different = run_differences(as_of->identity().settings, wanted.settings);
    if (!different.empty())
        return failure{
            failure_code::mismatch, path,
            fmt::format("this snapshot is of something else:\n  {}", fmt::join(different, "\n  "))};
    const auto made = merge_runs({&*as_of}, into);
    if (!made) return made.error();
    talk.say(
        fmt::format("Back to {}: {} results", path, thousands(as_of->counted().completed_count())));
    return {};
}

} // namespace

result<std::string> import_source(file_system& disk, const std::string& path) {
    if (const auto key = snapshot_of(path)) {
        const auto reader = snapshot_reader::open(disk, directory_of(path), *key);
        if (!reader) return reader.error();
        return fmt::format("snapshot {}-{} of run {}", key->first_lsn, key->last_lsn,
                           to_hex(reader->header().run));
    }
    auto opened = disk.open(path);
    if (!opened) return opened.error();
    sha256 digest;
    std::string piece(std::size_t{1} << 20, '\0');
    for (std::uint64_t offset = 0;;) {
        const auto got = (*opened)->read_at(offset, piece);
        if (!got) return got.error();
        if (*got == 0) break;
        digest.update(std::string_view(piece).substr(0, *got));
        offset += *got;
    }
    return "sha256 " + digest.finish();
}

result<> import_checkpoint(file_system& disk, const std::string& path, const std::string& directory,
                           const run_identity& identity, store_options options, const config& used,
                           console& talk) {
    auto builder = run_builder::create(disk, directory, identity, std::move(options));
    if (!builder) return builder.error();
    auto done = snapshot_of(path) ? import_snapshot(disk, path, *builder, identity, talk)
                                  : import_json(disk, path, *builder,
                                                selection_of(identity.settings), used, talk);
    if (!done) builder->abandon();
    return done;
}

} // namespace proctor
