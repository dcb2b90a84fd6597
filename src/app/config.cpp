// The table of keys, and the ways into it and out of it.
#include "proctor/app/config.hpp"

#include "proctor/app/results_csv.hpp"
#include "proctor/codec/json_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <memory>
#include <numeric>
#include <type_traits>

namespace proctor {
namespace {

namespace json = boost::json;

template <class T>
constexpr bool always_false = false;

// clang-format off
const setting table[] = {
    {"questions_file", "", "", "the questions: JSON array, JSONL or CSV, .gz or .zst too, or - for those that come through a pipe; relative paths are tried from the configuration's folder, then from here", [](config& c) -> setting_field { return &c.questions_file; }},
    {"questions.fields", "", "", "what this set calls question, answer, choices (or several fields, with commas), context, category, id: {question: prompt}", [](config& c) -> setting_field { return &c.questions_fields; }},
    {"questions.keep", "", "", "fields of a question that go into its result as they are: [source, difficulty]", [](config& c) -> setting_field { return &c.questions_keep; }},

    {"model.generator.generator_type", "", "", "openai (vllm and argo mean the same), or simulated: an endpoint inside the program, to try things", [](config& c) -> setting_field { return &c.model.generator_type; }},
    {"model.generator_settings.model", "--model", "NAME", "what the endpoint calls the model; or a shortname of the registry, where no endpoint is named", [](config& c) -> setting_field { return &c.model.model; }},
    {"model.generator_settings.base_url", "--base-url", "URL", "the API root of an OpenAI-compatible endpoint, as https://host:port/v1; of several (a list, or said again) each takes what it can", [](config& c) -> setting_field { return &c.model.base_url; }},
    {"model.generator_settings.server", "", "", "with port, another way to say base_url: http://SERVER:PORT/v1", [](config& c) -> setting_field { return &c.model.server; }},
    {"model.generator_settings.port", "", "", "see server", [](config& c) -> setting_field { return &c.model.port; }},
    {"model.generator_settings.boot_local", "", "", "start the server (not available yet: without a base_url, true is an error)", [](config& c) -> setting_field { return &c.model.boot_local; }},
    {"model.generator_settings.api_key", "", "", "${VAR} takes it from the environment", [](config& c) -> setting_field { return &c.model.api_key; }},
    {"model.generator_settings.api_key_file", "", "", "a file whose first line is the key", [](config& c) -> setting_field { return &c.model.api_key_file; }},
    {"model.generator_settings.headers", "", "", "further request headers, name: value", [](config& c) -> setting_field { return &c.model.headers; }},
    {"model.generator_settings.endpoint", "--endpoint", "chat|completions", "completions: for base models, which go on with a text, by POST URL/completions", [](config& c) -> setting_field { return &c.model.endpoint; }},
    {"model.generator_settings.extra_body", "", "", "further members of each request: {top_p: 0.9, stop: [END], chat_template_kwargs: {enable_thinking: false}}", [](config& c) -> setting_field { return &c.model.extra_body; }},
    {"model.generator_settings.temperature", "", "", "of sampling", [](config& c) -> setting_field { return &c.model.temperature; }},
    {"model.generator_settings.max_tokens", "", "", "of an answer, at the most", [](config& c) -> setting_field { return &c.model.max_tokens; }},
    {"model.generator_settings.timeout", "--timeout", "S", "for one attempt, from the moment it is sent", [](config& c) -> setting_field { return &c.model.timeout; }},
    {"model.generator_settings.connect_timeout", "--connect-timeout", "S", "for address, TCP and TLS together", [](config& c) -> setting_field { return &c.model.connect_timeout; }},
    {"model.generator_settings.max_retries", "--max-retries", "N", "attempts after the first one, for what is worth retrying", [](config& c) -> setting_field { return &c.model.max_retries; }},

    {"model.generator_settings.retry_timeout", "", "", "no retry of a question begins later than this after its first attempt, outages apart", [](config& c) -> setting_field { return &c.model.retry_timeout; }},
    {"model.grader_shortname", "--grader", "NAME", "what marks the answers: extraction, or for free text contains or f1; or a model, by its shortname in the registry", [](config& c) -> setting_field { return &c.model.grader; }},
    {"model.model_config_file", "--model-config", "FILE", "the registry of models; without it, model_servers.yaml beside the configuration or here, if there is one", [](config& c) -> setting_field { return &c.model.registry; }},

    {"simulated.latency", "", "", "of generator_type simulated: 200ms, or lognormal:200ms,0.5 (median, sigma)", [](config& c) -> setting_field { return &c.simulated.latency; }},
    {"simulated.accuracy", "", "", "the share of the questions that it answers right", [](config& c) -> setting_field { return &c.simulated.accuracy; }},
    {"simulated.seed", "", "", "decides which ones", [](config& c) -> setting_field { return &c.simulated.seed; }},

    {"prompt.system", "", "", "a system message before each question; of completions the text before it", [](config& c) -> setting_field { return &c.prompt.system; }},
    {"prompt.template", "", "", "the user message, or the text for completions, with {question}, {choices} and {context} in it", [](config& c) -> setting_field { return &c.prompt.template_text; }},
    {"prompt.examples_file", "", "", "a question file whose questions, with their answers, come before each question", [](config& c) -> setting_field { return &c.prompt.examples_file; }},
    {"rag.enabled", "!--no-rag", "", "retrieve context (not available yet: true is an error)", [](config& c) -> setting_field { return &c.rag.enabled; }},
    {"rag.use_context_field", "", "", "put each question's own text into its prompt", [](config& c) -> setting_field { return &c.rag.use_context_field; }},
    {"tls.ca_file", "--ca-file", "FILE", "certificate authorities to trust, PEM, instead of the system's", [](config& c) -> setting_field { return &c.tls.ca_file; }},
    {"tls.client_certificate", "", "", "our certificate, PEM, for an endpoint that asks for one", [](config& c) -> setting_field { return &c.tls.client_certificate; }},
    {"tls.client_key", "", "", "its key, PEM, without a passphrase, if it is in a file of its own", [](config& c) -> setting_field { return &c.tls.client_key; }},
    {"tls.insecure_skip_verify", "", "", "trust any certificate: whoever is on the way can read and answer", [](config& c) -> setting_field { return &c.tls.insecure_skip_verify; }},

    {"processing.parallel_workers", "-j,--parallel,--max-connections", "N", "requests in flight, at the most", [](config& c) -> setting_field { return &c.processing.parallel_workers; }},
    {"processing.adaptive_parallelism", "!--fixed-parallelism", "", "look for what the endpoint can take, below that", [](config& c) -> setting_field { return &c.processing.adaptive_parallelism; }},
    {"processing.requests_per_minute", "--rpm", "N", "requests a minute, at the most", [](config& c) -> setting_field { return &c.processing.requests_per_minute; }},
    {"processing.tokens_per_minute", "--tpm", "N", "tokens a minute, at the most, of prompts and answers", [](config& c) -> setting_field { return &c.processing.tokens_per_minute; }},
    {"processing.enable_checkpointing", "!--disable-checkpointing", "", "keep a log to resume from", [](config& c) -> setting_field { return &c.processing.enable_checkpointing; }},
    {"processing.checkpoint_interval", "--checkpoint-interval", "N", "a checkpoint every N completed questions, and at least every second", [](config& c) -> setting_field { return &c.processing.checkpoint_interval; }},
    {"processing.checkpoint_directory", "--checkpoint-dir", "DIR", "where runs are kept", [](config& c) -> setting_field { return &c.processing.checkpoint_directory; }},
    {"processing.resume_from_checkpoint", "--resume-from", "PATH", "what to go on with: a run directory, one of its snapshots, or a JSON checkpoint", [](config& c) -> setting_field { return &c.processing.resume_from_checkpoint; }},
    {"processing.auto_resume", "!--no-auto-resume", "", "go on with the latest run that fits", [](config& c) -> setting_field { return &c.processing.auto_resume; }},
    {"processing.must_resume", "--must-resume", "", "rather exit 4 than start a new run", [](config& c) -> setting_field { return &c.processing.must_resume; }},
    {"processing.save_incremental", "--save-incremental", "", "a checkpoint after every question", [](config& c) -> setting_field { return &c.processing.save_incremental; }},
    {"processing.progress_bar", "!--no-progress-bar", "", "show progress", [](config& c) -> setting_field { return &c.processing.progress_bar; }},
    {"processing.random_selection", "--random", "N", "N questions by chance: what Python's random.seed(S); random.sample(questions, N) draws", [](config& c) -> setting_field { return &c.processing.random_selection; }},
    {"processing.random_seed", "--seed", "S", "of that selection and of shuffled choices (not of generation); without one it is drawn and recorded, and a resume adopts it", [](config& c) -> setting_field { return &c.processing.random_seed; }},
    {"processing.limit", "--limit", "N", "only the first N questions", [](config& c) -> setting_field { return &c.processing.limit; }},
    {"processing.repeats", "--repeats,--epochs", "K", "each question K times: pass@k, majority vote, spread", [](config& c) -> setting_field { return &c.processing.repeats; }},
    {"processing.shuffle_choices", "--shuffle-choices", "", "put the choices of each question, and of each repeat, in an order drawn by the seed", [](config& c) -> setting_field { return &c.processing.shuffle_choices; }},
    {"processing.shard", "--shard", "K/N|auto", "only every Nth question, from the Kth: one machine's share; auto takes K and N from the array job of Slurm or Grid Engine; proctor merge puts shards together", [](config& c) -> setting_field { return &c.processing.shard; }},
    {"processing.question_format", "--question-format", "auto|mc|qa", "mc: a record without choices is no question; qa: choices that are listed apart are left out, and the text of the right one is the reference answer; auto: each as what it is", [](config& c) -> setting_field { return &c.processing.question_format; }},
    {"processing.strict", "--strict", "", "stop at a record that is no question", [](config& c) -> setting_field { return &c.processing.strict; }},
    {"processing.retry_refused", "--retry-refused", "", "ask again what the endpoint refused for good", [](config& c) -> setting_field { return &c.processing.retry_refused; }},
    {"processing.max_failures", "--max-failures", "N|P%", "stop when more questions than this fail; a share counts once 100 have ended", [](config& c) -> setting_field { return &c.processing.max_failures; }},
    {"processing.max_total_tokens", "--max-total-tokens", "N", "stop when so many are spent, earlier sessions included", [](config& c) -> setting_field { return &c.processing.max_total_tokens; }},
    {"processing.max_time", "--max-time", "3h50m", "stop in good order after this time", [](config& c) -> setting_field { return &c.processing.max_time; }},
    {"processing.wait_for_endpoint", "--wait-for-endpoint", "S", "how long to wait for an endpoint that is not there at the start", [](config& c) -> setting_field { return &c.processing.wait_for_endpoint; }},
    {"processing.outage_timeout", "", "", "how long to wait for one that goes away later", [](config& c) -> setting_field { return &c.processing.outage_timeout; }},
    {"processing.grace_seconds", "", "", "for what is in flight when the run is interrupted", [](config& c) -> setting_field { return &c.processing.grace_seconds; }},
    {"processing.metrics_listen", "--metrics-listen", "HOST:PORT", "serve figures for Prometheus at http://HOST:PORT/metrics", [](config& c) -> setting_field { return &c.processing.metrics_listen; }},
    {"processing.verbose", "--verbose", "", "tell decisions: retries, waits", [](config& c) -> setting_field { return &c.processing.verbose; }},
    {"processing.quiet", "--quiet", "", "errors only", [](config& c) -> setting_field { return &c.processing.quiet; }},
    {"processing.show_answers", "--show-answers", "", "show each answer as it is marked", [](config& c) -> setting_field { return &c.processing.show_answers; }},
    {"processing.log_format", "--log-format", "text|json", "json: each message is an object on a line of its own, here and in run.log", [](config& c) -> setting_field { return &c.processing.log_format; }},

    {"processing.allow_unlocked", "--allow-unlocked", "", "go on where the file system has no locks, if no other process can start this run", [](config& c) -> setting_field { return &c.processing.allow_unlocked; }},
    {"processing.disk_full_timeout", "", "", "how long to wait for room on a full disk", [](config& c) -> setting_field { return &c.processing.disk_full_timeout; }},
    {"processing.segment_size_bytes", "", "", "a log segment of this size is sealed and compacted", [](config& c) -> setting_field { return &c.processing.segment_size_bytes; }},
    {"processing.grading", "--grading", "hybrid|model|extraction", "with a model that marks: ask it where extraction is unsure, always, or never", [](config& c) -> setting_field { return &c.processing.grading; }},

    {"output.output_directory", "--output-dir", "DIR", "where results go", [](config& c) -> setting_field { return &c.output.output_directory; }},
    {"output.output_prefix", "--output-prefix", "TEXT", "what their names begin with", [](config& c) -> setting_field { return &c.output.output_prefix; }},
    {"output.format", "", "", "json, jsonl or none", [](config& c) -> setting_field { return &c.output.format; }},
    {"output.save_incorrect", "--save-incorrect", "", "also a file of the questions that were answered wrong", [](config& c) -> setting_field { return &c.output.save_incorrect; }},

    {"prices.prompt", "", "", "of a million prompt tokens, for the cost in status, progress and figures", [](config& c) -> setting_field { return &c.prices.prompt; }},
    {"prices.completion", "", "", "of a million completion tokens", [](config& c) -> setting_field { return &c.prices.completion; }},
    {"prices.currency", "", "", "what these prices are in", [](config& c) -> setting_field { return &c.prices.currency; }},
};
// clang-format on

// Keys of the original system that change nothing here; what is said when they appear.
constexpr std::pair<std::string_view, std::string_view> inert_keys[] = {
    {"processing.enable_batching",
     "requests are not batched; processing.parallel_workers sets how many are in flight"},
    {"processing.batch_size", "requests are not batched"},
    {"processing.batch_timeout", "requests are not batched"},
    {"rag.retriever_config", "retrieval is not available"},
    {"rag.rag_config_file", "retrieval is not available"},
    {"rag.retrieval_top_k", "retrieval is not available"},
    {"rag.retrieval_score_threshold", "retrieval is not available"},
    {"rag.chunk_logging_enabled", "retrieval is not available"},
};

// How many letters of `a` are to be changed, put in or left out to make `b` of it; that it breaks
// off before the end of `b` counts as one.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto changed = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
        }
    }
    return std::min(row.back(), *std::min_element(row.begin(), row.end()) + 1);
}

