// The composition root: everything that a run needs is built here, in order, and taken down in
// the opposite one.
//
//   configuration → questions counted → run found or made → endpoint, model, grader, log →
//   questions put → log closed → results and figures
#include "proctor/app/run_command.hpp"

#include "proctor/app/console.hpp"
#include "proctor/app/dry_run.hpp"
#include "proctor/app/exit_status.hpp"
#include "proctor/app/load_config.hpp"
#include "proctor/app/metrics.hpp"
#include "proctor/app/progress_reporter.hpp"
#include "proctor/app/question_counting.hpp"
#include "proctor/app/question_spool.hpp"
#include "proctor/app/regrade.hpp"
#include "proctor/app/report.hpp"
#include "proctor/app/results_file.hpp"
#include "proctor/app/run_directory.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/app/session_record.hpp"
#include "proctor/async/run.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/model_grader.hpp"
#include "proctor/net/endpoint.hpp"
#include "proctor/pipeline/asking.hpp"
#include "proctor/pipeline/scheduler.hpp"
#include "proctor/sim/simulated_endpoint.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

namespace proctor {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

log_form form_of(const config& used) {
    return used.processing.log_format == "json" ? log_form::json : log_form::text;
}

// A run, from its first message to its last.
class run_session {
public:
    run_session(const command_line& line, loaded_config loaded)
        : line_(line), config_(std::move(loaded.used)), variables_(std::move(loaded.variables)),
          console_(config_.processing.quiet     ? loudness::quiet
                   : config_.processing.verbose ? loudness::verbose
                                                : loudness::normal,
                   config_.processing.progress_bar, form_of(config_)),
          control_(context_.get_executor()), random_(random_number()) {
        retry_policy_.max_retries = static_cast<unsigned>(config_.model.max_retries);
        retry_policy_.time_limit = config_.model.retry_timeout;
    }

    int run() {
        try {
            read_pipe();
            index_ = count_questions(config_, disk_, console_);
            total_ = task_count(config_, index_.census);
            check_shard();
            check_repeats();
            raise_descriptor_limit();
            listen_for_metrics();
            open_endpoints(); // before there is a run: a bad URL should leave nothing behind
            if (line_.dry_run && config_.only_marks)
                throw cannot_start{exit_usage,
                                   {"--dry-run: this run only marks, and puts no "
                                    "question that could be shown"}};
            if (line_.dry_run) return rehearse();
            auto opened =
                line_.command == "regrade"
                    ? open_regraded(config_, index_, disk_, console_, started_, line_.run, *grader_)
                    : open_run(config_, index_, disk_, console_, started_);
            keep_questions(opened.store->directory());
            time_in_names_ = time_in_names(*opened.store);
            chosen_ = selection_of(opened.store->identity().settings);
            shuffle_seed_ = shuffle_seed_of(opened.store->identity().settings);
            write_config();
            begin_log(std::move(opened));
        } catch (const cannot_start& wrong) {
            for (const auto& message : wrong.messages) console_.error(message);
            return wrong.status;
        }
        try {
            run_to_completion(context_, session());
        } catch (const std::exception& bug) {
            // Coroutines stand where it left them: nothing that a destructor could tidy up.
            console_.error(fmt::format("internal error: {}", bug.what()));
            std::_Exit(exit_internal);
        }
        return finish();
    }

    void note(const std::string& text) { console_.say(text); }

private:
    // --- before anything is put -----------------------------------------------------------------

    // Questions that can be read once are written down first.
    void read_pipe() {
        if (!is_pipe(config_.questions_file)) return;
        const bool kept = config_.processing.enable_checkpointing && !line_.dry_run;
        const auto place = line_.dry_run ? fs::temp_directory_path().string()
                           : kept        ? config_.processing.checkpoint_directory
                                         : config_.output.output_directory;
        spool_.emplace(disk_, config_.questions_file, place);
        if (!kept) spool_->hide();
        config_.questions_spool = spool_->path();
    }

    // For the next session: what a pipe brought, and what was counted.
    void keep_questions(const std::string& run_directory) {
        if (!config_.processing.enable_checkpointing) return;
        if (spool_) {
            spool_->keep_in(run_directory);
            config_.questions_spool = spool_->path();
            const auto stamp = stamp_of(spool_->path()); // a new name is a new ctime
            if (!stamp) throw usage_error(stamp.error());
            index_.stamp = *stamp;
        }
        keep_question_index(disk_, run_directory, index_);
    }

