// From the figures of a run to HTML, section by section.
#include "proctor/app/report_page.hpp"

#include "proctor/app/accuracy_figures.hpp"
#include "proctor/app/answer_report.hpp"
#include "proctor/app/charts.hpp"
#include "proctor/app/html_page.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_opening.hpp"
#include "proctor/codec/json_members.hpp"
#include "proctor/pipeline/progress.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

std::string range_text(const interval& range) {
    return fmt::format("{:.1f} to {:.1f} %", 100 * range.low, 100 * range.high);
}

// As many digits as a quantile is right to.
std::string duration_name(double seconds) {
    if (seconds < 1) return fmt::format("{:.3g} ms", 1000 * seconds);
    if (seconds < 100) return fmt::format("{:.3g} s", seconds);
    return fmt::format("{:.0f} s", seconds);
}

std::string characters_name(double characters) {
    return thousands(static_cast<std::uint64_t>(std::llround(characters)));
}

bool has_any(const tally& marks) {
    return marks.marked + marks.unmarked > 0;
}

void add_tile(html_page& out, std::string_view name, const std::string& figure,
              const std::string& below) {
    out.add("<div class=\"tile\"><span>{}</span><b>{}</b><span>{}</span></div>", name, figure,
            below);
}

void add_head(html_page& out, const run_report& run) {
    const auto& status = run.status;
    out.add("<header><h1>{}</h1>", html_text(model_of(run.identity)));
    out.add("<p>{} &#183; {} &#183; begun {}{}</p></header>",
            html_text(questions_name_of(run.identity)), to_string(status.state),
            html_moment(status.created),
            status.last_written ? ", last written " + html_moment(iso_time(*status.last_written))
                                : "");
}

void add_tiles(html_page& out, const run_report& run, const accuracy_figures& marks) {
    const auto& status = run.status;
    out.add("<section class=\"tiles\">");
    const auto& overall = marks.overall;
    if (overall.marks.marked)
        add_tile(out, "Accuracy", percent_text(overall.marks.accuracy()),
                 fmt::format("95 %: {}, of {} marked", range_text(overall.range),
                             thousands(overall.marks.marked)));
    else
        add_tile(out, "Accuracy", "&#8211;", "nothing is marked");
    add_tile(out, "Results", thousands(status.completed),
             status.total ? fmt::format("of {}", thousands(*status.total)) : "");
    if (status.failed)
        add_tile(out, "Failed", thousands(status.failed),
                 fmt::format("{} to be tried again, {} refused",
                             thousands(status.failed - status.refused), thousands(status.refused)));
    const auto cost = cost_text(status.tokens, status.prices);
    add_tile(out, "Tokens", thousands(status.tokens.prompt + status.tokens.completion),
             fmt::format("{} prompt, {} completion{}", thousands(status.tokens.prompt),
                         thousands(status.tokens.completion),
                         cost.empty() ? "" : "; " + html_text(cost)));
    const auto& times = run.counted.latencies();
    if (times.count())
        add_tile(out, "Latency", duration_name(times.quantile(0.5)),
                 fmt::format("p95 {}, p99 {}", duration_name(times.quantile(0.95)),
                             duration_name(times.quantile(0.99))));
    add_tile(out, "Requests", thousands(run.counted.attempts()), "retries included");
    out.add("</section>");
}