bool is_section(std::string_view path) {
    const auto begins_with = [&](std::string_view key) {
        return key.size() > path.size() && key.starts_with(path) && key[path.size()] == '.';
    };
    return std::any_of(std::begin(table), std::end(table),
                       [&](const setting& entry) { return begins_with(entry.path); });
}

void collect(const YAML::Node& node, const std::string& path, const std::string& file,
             config_file& into) {
    const auto origin = fmt::format("{}:{}", file, node.Mark().line + 1);
    if (const auto reason = inert_reason(path); !reason.empty()) {
        into.notes.push_back(fmt::format("{}: {} is ignored: {}", origin, path, reason));
        return;
    }
    if (find_setting(path)) {
        into.assignments.push_back({path, std::make_shared<const YAML::Node>(node), origin});
        return;
    }
    if (!path.empty() && !is_section(path)) {
        into.problems.emplace_back(failure_code::bad_value, fmt::format("{}: {}", origin, path),
                                   unknown_key(path));
        return;
    }
    if (node.IsNull()) return;
    if (!node.IsMap()) {
        into.problems.emplace_back(
            failure_code::bad_value, origin,
            fmt::format("expected keys{}, found a value", path.empty() ? "" : " below " + path));
        return;
    }
    for (const auto& member : node) {
        const auto key = member.first.as<std::string>();
        collect(member.second, path.empty() ? key : path + "." + key, file, into);
    }
}