    void begin_log(opened_run opened) {
        const auto& processing = config_.processing;
        completed_before_ = opened.counted.completed_count();
        checkpoint_settings settings;
        settings.mode = !processing.enable_checkpointing ? durability::none
                        : processing.save_incremental    ? durability::every_result
                                                         : durability::by_interval;
        settings.interval = processing.checkpoint_interval;
        settings.full_disk_patience = processing.disk_full_timeout;
        log_.emplace(
            context_.get_executor(), clock_, disk_, std::move(opened.store),
            std::move(opened.counted), settings,
            [this](std::span<const outcome> durable) { acknowledge(durable); },
            [this](const std::string& trouble) { console_.warn(trouble); });
        make_groups();
        reporter_.emplace(config_, console_, clock_, disk_, *log_, *group_,
                          grader_group_ ? &*grader_group_ : nullptr, total_);
    }

    void check_shard() const {
        if (total_ > 0 || config_.processing.shard.empty()) return;
        throw cannot_start{exit_usage,
                           {fmt::format("processing.shard: {} has no question: there are only {}",
                                        config_.processing.shard,
                                        thousands(selected_count(config_, index_.census)))}};
    }

    void check_repeats() {
        const auto repeats = config_.processing.repeats;
        if (repeats == 1) return;
        if (index_.census.records > highest_question / repeats)
            throw cannot_start{exit_usage,
                               {fmt::format("processing.repeats: {} times {} records are more than "
                                            "the {} that a run may have",
                                            repeats, index_.census.records, highest_question)}};
        if (config_.model.temperature == 0 && !config_.processing.shuffle_choices)
            console_.warn(
                "processing.repeats: at temperature 0 a model may say the same each time; "
                "model.generator_settings.temperature sets another");
    }

    void write_config() const {
        const auto path = output_path("config", "yaml");
        std::error_code ec;
        fs::create_directories(config_.output.output_directory, ec);
        std::ofstream file(path);
        file << "# As used by proctor " PROCTOR_VERSION ", " << iso_time(started_)
             << "; secrets are left out.\n"
             << redacted_yaml(config_);
        if (!file.flush())
            throw cannot_start{exit_disk, {path + ": cannot write the configuration"}};
    }

    // A connection to each endpoint, or both ends where that is in this process, and some for
    // files.
    void raise_descriptor_limit() const {
        constexpr rlim_t for_files = 64;
        const rlim_t sides = std::max<rlim_t>(config_.model.generator_type == "simulated" ? 2 : 1,
                                              split_list(config_.model.base_url).size());
        const rlim_t graders = config_.grader_server ? 1 : 0;
        const rlim_t needed = (sides + graders) * config_.processing.parallel_workers + for_files;
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
        const auto allowed = limit.rlim_max;
        limit.rlim_cur = std::min(needed, allowed);
        if (needed > allowed || ::setrlimit(RLIMIT_NOFILE, &limit) != 0)
            throw cannot_start{
                exit_usage,
                {fmt::format("processing.parallel_workers: {} needs {} open files, and "
                             "the system allows {} (ulimit -Hn); say --parallel {}",
                             config_.processing.parallel_workers, needed, allowed,
                             allowed > for_files ? (allowed - for_files) / (sides + graders) : 1)}};
    }

    void listen_for_metrics() {
        if (config_.processing.metrics_listen.empty()) return;
        auto opened = page_listener::open(context_.get_executor(), "processing.metrics_listen",
                                          config_.processing.metrics_listen,
                                          metrics_pages([this] { return metrics_page(); }));
        if (!opened) throw usage_error(opened.error());
        metrics_ = std::move(*opened);
        console_.say("Metrics at " + metrics_->url() + "metrics");
    }

    std::string metrics_page() const {
        metrics now;
        now.figures = final_figures();
        now.in_flight = group_->in_flight();
        now.waiting = group_->waiting();
        now.not_durable_bytes = log_->waiting_bytes();
        for (std::size_t i = 0; i < group_->size(); ++i)
            now.endpoints.push_back({endpoint_names_[i], group_->in_flight_of(i),
                                     group_->limit_of(i), group_->is_there(i)});
        return metrics_text(log_->counted(), now);
    }