// What one should know before one believes the accuracy.
void add_notes(html_page& out, const run_report& run, const accuracy_figures& marks) {
    const auto& counted = run.counted;
    const auto& worst = marks.at_worst;
    std::vector<std::string> notes;
    const auto note = [&]<class... Values>(bool there, fmt::format_string<Values...> format,
                                           Values&&... values) {
        if (there) notes.push_back(fmt::format(format, std::forward<Values>(values)...));
    };
    note(run.status.lives(), "The run goes on; these are its figures when the page was made.");
    note(marks.overall.marks.marked > 0 && marks.overall.marks.marked < worst.marks.marked,
         "If all without a mark were wrong: {} (95 %: {}).", percent_text(worst.marks.accuracy()),
         range_text(worst.range));
    note(marks.overall.marks.unmarked > 0, "Unmarked: {}; they count neither way.",
         thousands(marks.overall.marks.unmarked));
    note(counted.answered_count() > 0, "Answered, not marked yet: {}.",
         thousands(counted.answered_count()));
    note(counted.no_choice_count() > 0, "Answers that name no choice: {}.",
         thousands(counted.no_choice_count()));
    note(counted.truncated_count() > 0, "Answers that were cut off by max_tokens: {}.",
         thousands(counted.truncated_count()));
    if (notes.empty()) return;
    out.add("<ul>");
    for (const auto& each : notes) out.add("<li>{}</li>", each);
    out.add("</ul>");
}

void add_group(html_page& out, const std::string& name, const group_accuracy& group) {
    const auto& marks = group.marks;
    if (!has_any(marks)) return;
    if (marks.marked == 0) {
        out.add("<tr><td>{}</td><td>0</td><td>unmarked</td><td></td><td class=\"chart\"></td></tr>",
                name);
        return;
    }
    out.add("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"chart\">{}</td></tr>",
            name, thousands(marks.marked), percent_text(marks.accuracy()), range_text(group.range),
            interval_chart(marks.accuracy(), group.range));
}

void add_accuracy(html_page& out, const accuracy_figures& marks) {
    constexpr std::size_t most_categories = 200; // what a person may want to look through
    if (!has_any(marks.overall.marks)) return;
    out.add("<section><h2>Accuracy</h2><div class=\"wide\"><table><tr><th></th><th>marked</th>"
            "<th>accuracy</th><th>95 % interval</th><th class=\"chart\">0 to 100 %</th></tr>");
    add_group(out, "all", marks.overall);
    if (has_any(marks.multiple_choice.marks) && has_any(marks.free_text.marks)) {
        add_group(out, "multiple choice", marks.multiple_choice);
        add_group(out, "free text", marks.free_text);
    }
    std::size_t shown = 0;
    for (const auto& [name, group] : marks.by_category) {
        if (++shown > most_categories) break;
        add_group(out, html_text(name), group);
    }
    out.add("</table></div>");
    if (const auto all = marks.by_category.size(); all > most_categories)
        out.add("<p>{} more categories are in the metadata of <code>proctor export --format "
                "json</code>.</p>",
                thousands(all - most_categories));
    out.add("</section>");
}

void add_repeats(html_page& out, const run_report& run) {
    if (!run.repeats || run.repeats->questions() == 0) return;
    const auto& figures = *run.repeats;
    out.add("<section><h2>Repeats</h2><p>Each question was asked {} times; {} have a mark. "
            "Intervals are clustered by question. Majority vote {}; spread of the repeats {:.1f} "
            "points.</p>",
            figures.repeats(), thousands(figures.questions()), percent_text(figures.majority()),
            100 * figures.spread());
    out.add("<table><tr><th></th><th>questions</th><th>rate</th>"
            "<th class=\"chart\">0 to 100 %</th></tr>");
    for (const auto& pass : figures.passes())
        if (pass.questions > 0)
            out.add("<tr><td>pass@{}</td><td>{}</td><td>{}</td><td class=\"chart\">{}</td></tr>",
                    pass.k, thousands(pass.questions), percent_text(pass.rate()),
                    share_chart(pass.rate(), "bar"));
    out.add("</table></section>");
}