// Turns a scalar's text into a value, or says what was expected.
using problem = std::optional<std::string>;

std::string not_a(std::string_view expected, const std::string& text) {
    return fmt::format("expected {}, got '{}'", expected, text);
}

problem parse(const std::string& text, bool& into) {
    for (const auto yes : {"true", "True", "TRUE", "yes", "on"})
        if (text == yes) return into = true, std::nullopt;
    for (const auto no : {"false", "False", "FALSE", "no", "off"})
        if (text == no) return into = false, std::nullopt;
    return not_a("true or false", text);
}

problem parse(const std::string& text, std::uint64_t& into) {
    std::string digits;
    for (const char c : text)
        if (c != '_') digits += c;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, into);
    if (error != std::errc{} || stop != end || digits.empty()) return not_a("a whole number", text);
    return std::nullopt;
}

problem parse(const std::string& text, std::optional<std::uint64_t>& into) {
    std::uint64_t value = 0;
    auto wrong = parse(text, value);
    if (!wrong) into = value;
    return wrong;
}

problem parse(const std::string& text, double& into) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, into);
    if (error != std::errc{} || stop != end || !std::isfinite(into)) return not_a("a number", text);
    return std::nullopt;
}

problem parse(const std::string& text, std::optional<double>& into) {
    double value = 0;
    auto wrong = parse(text, value);
    if (!wrong) into = value;
    return wrong;
}