    void open_endpoints() {
        endpoint_options options;
        // (In a session that only marks the model is there by name alone.)
        const bool simulated = config_.model.generator_type == "simulated" && !config_.only_marks;
        model_settings settings;
        settings.prompt = prompting();
        if (simulated) start_simulation(options, settings.prompt);
        set_common(options);
        if (config_.tls.insecure_skip_verify)
            console_.warn("tls.insecure_skip_verify is set: the endpoint's certificate is not "
                          "verified; whoever is on the way can read the key and answer");
        options.api_key = config_.model.api_key.text;
        options.headers = config_.model.headers;
        scrubber_.add(options.api_key);
        for (const auto& [name, value] : options.headers) {
            scrubber_.add(value);
            // "Bearer TOKEN": a server may repeat the token alone.
            if (const auto space = value.rfind(' '); space != std::string::npos)
                scrubber_.add(value.substr(space + 1));
        }
        settings.sampling.extra_body = config_.model.extra_body;
        settings.sampling.model = config_.model.model;
        settings.sampling.temperature = config_.model.temperature;
        settings.sampling.max_tokens = static_cast<std::uint32_t>(config_.model.max_tokens);
        for (const auto& url : split_list(config_.model.base_url)) {
            const auto root = parse_api_root(url);
            if (!root) throw usage_error(root.error());
            options.root = *root;
            options.proxy.reset();
            if (!simulated) find_way(options);
            auto made = make_endpoint(context_.get_executor(), options);
            if (!made) throw usage_error(made.error());
            endpoints_.push_back(std::move(*made));
            models_.emplace_back(*endpoints_.back(), clock_, scrubber_, settings);
            endpoint_names_.push_back(root->text());
        }
        open_grader();
    }

    // What does not depend on who is asked.
    void set_common(endpoint_options& options) const {
        options.tls.ca_file = config_.tls.ca_file;
        options.tls.client_certificate = config_.tls.client_certificate;
        options.tls.client_key = config_.tls.client_key;
        options.tls.insecure_skip_verify = config_.tls.insecure_skip_verify;
        options.timeout = config_.model.timeout;
        options.connect_timeout = config_.model.connect_timeout;
    }

    void open_grader() {
        if (!config_.grader_server) {
            grader_ = make_grader(grader_name(config_));
            PROCTOR_ASSERT(grader_);
            return;
        }
        const auto& server = *config_.grader_server;
        endpoint_options options;
        set_common(options);
        const auto root = parse_api_root(server.base_url);
        if (!root) throw usage_error(root.error());
        options.root = *root;
        options.api_key = server.api_key.text;
        scrubber_.add(options.api_key);
        find_way(options);
        auto made = make_endpoint(context_.get_executor(), std::move(options));
        if (!made) throw usage_error(made.error());
        grader_endpoint_ = std::move(*made);
        model_settings settings;
        settings.sampling.model = server.model;
        grader_clients_.emplace_back(*grader_endpoint_, clock_, scrubber_, settings);
        grader_names_.push_back(fmt::format("grader {}", server.shortname));
        grader_ = std::make_unique<model_grader>(
            config_.processing.grading == "model" ? grading_way::model : grading_way::hybrid,
            [this](const question& prompt) { return ask_grader(prompt); });
    }

    asio::awaitable<result<answer>> ask_grader(const question& prompt) {
        if (!grader_group_) { // a rehearsal, which has no patience
            auto reply = co_await grader_clients_.front().ask(prompt);
            if (!reply) co_return named(reply.error().why, grader_names_.front());
            co_return std::move(reply->said);
        }
        const asked_model model{clock_,           grader_clients_, *grader_group_,
                                control_,         random_,         retry_policy_,
                                on_grader_retry_, grader_figures_, grader_names_.front()};
        auto outcome = co_await ask_until_answered(model, prompt);
        if (outcome.said) co_return std::move(*outcome.said);
        if (outcome.gave_up && outcome.gave_up->refused)
            co_return failure(failure_code::refused_content, "", outcome.gave_up->message);
        co_return failure(failure_code::bad_response, "",
                          outcome.gave_up ? outcome.gave_up->message : "the run stops");
    }

    prompt_settings prompting() const {
        prompt_settings settings;
        if (config_.model.endpoint == "completions") settings.spoken = dialect::completions;
        settings.system = config_.prompt.system;
        settings.use_context = config_.rag.use_context_field;
        settings.template_text = config_.prompt.template_text;
        if (config_.prompt.examples_file.empty()) return settings;
        auto examples = question_reader::open(config_.prompt.examples_file);
        if (!examples) throw usage_error(examples.error());
        while (const auto next = examples->next()) {
            if (!*next) throw usage_error(next->error());
            settings.examples.push_back(
                {word_question(**next, settings), (*next)->reference_answer});
        }
        return settings;
    }

