// To standard output or a file, whatever state the run is in.
#include "proctor/app/export_command.hpp"

#include "proctor/app/cost.hpp"
#include "proctor/app/exit_status.hpp"
#include "proctor/app/report.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/storage/posix_file_system.hpp"

namespace proctor {
namespace {

namespace json = boost::json;

const json::value& member(const json::object& object, std::string_view name) {
    static const json::value nothing;
    const auto* value = object.if_contains(name);
    return value ? *value : nothing;
}

} // namespace

results_frame frame_of(file_system& disk, const run_view& run) {
    const auto& identity = run.identity();
    results_frame frame;
    frame.config = used_config(disk, run);
    const auto total =
        tasks_of(identity).value_or(run.counted().completed_count() + run.counted().failed_count());
    const auto repeats = read_repeats(run);
    if (!repeats) throw storage_trouble(repeats.error(), run.directory());
    const auto answers = read_answers(run);
    if (!answers) throw storage_trouble(answers.error(), run.directory());
    auto& about = frame.metadata;
    about["timestamp"] = iso_time(wall_now());
    about["version"] = PROCTOR_VERSION;
    about["model"] = member(identity.settings, "model");
    about["questions_file"] = member(identity.about, "questions_file");
    if (const auto* questions = member(identity.settings, "questions").if_object())
        about["questions_sha256"] = member(*questions, "sha256");
    about["run"] = run.directory();
    about["fingerprint"] = fingerprint(identity.settings);
    about["statistics"] =
        figures_json(run.counted(), total, prices_in(frame.config), repeats->get(), answers->get());
    about["config"] = frame.config;
    return frame;
}

int export_command(const export_options& options) {
    posix_file_system disk;
    const auto run = open_named_run(disk, options.run);
    if (options.format == results_format::checkpoint && repeats_of(run.identity().settings) > 1)
        throw cannot_start{exit_usage,
                           {"--format checkpoint: a JSON checkpoint has one result of each "
                            "question, and this run asks each several times"}};
    const auto frame = frame_of(disk, run);
    write_output(disk, options.output, run.directory(), [&](const text_sink& put) {
        return write_results(run, put, options.format, options.choice, frame);
    });
    return exit_complete;
}

} // namespace proctor
