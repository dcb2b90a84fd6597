// The configuration of a run: one table knows every key, its flag, its default and its meaning.
//
// YAML files, --set, flags and environment all end in that table, and so do --help, the redacted
// copy beside the results, and the check that configs/example.yaml has every key.
#pragma once

#include "proctor/app/cost.hpp"
#include "proctor/async/clock.hpp"
#include "proctor/core/error.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/pipeline/scheduler.hpp"
#include "proctor/storage/run_store.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace YAML {
class Node;
}

namespace proctor {

// Text that is never written anywhere; only what sends it may look. Where it came from may be
// written: a resume finds it there again.
struct secret {
    std::string text;
    std::string source; // "${VAR}", if it is that variable's value and nothing else
};

// An entry of the registry of models.
struct model_server {
    std::string shortname;
    std::string base_url;
    secret api_key;
    std::string model; // what the endpoint calls it
};

// Headers, in the order of the file.
using header_list = std::vector<std::pair<std::string, std::string>>;

using name_list = std::vector<std::string>; // a list, or a text with commas between

struct config {
    std::string questions_file;
    std::string questions_spool; // what came through that, if it is a pipe, once it is written down
    boost::json::object questions_fields;
    name_list questions_keep; // fields of a question that go into its result

    struct {
        std::string generator_type = "openai"; // or vllm, argo: the same; simulated
        std::string model;
        std::string base_url; // or several, with commas between
        std::string server;   // with port: another way to say base_url
        std::optional<std::uint64_t> port;
        bool boot_local = false;
        secret api_key;
        std::string api_key_file;
        header_list headers;
        std::string endpoint = "chat"; // or completions
        boost::json::object extra_body;
        double temperature = 0;
        std::uint64_t max_tokens = 1024;
        duration timeout = std::chrono::seconds{600};
        duration connect_timeout = std::chrono::seconds{10};
        std::uint64_t max_retries = 8;
        duration retry_timeout = retry_policy().time_limit;
        std::string grader = "extraction"; // one of grader_names(), or a shortname of the registry
        std::string registry;              // the registry's path
    } model;
    // The model that marks, as the registry has it; nothing: none is asked.
    std::optional<model_server> grader_server;
    // No model is examined: a regrade, or a resume of what one made. No key of the table.
    bool only_marks = false;

    struct {
        std::string latency = "50ms";
        double accuracy = 0.75;
        std::uint64_t seed = 1;
    } simulated;

    struct {
        std::string system;
        std::string template_text;
        std::string examples_file;
        std::string examples_sha256; // of that file, once it is loaded
    } prompt;

    struct {
        bool enabled = false;
        bool use_context_field = false;
    } rag;

    struct {
        std::string ca_file;
        std::string client_certificate;
        std::string client_key;
        bool insecure_skip_verify = false;
    } tls;

    struct {
        std::uint64_t parallel_workers = 256;
        bool adaptive_parallelism = true;
        std::optional<std::uint64_t> requests_per_minute;
        std::optional<std::uint64_t> tokens_per_minute;
        bool enable_checkpointing = true;
        std::uint64_t checkpoint_interval = 50;
        std::string checkpoint_directory = "checkpoints";
        std::string resume_from_checkpoint;
        bool auto_resume = true;
        bool must_resume = false;
        bool save_incremental = false;
        bool progress_bar = true;
        std::optional<std::uint64_t> random_selection;
        std::optional<std::uint64_t> random_seed;
        std::optional<std::uint64_t> limit;
        std::uint64_t repeats = 1; // each question so often
        bool shuffle_choices = false;
        std::string shard;                    // "3/8", or auto until it is loaded; empty: all
        std::string question_format = "auto"; // or mc, qa
        bool strict = false;
        bool retry_refused = false;
        failure_limit max_failures;
        std::optional<std::uint64_t> max_total_tokens;
        std::optional<duration> max_time;
        duration wait_for_endpoint = std::chrono::seconds{600};
        duration outage_timeout = std::chrono::minutes{60};
        duration grace_seconds = std::chrono::seconds{25};
        std::string metrics_listen;
        bool verbose = false;
        bool quiet = false;
        bool show_answers = false;
        std::string log_format = "text"; // or json
        bool allow_unlocked = false;
        duration disk_full_timeout = std::chrono::minutes{10};
        std::uint64_t segment_size_bytes = store_options().segment_size;
        std::string grading = "hybrid"; // or model, extraction
    } processing;

    struct {
        std::string output_directory = ".";
        std::string output_prefix = "rag_results";
        std::string format = "json"; // jsonl, none
        bool save_incorrect = false;
    } output;

    price_list prices;
};

// Where a key's value lives in a config.
using setting_field =
    std::variant<bool*, std::uint64_t*, std::optional<std::uint64_t>*, double*,
                 std::optional<double>*, std::string*, duration*, std::optional<duration>*, secret*,
                 failure_limit*, header_list*, name_list*, boost::json::object*>;

struct setting {
    std::string_view path;    // "processing.parallel_workers"
    std::string_view flags;   // as CLI11 takes them: "-j,--parallel"; empty: none; a leading '!'
                              // means that the flag says no
    std::string_view value;   // what --help calls its value: "N"
    std::string_view meaning; // one line
    setting_field (*of)(config&);
};

std::span<const setting> all_settings();
const setting* find_setting(std::string_view path);
// What to say of a path that is no key: which one may have been meant.
std::string unknown_key(std::string_view path);
// Why a key of the original system changes nothing here; empty if it is none of those.
std::string_view inert_reason(std::string_view path);

// Where a value came from, for errors: "configs/run.yaml:12", "--parallel".
struct assignment {
    std::string path;
    std::shared_ptr<const YAML::Node> value;
    std::string origin;
};

// Everything that a YAML file sets, in order. Unknown keys, keys of the original system that have
// no meaning here and broken YAML are told in `problems` and `notes`.
struct config_file {
    std::vector<assignment> assignments;
    std::vector<failure> problems;
    std::vector<std::string> notes;
};
config_file read_config_file(const std::string& path);
// The same for a value given as text on the command line.
result<assignment> assign_text(std::string_view path, const std::string& text, std::string origin);

// Applies in order, later wins. `environment` looks up ${VAR} in model.* and tls.*.
using environment = std::function<std::optional<std::string>(const std::string&)>;
std::vector<failure> apply(config&, const std::vector<assignment>&, const environment&);
// Puts ${VAR} in; what is wrong, if something is.
std::optional<std::string> expand_variables(std::string&, const environment&);
std::optional<std::string> expand_variables(secret&, const environment&);
// What only fills the gaps: OPENAI_BASE_URL, OPENAI_API_KEY and the original's variables.
void fill_from_environment(config&, const environment&);
// The file that holds the questions: questions_file, or the spool of a pipe.
const std::string& questions_path(const config&);
// questions.fields, questions.keep and processing.question_format, for who reads questions.
question_fields fields_of(const config&);
// questions.keep of a configuration as redacted_json() has it.
name_list kept_fields(const boost::json::object& recorded);
// What no single key can tell: what is missing, what does not go together.
std::vector<failure> check(const config&);

// The configuration as it is used, as YAML; secrets left out.
std::string redacted_yaml(const config&);
// The same as JSON, with numbers as numbers.
boost::json::object redacted_json(const config&);
// A key's value as text; for a secret that is set the variable it came from, or "***".
std::string value_text(const config&, const setting&);

// The entry of `known` that a typing error would have made `word` of; empty if none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

} // namespace proctor