void add_choices(html_page& out, const answer_figures& figures) {
    const auto used = figures.positions_in_use();
    const auto chosen = figures.chosen(), keyed = figures.keyed();
    if (used == 0 || chosen == 0 || keyed == 0) return;
    out.add("<section><h2>Choices</h2><p>How often each position was chosen, and below it how "
            "often the right choice stands there. They differ by {} (total variation).</p>",
            percent_text(figures.total_variation()));
    out.add("<table><tr><th></th><th>chosen</th><th>is right</th><th>accuracy there</th>"
            "<th class=\"chart\">0 to 100 %</th></tr>");
    for (std::size_t i = 0; i < used; ++i) {
        const auto& position = figures.positions[i];
        const auto chosen_share = double(position.chosen) / double(chosen);
        const auto key_share = double(position.key()) / double(keyed);
        out.add("<tr><td>{}</td><td>{} &#183; {}</td><td>{} &#183; {}</td><td>{}</td>"
                "<td class=\"chart\">{}{}</td></tr>",
                position_name(i), thousands(position.chosen), percent_text(chosen_share),
                thousands(position.key()), percent_text(key_share),
                position.keyed.marked ? percent_text(position.keyed.accuracy()) : "",
                share_chart(chosen_share, "chosen"), share_chart(key_share, "key"));
    }
    out.add("</table></section>");
}

void add_latencies(html_page& out, const histogram& times) {
    if (times.count() == 0) return;
    out.add("<section><h2>Latency</h2><p>Of the {} requests that were answered, from sending to "
            "the last byte.</p>{}</section>",
            thousands(times.count()), spread_chart(times, duration_name));
}

void add_lengths(html_page& out, std::string_view title, const text_lengths& lengths) {
    if (lengths.count() == 0) return;
    out.add("<section><h2>{}</h2><p>{} texts, of {:.1f} characters in the mean.</p>{}</section>",
            title, thousands(lengths.count()), lengths.mean(),
            spread_chart(lengths.spread(), characters_name));
}

void add_failures(html_page& out, const run_report& run) {
    const auto& kinds = run.status.failed_by_kind;
    if (kinds.empty()) return;
    out.add("<section><h2>Failures</h2><p>Questions that have no result.</p><table><tr>"
            "<th>kind</th><th>questions</th><th class=\"chart\">of all failures</th></tr>");
    for (const auto& [kind, count] : kinds)
        out.add("<tr><td>{}</td><td>{}</td><td class=\"chart\">{}</td></tr>", html_text(kind),
                thousands(count),
                share_chart(double(count) / double(std::max<std::uint64_t>(run.status.failed, 1)),
                            "bar"));
    out.add("</table></section>");
}

void add_sessions(html_page& out, const run_report& run) {
    constexpr std::size_t most_sessions = 50; // the last ones
    if (run.sessions.empty()) return;
    const auto all = run.sessions.size();
    out.add("<section><h2>Sessions</h2><p>{} process{} worked on this run{}.</p>"
            "<div class=\"wide\"><table><tr><th>began</th><th>ended</th>"
            "<th class=\"text\">why</th><th class=\"text\">on</th>"
            "<th>version</th></tr>",
            thousands(all), all == 1 ? "" : "es",
            all > most_sessions ? fmt::format("; the last {} of them", most_sessions) : "");
    for (auto i = all - std::min(all, most_sessions); i < all; ++i) {
        const auto& session = run.sessions[i];
        const bool ended = !session.ended.empty();
        const bool is_last = i + 1 == all;
        out.add("<tr><td>{}</td><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td>"
                "<td>{}</td></tr>",
                html_moment(session.began), html_moment(session.ended),
                ended                              ? html_text(session.why)
                : is_last && run.status.lives()    ? "works"
                : is_last && run.status.may_live() ? "on another host: not known here"
                                                   : "never said: killed, or its machine was",
                fmt::format("{}, process {}", html_text(session.host), session.process),
                html_text(session.version));
    }
    out.add("</table></div></section>");
}