problem parse(const std::string& text, std::string& into) {
    return into = text, std::nullopt;
}
problem parse(const std::string& text, secret& into) {
    return into = {text, {}}, std::nullopt;
}

problem parse(const std::string& text, name_list& into) {
    return into = split_list(text), std::nullopt;
}

bool is_variable(std::string_view text) {
    return text.starts_with("${") && text.find('}') == text.size() - 1;
}

problem parse(const std::string& text, duration& into) {
    const auto value = parse_duration(text);
    if (!value) return not_a("a time such as 90, 250ms, 10m or 3h50m", text);
    into = *value;
    return std::nullopt;
}

problem parse(const std::string& text, std::optional<duration>& into) {
    duration value{};
    auto wrong = parse(text, value);
    if (!wrong) into = value;
    return wrong;
}

problem parse(const std::string& text, failure_limit& into) {
    const bool share = text.ends_with('%');
    const auto number = share ? text.substr(0, text.size() - 1) : text;
    double percent = 0;
    std::uint64_t count = 0;
    if (share ? parse(number, percent).has_value() || percent < 0 || percent > 100
              : parse(number, count).has_value())
        return not_a("a number or a percentage such as 20%", text);
    into = {};
    into.share.reset();
    if (share)
        into.share = percent / 100;
    else
        into.count = count;
    return std::nullopt;
}

problem parse_list(const YAML::Node& node, header_list& into, const environment& look_up) {
    if (!node.IsMap()) return "expected headers as name: value";
    into.clear();
    for (const auto& member : node) {
        if (!member.first.IsScalar() || !member.second.IsScalar())
            return "expected headers as name: value";
        auto value = member.second.as<std::string>();
        if (auto wrong = expand_variables(value, look_up)) return wrong;
        into.emplace_back(member.first.as<std::string>(), std::move(value));
    }
    return std::nullopt;
}