    void make_groups() {
        const auto& processing = config_.processing;
        group_settings settings;
        settings.parallel = processing.parallel_workers;
        settings.adaptive = processing.adaptive_parallelism;
        settings.patience_at_start = processing.wait_for_endpoint;
        settings.patience = processing.outage_timeout;
        if (grader_endpoint_) make_group(grader_group_, grader_clients_, grader_names_, settings);
        // The rates are those of the model's account.
        settings.requests_a_minute = processing.requests_per_minute;
        settings.tokens_a_minute = processing.tokens_per_minute;
        make_group(group_, models_, endpoint_names_, settings);
    }

    void make_group(std::optional<endpoint_group>& group, std::deque<model_client>& clients,
                    const std::vector<std::string>& names, const group_settings& settings) {
        endpoint_group::listeners heard;
        heard.on_event = [this, &names](std::size_t which, const std::string& what) {
            console_.warn(fmt::format("{} {}", names[which], what));
        };
        heard.on_limit = [this, &names](std::size_t which,
                                        const concurrency_limit::change& change) {
            console_.detail(fmt::format("{}: {} requests at a time, {} before: {}", names[which],
                                        change.to, change.from, change.why));
        };
        const std::string who = &names == &grader_names_ ? names.front() : "";
        heard.on_end = [this, who](const attempt_failure& failed, bool refused) {
            control_.stop({refused ? stop_cause::endpoint_refused : stop_cause::endpoint_away, 0,
                           named(failed.why, who)});
        };
        group.emplace(
            context_.get_executor(), clock_, clients.size(), settings,
            [&clients](std::size_t which) { return clients[which].probe(); }, std::move(heard));
    }

    // Through a proxy, if the environment names one.
    void find_way(endpoint_options& options) {
        auto found = find_proxy(options.root, variables_);
        if (!found) throw usage_error(found.error());
        options.proxy = std::move(*found);
        if (!options.proxy) return;
        for (auto& secret : options.proxy->secrets()) scrubber_.add(std::move(secret));
        console_.detail("Requests go through the proxy " + options.proxy->text());
    }

    // A real HTTPS server in this process; only its model is simulated.
    void start_simulation(endpoint_options& options, const prompt_settings& prompt) {
        const auto latency = parse_latency(config_.simulated.latency);
        if (!latency) throw usage_error(latency.error());
        auto key = answer_key::read(questions_path(config_), fields_of(config_), prompt);
        if (!key) throw usage_error(key.error());
        simulator_options simulator;
        simulator.latency = *latency;
        simulator.accuracy = config_.simulated.accuracy;
        simulator.seed = config_.simulated.seed;
        simulator.key = std::move(*key);
        simulation_ = std::make_unique<simulated_endpoint>(std::move(simulator));
        if (auto started = simulation_->start(); !started) throw usage_error(started.error());
        config_.model.base_url = simulation_->base_url();
        options.tls.ca_pem = simulation_->authority_pem();
    }

    // --- instead of a run -----------------------------------------------------------------------

    int rehearse() {
        const auto prospect = run_prospect(config_, index_, disk_, console_, started_);
        const auto prompt = prompting();
        rehearsal_end end{exit_internal, {}};
        std::exception_ptr trouble; // kept until the connections are closed
        const rehearsal what{config_,         index_,   prospect,  prompt, models_,
                             endpoint_names_, *grader_, scrubber_, clock_};
        const auto all = [&]() -> asio::awaitable<void> {
            try {
                end = co_await dry_run(what);
            } catch (...) {
                trouble = std::current_exception();
            }
            for (const auto& each : endpoints_) co_await each->stop();
            if (grader_endpoint_) co_await grader_endpoint_->stop();
        };
        run_to_completion(context_, all());
        if (trouble) std::rethrow_exception(trouble);
        if (!end.why.empty()) console_.error(end.why);
        return end.status;
    }

    // --- while questions are put ----------------------------------------------------------------