void add_facts(html_page& out, const run_report& run) {
    const auto& status = run.status;
    out.add("<section><h2>Run</h2><div class=\"wide\"><table>");
    const auto row = [&](std::string_view name, std::string_view what) {
        if (!what.empty())
            out.add("<tr><td>{}</td><td class=\"text\">{}</td></tr>", name, html_text(what));
    };
    row("directory", status.directory);
    row("begun by", run.identity.made_by);
    row("question file", text_at(run.identity.about, "questions_file"));
    row("fingerprint", fingerprint(run.identity.settings));
    row("on disk", size_text(status.snapshot_bytes + status.log_bytes));
    out.add("</table></div>");
    out.add("<details><summary>What decides its results</summary><div class=\"wide\"><table>");
    add_rows(out, "", run.identity.settings);
    out.add("</table></div></details>");
    if (!run.config.empty()) {
        out.add("<details><summary>Configuration, without secrets</summary><div class=\"wide\">"
                "<table>");
        add_rows(out, "", run.config);
        out.add("</table></div></details>");
    }
    out.add("</section>");
}

// Session records come first, in the order of the log.
std::vector<session_line> read_sessions(const run_view& run) {
    std::vector<session_line> sessions;
    auto records = run.records();
    for (;;) {
        const auto entry = records.next();
        if (!entry) throw storage_trouble(entry.error(), run.directory());
        if (!*entry || (*entry)->record.kind != record_kind::session) return sessions;
        boost::system::error_code ec;
        const auto body = json::parse((*entry)->record.body, ec);
        if (ec || !body.is_object()) continue;
        add_session(sessions, body.get_object());
    }
}

} // namespace

void add_session(std::vector<session_line>& sessions, const json::object& body) {
    session_line one;
    one.host = text_at(body, "host");
    one.version = text_at(body, "version");
    const auto* process = body.if_contains("pid");
    one.process = process && process->is_int64() ? process->get_int64() : 0;
    if (text_at(body, "event") == "begin") {
        one.began = text_at(body, "at");
        sessions.push_back(std::move(one));
        return;
    }
    const auto begun = std::find_if(sessions.rbegin(), sessions.rend(), [&](const auto& each) {
        return each.ended.empty() && each.host == one.host && each.process == one.process;
    });
    if (begun == sessions.rend()) return;
    begun->ended = text_at(body, "at");
    begun->why = text_at(body, "why");
}

std::string run_title(const run_identity& identity) {
    return model_of(identity) + " · " + questions_name_of(identity);
}

run_report report_of(file_system& disk, const std::string& run_directory) {
    auto sight = see_run(disk, run_directory);
    if (!sight.view) throw storage_trouble(sight.view.error(), run_directory);
    const auto& view = *sight.view;
    auto repeats = read_repeats(view);
    if (!repeats) throw storage_trouble(repeats.error(), run_directory);
    auto answers = read_answers(view);
    if (!answers) throw storage_trouble(answers.error(), run_directory);
    return {std::move(sight.status), view.identity(),     used_config(disk, view), view.counted(),
            std::move(*repeats),     std::move(*answers), read_sessions(view)};
}

void add_report(html_page& out, const run_report& run) {
    const auto& counted = run.counted;
    const auto total =
        run.status.total.value_or(counted.completed_count() + counted.failed_count());
    const auto marks = accuracy_of(counted, total, run.repeats.get());
    add_head(out, run);
    add_tiles(out, run, marks);
    add_notes(out, run, marks);
    add_accuracy(out, marks);
    add_repeats(out, run);
    const auto* answers = answers_known(counted, run.answers.get());
    if (answers) add_choices(out, *answers);
    add_latencies(out, counted.latencies());
    if (answers) add_lengths(out, "Length of answers", answers->lengths);
    if (answers) add_lengths(out, "Length of reasoning", answers->reasoning);
    add_failures(out, run);
    add_sessions(out, run);
    add_facts(out, run);
    out.add("<footer>Made by proctor {} at {}, from what is durable of this run.</footer>",
            PROCTOR_VERSION, html_moment(iso_time(wall_now())));
}

std::string report_page(const run_report& run) {
    html_page out(run_title(run.identity));
    add_report(out, run);
    return out.take();
}

} // namespace proctor