// A plain scalar is what YAML makes of it, a quoted one a text.
json::value json_of(const YAML::Node& node) {
    if (node.IsMap()) {
        json::object object;
        for (const auto& member : node) object[member.first.Scalar()] = json_of(member.second);
        return object;
    }
    if (node.IsSequence()) {
        json::array list;
        for (const auto& each : node) list.push_back(json_of(each));
        return list;
    }
    if (!node.IsScalar()) return nullptr;
    const auto& text = node.Scalar();
    constexpr std::string_view quoted = "!";
    if (node.Tag() == quoted) return json::string(text);
    bool yes = false;
    std::int64_t whole = 0;
    double number = 0;
    if (YAML::convert<bool>::decode(node, yes)) return yes;
    const char* end = text.data() + text.size();
    if (const auto [stop, error] = std::from_chars(text.data(), end, whole);
        error == std::errc{} && stop == end)
        return whole;
    if (!parse(text, number)) return number;
    return json::string(text);
}

problem parse_object(const YAML::Node& given, json::object& into) {
    auto node = given;
    try {
        if (node.IsScalar()) node.reset(YAML::Load(node.Scalar())); // --set, or what a run recorded
        auto value = json_of(node);
        if (!value.is_object()) return "expected names with values, as {name: value}";
        into = std::move(value.get_object());
        return std::nullopt;
    } catch (const YAML::Exception& error) {
        return "expected names with values, as {name: value}: " + error.msg;
    }
}

problem assign(config& into, const setting& entry, const YAML::Node& node,
               const environment& look_up) {
    const auto field = entry.of(into);
    if (node.IsNull()) { // unset: the default again
        config defaults;
        std::visit([&](auto* to) { *to = *std::get<decltype(to)>(entry.of(defaults)); }, field);
        return std::nullopt;
    }
    if (auto* const* headers = std::get_if<header_list*>(&field))
        return parse_list(node, **headers, look_up);
    if (auto* const* object = std::get_if<json::object*>(&field))
        return parse_object(node, **object);
    std::string text;
    if (node.IsSequence() &&
        (std::holds_alternative<name_list*>(field) || entry.path.ends_with(".base_url"))) {
        for (const auto& each : node) {
            if (!each.IsScalar()) return "expected a list of texts";
            text += (text.empty() ? "" : ",") + each.Scalar();
        }
    } else if (node.IsScalar()) {
        text = node.Scalar();
    } else {
        return "expected one value";
    }
    const auto source = is_variable(text) ? text : std::string();
    if (entry.path.starts_with("model.") || entry.path.starts_with("tls."))
        if (auto wrong = expand_variables(text, look_up)) return wrong;
    auto wrong = std::visit(
        [&](auto* to) -> problem {
            if constexpr (std::is_same_v<decltype(to), header_list*> ||
                          std::is_same_v<decltype(to), json::object*>)
                return std::nullopt; // handled above
            else
                return parse(text, *to);
        },
        field);
    if (auto* const* hidden = std::get_if<secret*>(&field)) (*hidden)->source = source;
    return wrong;
}

// Calls `enter` for each section of a path, outermost first; returns what is left: the key.
template <class Enter>
std::string_view descend(std::string_view path, Enter enter) {
    for (auto dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        enter(path.substr(0, dot));
        path.remove_prefix(dot + 1);
    }
    return path;
}

std::string seconds_text(duration time) {
    return fmt::format("{}", std::chrono::duration<double>(time).count());
}

std::string limit_text(const failure_limit& limit) {
    return limit.count ? fmt::format("{}", *limit.count)
                       : fmt::format("{}%", 100 * limit.share.value_or(1));
}

// What is wrong with one of questions.keep; empty if nothing is.
std::string trouble_with(const std::string& name) {
    const auto& taken = result_members();
    const auto columns = csv_columns();
    const bool is_member = std::find(taken.begin(), taken.end(), name) != taken.end();
    if (!is_member && std::find(columns.begin(), columns.end(), name) == columns.end()) return {};
    const bool says_the_same =
        std::find(std::begin(question_field_names), std::end(question_field_names), name) !=
        std::end(question_field_names);
    return says_the_same
               ? fmt::format("a result has the question's {0} without it; leave {0} out", name)
               : fmt::format("{0} is what a result calls something of its own; leave {0} out, or "
                             "give the field another name in the question file",
                             name);
}

} // namespace

std::span<const setting> all_settings() {
    return table;
}

const setting* find_setting(std::string_view path) {
    const auto* found = std::find_if(std::begin(table), std::end(table),
                                     [&](const setting& entry) { return entry.path == path; });
    return found == std::end(table) ? nullptr : found;
}

std::string unknown_key(std::string_view path) {
    std::vector<std::string_view> known;
    for (const auto& entry : table) known.push_back(entry.path);
    // A right key in the wrong section is the commonest slip.
    const auto leaf = path.substr(path.find_last_of('.') + 1);
    for (const auto key : known)
        if (key.substr(key.find_last_of('.') + 1) == leaf)
            return fmt::format("unknown key; did you mean {}?", key);
    const auto near = nearest(path, known);
    return near.empty() ? "unknown key (proctor config lists them)"
                        : fmt::format("unknown key; did you mean {}?", near);
}