    asio::awaitable<void> session() {
        const auto executor = co_await asio::this_coro::executor;
        task_context tasks{clock_,
                           models_,
                           *group_,
                           *grader_,
                           *log_,
                           control_,
                           grader_group_ ? &*grader_group_ : nullptr,
                           random_,
                           retry_policy_,
                           {},
                           {},
                           {}};
        tasks.on_retry = [this](const question& asked, const attempt_failure& failed,
                                const retry_decision& decision) {
            tell_retry(asked, failed, decision);
        };
        on_grader_retry_ = tasks.on_retry;
        if (config_.processing.show_answers)
            tasks.on_result = [this](const question& asked, const answer& said, const grade& mark) {
                show_answer(asked, said, mark);
            };

        task_group helpers(executor);
        helpers.spawn(watch_signals());
        helpers.spawn(watch_log());
        if (metrics_) metrics_->start();
        const bool works = work_is_left();
        if (works) {
            log_session(session_begin_body(config_, index_, started_));
            if (!config_.only_marks) co_await find_endpoint(tasks);
            reporter_->begin();
            helpers.spawn(reporter_->watch());
            auto questions =
                question_reader::open(questions_path(config_), index_, {}, fields_of(config_));
            if (!questions)
                control_.stop({questions.error().code == failure_code::mismatch
                                   ? stop_cause::broken_question
                                   : stop_cause::storage,
                               0, questions.error()});
            else if (!control_.stopping())
                co_await put_questions(tasks, std::move(*questions), scheduling());
        }
        if (works)
            log_session(session_end_body(control_.stopping() ? to_string(control_.reason()->cause)
                                                             : "finished",
                                         log_->counted().completed_count(), wall_now()));
        const auto closed = co_await log_->stop();
        if (!closed) control_.stop({stop_cause::storage, 0, closed.error()});
        helpers.cancel();
        co_await helpers.join();
        if (metrics_) co_await metrics_->stop();
        co_await group_->stop();
        for (const auto& each : endpoints_) co_await each->stop();
        if (grader_group_) co_await grader_group_->stop();
        if (grader_endpoint_) co_await grader_endpoint_->stop();
        retries_ = tasks.figures.retries;
        seconds_ = reporter_->current().elapsed_seconds;
        reporter_->draw_last();
    }

    void log_session(const std::string& body) {
        log_->append({record_kind::session, 0, 0, body}, outcome(record_kind::session, 0));
    }

    bool work_is_left() const {
        const auto& counted = log_->counted();
        if (config_.only_marks) return counted.answered_count() > 0;
        const auto given_up = config_.processing.retry_refused ? 0 : counted.refused_count();
        return counted.completed_count() + given_up < total_;
    }

    scheduler_settings scheduling() const {
        scheduler_settings settings;
        settings.chosen = chosen_;
        settings.repeats = static_cast<std::uint16_t>(config_.processing.repeats);
        settings.shuffle_seed = shuffle_seed_;
        settings.retry_refused = config_.processing.retry_refused;
        settings.strict = config_.processing.strict;
        settings.only_marks = config_.only_marks;
        settings.grace = config_.processing.grace_seconds;
        settings.max_failures = config_.processing.max_failures;
        if (!config_.only_marks) settings.max_total_tokens = config_.processing.max_total_tokens;
        settings.max_time = config_.processing.max_time;
        settings.index = &index_;
        return settings;
    }

    // Waits for the endpoint, but not once the run is to stop.
    asio::awaitable<void> find_endpoint(task_context& tasks) {
        task_group search(co_await asio::this_coro::executor);
        bool over = false;
        auto look = [](run_session& self, task_context& run, bool& flag) -> asio::awaitable<void> {
            std::function<void(const attempt_failure&, duration)> tell =
                [&self](const attempt_failure& failed, duration) { self.tell_wait(failed); };
            co_await await_endpoint(run, tell);
            flag = true;
            self.control_.changed().notify();
        };
        search.spawn(look(*this, tasks, over));
        while (!over && !control_.stopping()) co_await control_.changed().wait();
        search.cancel();
        co_await search.join();
    }

    void tell_wait(const attempt_failure& failed) {
        const auto now = clock_.now();
        if (last_wait_told_ && now - *last_wait_told_ < std::chrono::seconds{10}) return;
        last_wait_told_ = now;
        console_.say(
            fmt::format("Waiting for the endpoint, up to {}: {}",
                        clock_time(std::chrono::duration<double>(group_->patience()).count()),
                        failed.why.message()));
    }

    // "17", or "17#2" where each question is asked several times.
    std::string name_of(question_id task) const {
        const auto repeats = config_.processing.repeats;
        return repeats > 1
                   ? fmt::format("{}#{}", question_of(task, repeats), repeat_of(task, repeats))
                   : fmt::format("{}", task);
    }

    void tell_retry(const question& asked, const attempt_failure& failed,
                    const retry_decision& decision) {
        using action = retry_decision::action;
        const auto seconds = std::chrono::duration<double>(decision.after).count();
        const auto what = decision.what == action::retry ? fmt::format("again in {:.1f} s", seconds)
                          : decision.what == action::wait
                              ? fmt::format("endpoint away, again in {:.1f} s", seconds)
                          : decision.what == action::fail_question ? std::string("given up")
                                                                   : std::string("the run stops");
        console_.detail(
            fmt::format("question {}: {}: {}", name_of(asked.task()), failed.why.message(), what),
            {{"question_id", asked.number},
             {"error_kind", to_string(failed.why.code)},
             {"error_status", failed.status},
             {"after_seconds", seconds}});
        if (decision.what == action::wait)
            tell_wait(failed);
        else
            tell_trouble(failed);
    }