std::string_view inert_reason(std::string_view path) {
    for (const auto& [key, reason] : inert_keys)
        if (path == key) return reason;
    return {};
}

config_file read_config_file(const std::string& path) {
    config_file read;
    try {
        std::ifstream file(path);
        if (!file) {
            read.problems.emplace_back(failure_code::not_found, path,
                                       "cannot open the configuration file");
            return read;
        }
        collect(YAML::Load(file), "", path, read);
    } catch (const YAML::Exception& error) {
        read.problems.emplace_back(failure_code::bad_syntax,
                                   fmt::format("{}:{}", path, error.mark.line + 1),
                                   "not YAML: " + error.msg);
    }
    return read;
}

result<assignment> assign_text(std::string_view path, const std::string& text, std::string origin) {
    if (!find_setting(path)) return failure{failure_code::bad_value, origin, unknown_key(path)};
    return assignment{std::string(path), std::make_shared<const YAML::Node>(text),
                      std::move(origin)};
}

// Names the first variable that is not set.
std::optional<std::string> expand_variables(std::string& text, const environment& look_up) {
    for (std::size_t at = 0; (at = text.find("${", at)) != std::string::npos;) {
        const auto end = text.find('}', at);
        if (end == std::string::npos) return "a ${ has no }";
        const auto name = text.substr(at + 2, end - at - 2);
        const auto value = look_up(name);
        if (!value) return fmt::format("the environment variable {} is not set", name);
        text.replace(at, end + 1 - at, *value);
        at += value->size();
    }
    return std::nullopt;
}

std::optional<std::string> expand_variables(secret& hidden, const environment& look_up) {
    hidden.source = is_variable(hidden.text) ? hidden.text : std::string();
    return expand_variables(hidden.text, look_up);
}

std::vector<failure> apply(config& into, const std::vector<assignment>& assignments,
                           const environment& look_up) {
    std::vector<failure> problems;
    for (const auto& each : assignments) {
        const auto* entry = find_setting(each.path);
        PROCTOR_ASSERT(entry);
        if (const auto wrong = assign(into, *entry, *each.value, look_up))
            problems.emplace_back(failure_code::bad_value,
                                  each.origin.starts_with("-") ? each.origin
                                                               : each.origin + ": " + each.path,
                                  *wrong);
    }
    return problems;
}

void fill_from_environment(config& into, const environment& look_up) {
    auto& model = into.model;
    const auto get = [&](const char* name) { return look_up(name).value_or(""); };
    const auto fill = [](std::string& to, const std::string& from) {
        if (to.empty()) to = from;
    };
    const auto fill_key = [&](const char* name) {
        if (model.api_key.text.empty()) model.api_key = {get(name), fmt::format("${{{}}}", name)};
        if (model.api_key.text.empty()) model.api_key.source.clear();
    };
    if (model.generator_type == "simulated") return;
    const bool placed = !model.base_url.empty() || !model.server.empty();
    if (model.generator_type == "argo") {
        if (!placed) fill(model.base_url, get("ARGO_BASE_URL"));
        fill_key("ARGO_API_KEY");
    } else if (model.generator_type == "vllm") {
        if (!placed) {
            fill(model.server, get("VLLM_SERVER"));
            if (!model.port) (void)parse(get("VLLM_PORT"), model.port);
        }
        fill_key("VLLM_API_KEY");
    }
    // A key is sent only where it belongs: to OpenAI itself, or to whom the same environment names.
    bool named_by_environment = false;
    if (model.base_url.empty() && model.server.empty()) {
        fill(model.base_url, get("OPENAI_BASE_URL"));
        fill(model.base_url, get("OPENAI_API_BASE"));
        named_by_environment = !model.base_url.empty();
    }
    if (model.api_key_file.empty() &&
        (named_by_environment || model.base_url.starts_with("https://api.openai.com/")))
        fill_key("OPENAI_API_KEY");
}

const std::string& questions_path(const config& used) {
    return used.questions_spool.empty() ? used.questions_file : used.questions_spool;
}

question_fields fields_of(const config& used) {
    question_fields fields;
    for (const auto& [ours, theirs] : used.questions_fields)
        if (theirs.is_string()) fields.names.emplace_back(ours, theirs.get_string());
    fields.kept = used.questions_keep;
    fields.format = parse_question_format(used.processing.question_format); // nothing: auto
    return fields;
}

name_list kept_fields(const json::object& recorded) {
    const auto* questions = recorded.if_contains("questions");
    const auto* kept =
        questions && questions->is_object() ? questions->get_object().if_contains("keep") : nullptr;
    return kept && kept->is_string() ? split_list(std::string(kept->get_string())) : name_list();
}