    // Without --verbose: that attempts fail, the first time at once, then now and again.
    void tell_trouble(const attempt_failure& failed) {
        ++untold_failures_;
        const auto now = clock_.now();
        if (last_trouble_told_ && now - *last_trouble_told_ < std::chrono::seconds{30}) return;
        last_trouble_told_ = now;
        console_.warn(fmt::format("{} failed; the latest: {}",
                                  untold_failures_ == 1
                                      ? std::string("an attempt")
                                      : fmt::format("{} attempts", thousands(untold_failures_)),
                                  failed.why.message()),
                      {{"attempts", untold_failures_},
                       {"error_kind", to_string(failed.why.code)},
                       {"error_status", failed.status}});
        untold_failures_ = 0;
    }

    void show_answer(const question& asked, const answer& said, const grade& mark) {
        console_.say(fmt::format("question {}: {} [{}] {}", name_of(asked.task()),
                                 mark.score ? (*mark.score >= 1 ? "right" : "wrong") : "unmarked",
                                 mark.reasoning, said.text.substr(0, 200)));
    }

    asio::awaitable<void> watch_signals() {
        asio::signal_set signals(co_await asio::this_coro::executor);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
            // What we were started to ignore (nohup, a background job) stays ignored.
            struct sigaction inherited{};
            ::sigaction(number, nullptr, &inherited);
            if (inherited.sa_handler != SIG_IGN) signals.add(number);
        }
        for (;;) {
            const auto [error, number] =
                co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
            if (error) co_return;
            if (!control_.stopping()) {
                console_.say(fmt::format(
                    "Interrupted: no new questions; {} in flight get up to {:.0f} s "
                    "(again to leave at once)",
                    reporter_->current().in_flight,
                    std::chrono::duration<double>(config_.processing.grace_seconds).count()));
                control_.stop({stop_cause::signal, number, {}});
            } else {
                control_.hurry();
                log_->hurry();
            }
        }
    }

    // Passes the log's news on to whoever waits for the run to change.
    asio::awaitable<void> watch_log() {
        for (;;) {
            co_await log_->changed().wait();
            if (log_->failed()) control_.stop({stop_cause::storage, 0, *log_->failed()});
            control_.changed().notify();
        }
    }