std::vector<failure> check(const config& used) {
    std::vector<failure> problems;
    const auto require = [&](bool fine, std::string_view where, std::string what) {
        if (!fine)
            problems.emplace_back(failure_code::bad_value, std::string(where), std::move(what));
    };
    const auto& type = used.model.generator_type;
    const bool simulated = type == "simulated";
    require(!used.questions_file.empty(), "questions_file",
            "no question file; name one: proctor run QUESTIONS");
    for (const auto& [name, theirs] : used.questions_fields) {
        const std::string_view ours(name.data(), name.size());
        require(std::find(std::begin(question_field_names), std::end(question_field_names), ours) !=
                    std::end(question_field_names),
                "questions.fields",
                fmt::format("there is no {}; there are {}", ours,
                            fmt::join(question_field_names, ", ")));
        require(theirs.is_string(), "questions.fields",
                fmt::format("expected the name of a field for {}", ours));
    }
    for (auto name = used.questions_keep.begin(); name != used.questions_keep.end(); ++name) {
        const auto wrong = trouble_with(*name);
        require(wrong.empty(), "questions.keep", wrong);
        require(std::find(used.questions_keep.begin(), name, *name) == name, "questions.keep",
                *name + " is named twice");
    }
    require(simulated || type == "openai" || type == "vllm" || type == "argo",
            "model.generator.generator_type", not_a("openai, vllm, argo or simulated", type));
    require(simulated || !used.model.model.empty(), "model.generator_settings.model",
            "no model; say --model NAME");
    require(simulated || used.model.boot_local || !used.model.base_url.empty() ||
                !used.model.server.empty(),
            "model.generator_settings.base_url",
            "no endpoint; say --base-url https://HOST/v1 (or set OPENAI_BASE_URL)");
    const auto local_port = used.model.port.value_or(8000);
    require(!used.model.boot_local || !used.model.base_url.empty(),
            "model.generator_settings.boot_local",
            fmt::format("a server is not started from here; start it with: vllm serve {} --port "
                        "{}; and say --base-url http://127.0.0.1:{}/v1",
                        used.model.model, local_port, local_port));
    require(used.model.endpoint == "chat" || used.model.endpoint == "completions",
            "model.generator_settings.endpoint", not_a("chat or completions", used.model.endpoint));
    for (const auto* ours : {"model", "messages", "prompt", "stream"})
        require(!used.model.extra_body.contains(ours), "model.generator_settings.extra_body",
                fmt::format("{} is not for it to say", ours));
    const auto& grading = used.processing.grading;
    require(grading == "hybrid" || grading == "model" || grading == "extraction",
            "processing.grading", not_a("hybrid, model or extraction", grading));
    const auto& log_format = used.processing.log_format;
    require(log_format == "text" || log_format == "json", "processing.log_format",
            not_a("text or json", log_format));
    require(used.prompt.template_text.empty() ||
                used.prompt.template_text.find("{question}") != std::string::npos,
            "prompt.template", "there is no {question} in it");
    require(used.processing.random_selection != 0u, "processing.random_selection",
            "expected a number above 0");
    const auto& part = used.processing.shard;
    require(part.empty() || part == "auto" || parse_shard(part), "processing.shard",
            not_a("K/N, K from 1 to N, such as 3/8, or auto", part));
    const bool draws = used.processing.random_selection || used.processing.shuffle_choices;
    require(part.empty() || !draws || used.processing.random_seed, "processing.random_seed",
            "each shard would draw for itself; say --seed S, the same for all");
    const auto& format = used.processing.question_format;
    require(format == "auto" || parse_question_format(format), "processing.question_format",
            not_a("auto, mc or qa", format));
    require(used.processing.repeats >= 1 && used.processing.repeats <= most_repeats,
            "processing.repeats", "expected a number from 1 to 1000");
    require(used.model.server.empty() || used.model.port, "model.generator_settings.port",
            "server needs a port");
    require(!used.model.port || (*used.model.port >= 1 && *used.model.port <= 65535),
            "model.generator_settings.port", "expected a port from 1 to 65535");
    require(used.model.temperature >= 0 && used.model.temperature <= 10,
            "model.generator_settings.temperature", "expected a number from 0 to 10");
    require(used.model.max_tokens >= 1 && used.model.max_tokens <= 10'000'000,
            "model.generator_settings.max_tokens", "expected a number from 1 to 10,000,000");
    require(used.model.timeout > duration::zero(), "model.generator_settings.timeout",
            "expected a time above 0");
    require(used.model.connect_timeout > duration::zero(),
            "model.generator_settings.connect_timeout", "expected a time above 0");
    require(used.model.max_retries <= 1000, "model.generator_settings.max_retries",
            "expected a number up to 1000");
    require(used.processing.parallel_workers >= 1 && used.processing.parallel_workers <= 100'000,
            "processing.parallel_workers", "expected a number from 1 to 100,000");
    require(used.processing.requests_per_minute != 0u, "processing.requests_per_minute",
            "expected a number above 0");
    require(used.processing.tokens_per_minute != 0u, "processing.tokens_per_minute",
            "expected a number above 0");
    require(used.processing.checkpoint_interval >= 1, "processing.checkpoint_interval",
            "expected a number above 0");
    require(used.processing.segment_size_bytes >= 8192 &&
                used.processing.segment_size_bytes <= std::uint64_t{1} << 32,
            "processing.segment_size_bytes", "expected a number from 8192 to 4294967296");
    require(!used.processing.checkpoint_directory.empty(), "processing.checkpoint_directory",
            "expected a directory");
    require(used.simulated.accuracy >= 0 && used.simulated.accuracy <= 1, "simulated.accuracy",
            "expected a number from 0 to 1");
    require(used.output.format == "json" || used.output.format == "jsonl" ||
                used.output.format == "none",
            "output.format", not_a("json, jsonl or none", used.output.format));
    require(
        !used.rag.enabled, "rag.enabled",
        "retrieval is not available; set it to false, or say --no-rag (rag.use_context_field: true "
        "puts each question's own text into its prompt)");
    require(used.prices.prompt.has_value() == used.prices.completion.has_value(), "prices",
            "prompt and completion go together; say 0 for what costs nothing");
    require(used.prices.prompt.value_or(0) >= 0 && used.prices.completion.value_or(0) >= 0,
            "prices", "expected numbers from 0");
    require(used.processing.enable_checkpointing || used.processing.resume_from_checkpoint.empty(),
            "processing.resume_from_checkpoint", "cannot resume with checkpointing disabled");
    require(used.processing.auto_resume || !used.processing.must_resume, "processing.must_resume",
            "does not go with --no-auto-resume");
    return problems;
}

std::string value_text(const config& used, const setting& entry) {
    // User information in a URL is refused by whoever would use it, but it may be shown before.
    if (entry.path.ends_with(".base_url") && used.model.base_url.find('@') != std::string::npos)
        return "***";
    auto copy = used;
    return std::visit(
        [](auto* value) -> std::string {
            using type = std::remove_pointer_t<decltype(value)>;
            if constexpr (std::is_same_v<type, std::string>)
                return *value;
            else if constexpr (std::is_same_v<type, secret>)
                return value->text.empty() ? "" : value->source.empty() ? "***" : value->source;
            else if constexpr (std::is_same_v<type, duration>)
                return seconds_text(*value);
            else if constexpr (std::is_same_v<type, std::optional<duration>>)
                return *value ? seconds_text(**value) : "";
            else if constexpr (std::is_same_v<type, failure_limit>)
                return limit_text(*value);
            else if constexpr (std::is_same_v<type, std::optional<std::uint64_t>> ||
                               std::is_same_v<type, std::optional<double>>)
                return *value ? fmt::format("{}", **value) : "";
            else if constexpr (std::is_same_v<type, header_list>)
                return value->empty() ? "" : "***";
            else if constexpr (std::is_same_v<type, name_list>)
                return fmt::format("{}", fmt::join(*value, ","));
            else if constexpr (std::is_same_v<type, json::object>)
                return value->empty() ? "" : json_text(*value);
            else
                return fmt::format("{}", *value);
        },
        entry.of(copy));
}

std::string redacted_yaml(const config& used) {
    YAML::Node root(YAML::NodeType::Map);
    for (const auto& entry : table) {
        auto node = root;
        const auto leaf = descend(
            entry.path, [&](std::string_view section) { node.reset(node[std::string(section)]); });
        const auto text = value_text(used, entry);
        node[std::string(leaf)] =
            text.empty() ? YAML::Node(YAML::NodeType::Null) : YAML::Node(text);
    }
    YAML::Emitter out;
    out << root;
    return std::string(out.c_str()) + "\n";
}

boost::json::object redacted_json(const config& used) {
    boost::json::object root;
    auto copy = used;
    for (const auto& entry : table) {
        auto* object = &root;
        const auto leaf = descend(entry.path, [&](std::string_view section) {
            auto& child = (*object)[{section.data(), section.size()}];
            if (!child.is_object()) child.emplace_object();
            object = &child.get_object();
        });
        const auto text = value_text(used, entry);
        (*object)[{leaf.data(), leaf.size()}] = std::visit(
            [&](auto* value) -> boost::json::value {
                using type = std::remove_pointer_t<decltype(value)>;
                if (text.empty()) return nullptr;
                if constexpr (std::is_arithmetic_v<type> || std::is_same_v<type, json::object>)
                    return *value;
                else if constexpr (std::is_same_v<type, std::optional<std::uint64_t>> ||
                                   std::is_same_v<type, std::optional<double>>)
                    return **value;
                else if constexpr (std::is_same_v<type, duration>)
                    return std::chrono::duration<double>(*value).count();
                else if constexpr (std::is_same_v<type, std::optional<duration>>)
                    return std::chrono::duration<double>(**value).count();
                else
                    return boost::json::string(text);
            },
            entry.of(copy));
    }
    return root;
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    auto best_distance = std::max<std::size_t>(word.size() / 3, 2) + 1;
    for (const auto candidate : known) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

} // namespace proctor