    // For supervisors: which questions will never be asked again.
    void acknowledge(std::span<const outcome> durable) {
        if (line_.acknowledge_fd < 0) return;
        std::string text;
        for (const auto& what : durable)
            if (what.kind == record_kind::result) text += name_of(what.question) + '\n';
        for (std::string_view left = text; !left.empty();) {
            const auto written = ::write(line_.acknowledge_fd, left.data(), left.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0 && errno == EAGAIN) { // never half a number: wait for the reader
                pollfd room{line_.acknowledge_fd, POLLOUT, 0};
                ::poll(&room, 1, -1);
                continue;
            }
            if (written < 0) return; // whoever listened has gone
            left.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    // --- after the last question ----------------------------------------------------------------

    int finish() {
        const auto& counted = log_->counted();
        const auto directory = log_->store().directory();
        const bool kept = config_.processing.enable_checkpointing;
        if (kept) reporter_->write_status(control_.stopping() ? "stopped" : "finished");
        if (control_.stopping()) return leave_early();

        if (kept)
            console_.say("✅",
                         fmt::format("Final checkpoint saved with {} total results",
                                     thousands(counted.completed_count())),
                         {{"completed_count", counted.completed_count()}, {"total", total_}});
        int status = counted.completed_count() >= total_ ? exit_complete : exit_some_failed;
        if (const auto saved = save_results(directory))
            remove_scratch();
        else // and a scratch run stays: it is the only copy
            status = saved.error().code == failure_code::damaged ? exit_run_unusable : exit_disk;
        if (grader_group_)
            console_.say(fmt::format("{} was asked {} times, for {} tokens", grader_names_.front(),
                                     thousands(grader_group_->figures().attempts),
                                     thousands(grader_figures_.tokens)));
        print(summary_text(counted, final_figures()) + accuracy_lines(counted));
        if (status == exit_some_failed)
            console_.warn(fmt::format(
                "{} {} a result", thousands(total_ - counted.completed_count()),
                config_.processing.repeats > 1 ? "repeats are without" : "questions are without"));
        return status;
    }

    int leave_early() {
        const auto& why = *control_.reason();
        const auto done = log_->counted().completed_count();
        const auto message = why.why.message();
        int status = exit_internal;
        switch (why.cause) {
        case stop_cause::signal: status = exit_signalled + why.signal; break;
        case stop_cause::endpoint_refused: status = exit_endpoint_refused; break;
        case stop_cause::endpoint_away: status = exit_endpoint_away; break;
        case stop_cause::storage:
            status = why.why.code == failure_code::held ? exit_run_held : exit_disk;
            break;
        case stop_cause::limit: status = exit_limit; break;
        case stop_cause::broken_question: status = exit_usage; break;
        }
        if (why.cause == stop_cause::endpoint_away)
            console_.error("the endpoint stayed away too long: " + message);
        else if (why.cause == stop_cause::endpoint_refused)
            console_.error("the endpoint refuses us: " + message);
        else if (why.why.code == failure_code::held)
            console_.error(fmt::format("{}: the run has been taken by {}", why.why.where,
                                       describe_holder(why.why.detail)));
        else if (!message.empty())
            console_.error(message);
        if (!config_.processing.enable_checkpointing) {
            remove_scratch();
            console_.say("Nothing was kept: checkpointing is disabled");
            return status;
        }
        reporter_->tell_saved();
        console_.say(fmt::format("{} of {} questions are done. To go on: {}", thousands(done),
                                 thousands(total_), how_to_go_on()),
                     {{"completed_count", done}, {"total", total_}});
        return status;
    }

    // What came through a pipe need not come again.
    std::string how_to_go_on() const {
        return spool_ ? "proctor resume " + quoted(log_->store().directory()) : line_.again;
    }

    result<> save_results(const std::string& directory) {
        const auto done = write_files(directory);
        if (done) return done;
        const bool damaged = done.error().code == failure_code::damaged;
        console_.error(fmt::format(
            "cannot write the results: {}{}", done.error().message(),
            damaged ? fmt::format(" (see: proctor-dump --verify {}; --salvage keeps the rest)",
                                  directory)
            : config_.processing.enable_checkpointing
                ? " (they are safe in the checkpoint; the same command writes them)"
                : ""));
        return done;
    }

    result<> write_files(const std::string& directory) {
        const auto& output = config_.output;
        if (auto done = look_at_records(directory); !done) return done;
        auto about = summary(directory);
        const auto summarized = output_path("summary", "json");
        auto done = write_whole(disk_, summarized, [&](const text_sink& sink) {
            return sink(json_text(about) + "\n");
        });
        if (!done) return done;
        console_.say("Figures saved to " + summarized);
        if (output.format == "none") return {};
        about["config"] = redacted_json(config_);
        const auto format = output.format == "json" ? results_format::json : results_format::jsonl;
        const auto path = output_path("", output.format);
        done = write_results(disk_, directory, path, format, results_choice::all, about);
        if (done && output.save_incorrect)
            done = write_results(disk_, directory, output_path("incorrect", output.format), format,
                                 results_choice::incorrect, about);
        if (done) console_.say("Results saved to " + path);
        return done;
    }

    // For what the ledger does not know.
    result<> look_at_records(const std::string& directory) {
        if (config_.processing.repeats == 1 && log_->counted().knows_all_answers()) return {};
        const auto run = run_view::open(disk_, directory);
        if (!run) return run.error();
        auto figures = read_repeats(*run);
        if (!figures) return figures.error();
        repeats_ = std::move(*figures);
        auto answers = read_answers(*run);
        if (!answers) return answers.error();
        answers_ = std::move(*answers);
        return {};
    }

    // Which run this is, and its figures.
    json::object summary(const std::string& directory) const {
        json::object about;
        about["timestamp"] = iso_time(wall_now());
        about["version"] = PROCTOR_VERSION;
        about["model"] = config_.model.model;
        about["questions_file"] = config_.questions_file;
        about["questions_sha256"] = index_.census.sha256;
        if (config_.processing.enable_checkpointing) about["run"] = directory;
        about["fingerprint"] = fingerprint(log_->store().identity().settings);
        about["statistics"] =
            figures_json(log_->counted(), total_, config_.prices, repeats_.get(), answers_.get());
        about["session"] = session_json(log_->counted(), final_figures());
        return about;
    }

    run_figures final_figures() const {
        run_figures figures;
        figures.total = total_;
        figures.retries = retries_;
        for (const auto& each : endpoints_) {
            figures.connections.opened += each->counts().opened;
            figures.connections.open += each->counts().open;
            figures.connections.stale += each->counts().stale;
        }
        figures.endpoints = group_->figures();
        figures.checkpoints = log_->figures();
        figures.prices = config_.prices;
        figures.repeats = repeats_;
        figures.answers = answers_;
        figures.session_seconds = seconds_;
        figures.completed_before = completed_before_;
        figures.model_marks = grader_endpoint_ != nullptr;
        figures.only_marks = config_.only_marks;
        return figures;
    }

    // When the run was made, as 20261123_180259, and what else its directory's name has behind that
    // ("-2"): of two runs of one second each has results of its own.
    static std::string time_in_names(const run_store& store) {
        std::string when;
        for (const char c : std::string_view(store.identity().created).substr(0, 19))
            if (c == 'T')
                when += '_';
            else if (c >= '0' && c <= '9')
                when += c;
        const auto& directory = store.directory();
        const auto at = directory.rfind(when);
        return at == std::string::npos ? when : directory.substr(at);
    }

    // <output_directory>/<prefix>[_kind]_<model>_<started>.<suffix>, `started` being the run's.
    std::string output_path(std::string_view kind, std::string_view suffix) const {
        return join_path(config_.output.output_directory,
                         fmt::format("{}{}{}_{}_{}.{}",
                                     file_name_part(config_.output.output_prefix),
                                     kind.empty() ? "" : "_", kind,
                                     file_name_part(config_.model.model), time_in_names_, suffix));
    }

    void remove_scratch() {
        if (config_.processing.enable_checkpointing) return;
        std::error_code ec;
        fs::remove_all(log_->store().directory(), ec);
    }

    static void print(const std::string& text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }

    const command_line& line_;
    config config_;
    environment variables_;
    console console_;
    posix_file_system disk_;
    real_clock clock_;
    const wall_time started_ = wall_now();
    std::optional<question_spool> spool_;
    question_index index_;
    selection chosen_;
    std::optional<std::uint64_t> shuffle_seed_;
    std::uint64_t total_ = 0;
    std::string time_in_names_; // of the run, not of this session
    std::uint64_t completed_before_ = 0;

    asio::io_context context_{1};
    run_control control_;
    random_engine random_;
    retry_policy retry_policy_;
    scrubber scrubber_;
    std::unique_ptr<simulated_endpoint> simulation_;
    // By number; what is said of one names its root.
    std::vector<std::unique_ptr<endpoint>> endpoints_;
    std::deque<model_client> models_;
    std::vector<std::string> endpoint_names_;
    std::optional<endpoint_group> group_;
    std::unique_ptr<page_listener> metrics_;
    // Of a model that marks, if one does.
    std::unique_ptr<endpoint> grader_endpoint_;
    std::deque<model_client> grader_clients_;
    std::vector<std::string> grader_names_; // one: what is said of it begins so
    std::optional<endpoint_group> grader_group_;
    task_figures grader_figures_;
    retry_listener on_grader_retry_;
    std::unique_ptr<grader> grader_;
    std::optional<checkpoint> log_;
    std::optional<progress_reporter> reporter_;

    std::optional<time_point> last_wait_told_;
    std::optional<time_point> last_trouble_told_;
    std::uint64_t untold_failures_ = 0;
    std::shared_ptr<const repeat_statistics> repeats_; // once all is put
    std::shared_ptr<const answer_figures> answers_;    // likewise
    double seconds_ = 0;
    std::uint64_t retries_ = 0;
};

} // namespace

int run_command(const command_line& typed) {
    std::signal(SIGPIPE, SIG_IGN); // a peer that hangs up is an error of that connection alone
    try {
        auto line = typed;
        if (line.command == "regrade") {
            posix_file_system disk;
            line.run = find_regrade_source(disk, line.run);
        }
        auto loaded = load_config(line);
        const auto notes = loaded.notes;
        run_session session(line, std::move(loaded));
        for (const auto& note : notes) session.note(note);
        return session.run();
    } catch (const cannot_start& wrong) {
        // There is no configuration, but for what the command line says.
        config said;
        (void)apply(said, typed.assignments,
                    [](const std::string&) { return std::optional<std::string>(); });
        console talk(loudness::normal, false, form_of(said));
        for (const auto& message : wrong.messages) talk.error(message);
        return wrong.status;
    }
}

} // namespace proctor
