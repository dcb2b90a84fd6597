// From a path to a page; and the server, which lives as long as the process.
#include "proctor/app/view_command.hpp"

#include "proctor/app/accuracy_figures.hpp"
#include "proctor/app/charts.hpp"
#include "proctor/app/exit_status.hpp"
#include "proctor/app/report_page.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_status.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/pipeline/progress.hpp"
#include "proctor/storage/posix_file_system.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/pchars.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;
namespace urls = boost::urls;

constexpr unsigned refresh_seconds = 5; // of pages about what lives

// A page that is not there: what to say, and the HTTP status.
struct no_page {
    unsigned status;
    std::string message;
};

// What was asked for, taken apart and decoded.
struct page_path {
    std::vector<std::string> segments;
    std::map<std::string, std::string> params;
};

page_path parse_target(const std::string& target) {
    const auto parsed = urls::parse_origin_form(target);
    if (!parsed) throw no_page{400, "this is no path: " + target};
    page_path path;
    for (const auto& segment : parsed->segments())
        if (const std::string text(segment); !text.empty()) path.segments.push_back(text);
    for (const auto& param : parsed->params()) path.params[std::string(param.key)] = param.value;
    return path;
}

// A number of a question, from 1; nothing: it is none.
std::optional<question_id> parse_number(const std::string& text) {
    question_id number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = wrong == std::errc() && end == text.data() + text.size();
    return whole && number >= 1 && number <= highest_question ? std::optional(number)
                                                              : std::nullopt;
}

std::string name_of(const std::string& run_directory) {
    return run_directory.substr(run_directory.rfind('/') + 1);
}

std::string link_to(const std::string& run_name) {
    return "/run/" + html_text(urls::encode(run_name, urls::pchars));
}

// The first characters of a text, on one line.
std::string beginning(std::string_view text) {
    constexpr std::size_t longest = 160; // bytes
    const bool cut = text.size() > longest;
    if (cut) {
        auto end = longest;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
        text = text.substr(0, end);
    }
    std::string line(text);
    std::replace(line.begin(), line.end(), '\n', ' ');
    return html_text(line) + (cut ? "…" : "");
}

std::string text_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// --- all runs -----------------------------------------------------------------------------------

void add_run(html_page& out, const std::string& directory, const run_sight& seen) {
    const auto& status = seen.status;
    const auto name = name_of(directory);
    if (!seen.view) {
        out.add("<tr><td>{}</td><td class=\"wrong\">{}</td><td class=\"text\" colspan=\"5\">{}</td>"
                "</tr>",
                html_text(name), to_string(status.state), html_text(status.problem));
        return;
    }
    const auto& marks = status.marks;
    const bool has_interval = marks.marked > 0 && status.repeats == 1;
    out.add("<tr><td class=\"name\"><a "
            "href=\"{}\">{}</a><br/><small>{}</small></td><td>{}{}</td><td>{}{}</td>"
            "<td>{}</td><td class=\"chart\">{}</td><td>{}</td><td>{}</td></tr>",
            link_to(name), html_text(run_title(seen.view->identity())), html_text(name),
            to_string(status.state),
            status.lives() ? fmt::format("<br/><small>{:.1f}/s, {} left</small>", status.rate,
                                         clock_time(status.remaining_seconds))
                           : "",
            thousands(status.completed),
            status.total ? "<br/><small>of " + thousands(*status.total) + "</small>" : "",
            marks.marked ? percent_text(marks.accuracy()) : "",
            has_interval ? interval_chart(marks.accuracy(), wilson_interval(marks)) : "",
            status.failed ? thousands(status.failed) : "", html_moment(status.created));
}

// --- one question -------------------------------------------------------------------------------

void add_prose(html_page& out, std::string_view title, const std::string& text) {
    if (!text.empty()) out.add("<h2>{}</h2><pre>{}</pre>", title, html_text(text));
}

std::string verdict_of(const json::object& result) {
    if (!text_at(result, "error_kind").empty()) return "<span class=\"wrong\">failed</span>";
    const auto* score = result.if_contains("score");
    if (!score || !score->is_number()) return "not marked";
    const auto mark = score->to_number<double>();
    return mark == 1   ? "right"
           : mark == 0 ? "<span class=\"wrong\">wrong</span>"
                       : fmt::format("{:.2f}", mark);
}

// What a person reads first, then everything else.
void add_result(html_page& out, json::object result) {
    out.add("<p>{}</p>", verdict_of(result));
    for (const auto& [name, title] : {std::pair{"question", "Question"},
                                      {"reference_answer", "Reference answer"},
                                      {"model_answer", "Answer of the model"},
                                      {"error", "What went wrong"}}) {
        add_prose(out, title, text_at(result, name));
        result.stable_erase(name);
    }
    if (const auto thoughts = text_at(result, "reasoning"); !thoughts.empty()) {
        out.add("<details><summary>Reasoning of the model</summary><pre>{}</pre></details>",
                html_text(thoughts));
        result.stable_erase("reasoning");
    }
    out.add("<h2>Record</h2><div class=\"wide\"><table>");
    for (const auto& member : result)
        if (!member.value().is_null()) add_rows(out, member.key_c_str(), member.value());
    out.add("</table></div>");
}

// --- a list of questions ------------------------------------------------------------------------

enum class listing { wrong, failed, unmarked, all };
constexpr std::pair<std::string_view, listing> listings[] = {{"wrong", listing::wrong},
                                                             {"failed", listing::failed},
                                                             {"unmarked", listing::unmarked},
                                                             {"all", listing::all}};

bool is_listed(listing which, const record_view& record) {
    if (which == listing::all) return true;
    if (record.kind == record_kind::failed) return which == listing::failed;
    if (record.kind == record_kind::answered) return which == listing::unmarked;
    const auto what = read_outcome(record);
    if (!what || !what->score) return which == listing::unmarked;
    return which == listing::wrong && *what->score < 1;
}

void add_line(html_page& out, const std::string& run_name, const record_view& record) {
    boost::system::error_code ec;
    const auto body = json::parse(record.body, ec);
    if (ec || !body.is_object()) return;
    const auto& result = body.get_object();
    const auto id = record.question_number();
    out.add(
        "<tr><td><a href=\"{}/question?id={}\">{}</a></td><td>{}</td><td class=\"text\">{}</td>"
        "<td class=\"text\">{}</td><td class=\"text\">{}</td></tr>",
        link_to(run_name), id, thousands(id), verdict_of(result),
        beginning(text_at(result, "question")), beginning(text_at(result, "reference_answer")),
        beginning(text_at(result, record.kind == record_kind::failed ? "error" : "model_answer")));
}

// --- the pages ----------------------------------------------------------------------------------

class viewer {
public:
    explicit viewer(std::string directory) : directory_(std::move(directory)) {}

    std::string page_of(const std::string& target) {
        const auto path = parse_target(target);
        const auto& segments = path.segments;
        if (segments.empty()) return all_runs();
        if (segments[0] == "run" && segments.size() >= 2 && segments.size() <= 3) {
            const auto directory = directory_of(segments[1]);
            if (segments.size() == 2) return one_run(directory);
            if (segments[2] == "questions") return questions(directory, path.params);
            if (segments[2] == "question") return question(directory, path.params);
        }
        throw no_page{404, "there is no such page"};
    }

private:
    // Newest first; those that cannot be read behind them.
    std::vector<std::string> directories() {
        const auto named = find_directory(disk_, directory_);
        if (named.is_run) return {named.path};
        const auto listing = list_runs(disk_, named.path);
        if (!listing) throw storage_trouble(listing.error(), named.path);
        std::vector<std::string> found;
        for (const auto& run : listing->runs) found.push_back(run.directory);
        for (const auto& why : listing->unreadable) found.push_back(parent_path(why.where));
        return found;
    }

    // Only what is listed: a name is no path.
    std::string directory_of(const std::string& name) {
        for (const auto& directory : directories())
            if (name_of(directory) == name) return directory;
        throw no_page{404, "there is no run of that name (any more): " + name};
    }

    std::string all_runs() {
        const auto found = directories();
        bool any_lives = false;
        std::vector<std::pair<std::string, run_sight>> seen;
        for (const auto& directory : found) {
            seen.emplace_back(directory, see_run(disk_, directory));
            any_lives |= seen.back().second.status.lives();
        }
        html_page out("proctor: " + directory_, any_lives ? refresh_seconds : 0);
        out.add("<header><h1>Runs</h1><p>{}</p></header>", html_text(directory_));
        if (seen.empty())
            out.add("<p>There is no run here yet.</p>");
        else
            out.add("<div class=\"wide\"><table><tr><th>run</th><th>state</th><th>results</th>"
                    "<th>accuracy</th><th class=\"chart\">0 to 100 %, 95 % interval</th>"
                    "<th>failed</th><th>begun</th></tr>");
        for (const auto& [directory, sight] : seen) add_run(out, directory, sight);
        if (!seen.empty()) out.add("</table></div>");
        return out.take();
    }

    std::string one_run(const std::string& directory) {
        const auto report = report_of(disk_, directory);
        html_page out(run_title(report.identity), report.status.lives() ? refresh_seconds : 0);
        add_way(out, name_of(directory));
        add_report(out, report);
        return out.take();
    }

    std::string question(const std::string& directory,
                         const std::map<std::string, std::string>& params) {
        const auto id = number_in(params, "id");
        const auto run = open_run_view(disk_, directory);
        const auto repeats = repeats_of(run.identity().settings);
        if (id > highest_question / repeats) throw no_page{404, "there is no such question"};
        const auto name = name_of(directory);
        html_page out(fmt::format("{} · {}", id, run_title(run.identity())));
        add_way(out, name);
        out.add("<header><h1>Question {}</h1><p>{}{}<a href=\"{}/question?id={}\">next</a></p>"
                "</header>",
                thousands(id), html_text(run_title(run.identity())) + " &#183; ",
                id > 1 ? fmt::format("<a href=\"{}/question?id={}\">previous</a> &#183; ",
                                     link_to(name), id - 1)
                       : "",
                link_to(name), id + 1);
        bool found = false;
        for (std::uint64_t repeat = 1; repeat <= repeats; ++repeat) {
            const auto body = run.find(task_of(id, repeat, repeats));
            if (!body) throw storage_trouble(body.error(), directory);
            if (!*body) continue;
            found = true;
            boost::system::error_code ec;
            auto result = json::parse(**body, ec);
            if (repeats > 1) out.add("<section><h1>Repeat {}</h1>", repeat);
            if (!ec && result.is_object()) add_result(out, std::move(result.get_object()));
            if (repeats > 1) out.add("</section>");
        }
        if (!found)
            out.add("<p>Of this question nothing is recorded (yet): it was not asked, or there is "
                    "none of that number.</p>");
        return out.take();
    }

    std::string questions(const std::string& directory,
                          const std::map<std::string, std::string>& params) {
        constexpr std::size_t most_lines = 50;
        constexpr std::size_t most_looked_at = 200'000; // about a second
        const auto which = listing_in(params);
        const auto from = params.contains("from") ? number_in(params, "from") : 1;
        const auto run = open_run_view(disk_, directory);
        const auto repeats = repeats_of(run.identity().settings);
        if (from > highest_question / repeats) throw no_page{404, "there is no such question"};
        const auto name = name_of(directory);
        html_page out("questions · " + run_title(run.identity()));
        add_way(out, name);
        out.add("<header><h1>Questions</h1><p>{}</p></header>",
                html_text(run_title(run.identity())));
        add_forms(out, link_to(name), which, from);
        out.add("<div class=\"wide\"><table><tr><th>question</th><th></th>"
                "<th class=\"text\">text</th><th class=\"text\">reference</th>"
                "<th class=\"text\">answer</th></tr>");
        auto records = run.records(task_of(from, 1, repeats));
        std::size_t lines = 0, looked_at = 0;
        std::optional<question_id> next;
        for (;;) {
            const auto entry = records.next();
            if (!entry) throw storage_trouble(entry.error(), directory);
            if (!*entry) break;
            const auto& record = (*entry)->record;
            // A page ends between two questions.
            const bool full = lines >= most_lines || ++looked_at > most_looked_at;
            if (full && record.repeat() == 1) {
                next = record.question_number();
                break;
            }
            if (!is_listed(which, record)) continue;
            add_line(out, name, record);
            ++lines;
        }
        out.add("</table></div>");
        if (next)
            out.add("<p><a href=\"{}/questions?show={}&amp;from={}\">from question {} on</a></p>",
                    link_to(name), listings[static_cast<std::size_t>(which)].first, *next,
                    thousands(*next));
        else
            out.add("<p>{}</p>", lines ? "That is all." : "There are none from here on.");
        return out.take();
    }

    static void add_way(html_page& out, const std::string& run_name) {
        const auto link = link_to(run_name);
        out.add("<nav><a href=\"/\">all runs</a> &#183; <a href=\"{}\">the run</a> &#183; its "
                "questions:",
                link);
        for (const auto& [name, value] : listings)
            out.add("<a href=\"{0}/questions?show={1}\">{1}</a>", link, name);
        out.add("</nav>");
    }

    static void add_forms(html_page& out, const std::string& link, listing which,
                          question_id from) {
        out.add("<form action=\"{}/questions\"><label>Show <select name=\"show\">", link);
        for (const auto& [name, value] : listings)
            out.add("<option{}>{}</option>", value == which ? " selected=\"selected\"" : "", name);
        out.add(
            "</select></label> <label>from question <input name=\"from\" size=\"10\" value=\"{}\"/>"
            "</label> <button>List</button></form>",
            from);
        out.add(
            "<form action=\"{}/question\"><label>Question <input name=\"id\" size=\"10\"/></label> "
            "<button>Look up</button></form>",
            link);
    }

    static question_id number_in(const std::map<std::string, std::string>& params,
                                 const std::string& name) {
        const auto at = params.find(name);
        const auto number = at == params.end() ? std::nullopt : parse_number(at->second);
        if (!number) throw no_page{400, name + " is to be the number of a question, from 1"};
        return *number;
    }

    static listing listing_in(const std::map<std::string, std::string>& params) {
        const auto at = params.find("show");
        if (at == params.end()) return listing::wrong;
        for (const auto& [name, value] : listings)
            if (name == at->second) return value;
        throw no_page{400, "show is to be wrong, failed, unmarked or all"};
    }

    posix_file_system disk_;
    const std::string directory_;
};

page_reply refusal(unsigned status, const std::string& message) {
    html_page out("proctor");
    out.add("<nav><a href=\"/\">all runs</a></nav><p>{}</p>", html_text(message));
    return {status, "text/html; charset=utf-8", out.take()};
}

// By an address or as localhost, whatever the port. A page from elsewhere can have a name that
// leads here, and would then be allowed to read what is shown; an address it cannot make up.
bool is_called_by_address(std::string host) {
    if (host.starts_with('[')) {
        host = host.substr(1, host.find(']') - 1);
    } else if (const auto colon = host.find(':'); colon != host.npos) {
        host.resize(colon);
    }
    boost::system::error_code ec;
    asio::ip::make_address(host, ec);
    return host.empty() || host == "localhost" || !ec;
}

} // namespace

page_listener::page_maker view_pages(std::string directory) {
    const auto shown = std::make_shared<viewer>(std::move(directory));
    return [shown](const page_request& asked) -> page_reply {
        try {
            return {200, "text/html; charset=utf-8", shown->page_of(asked.target)};
        } catch (const no_page& why) {
            return refusal(why.status, why.message);
        } catch (const cannot_start& why) {
            return refusal(500, why.messages.empty() ? "" : why.messages.front());
        } catch (const std::exception& error) {
            return refusal(500, std::string("internal error: ") + error.what());
        }
    };
}

int view_command(const view_options& options) {
    posix_file_system disk;
    const auto named = find_directory(disk, options.directory);
    asio::io_context context;
    bool only_local = true;
    auto opened = page_listener::open(
        context.get_executor(), "--listen", options.listen,
        [&only_local, pages = view_pages(named.path)](const page_request& asked) {
            if (only_local && !is_called_by_address(asked.host))
                return refusal(403, "this server is called by its address, or localhost");
            return pages(asked);
        });
    if (!opened)
        throw cannot_start{
            exit_usage,
            {opened.error().message() + (opened.error().code == failure_code::io_error
                                             ? "; --listen 127.0.0.1:0 takes any port that is free"
                                             : "")}};
    auto& server = **opened;
    only_local = server.is_local();
    server.start();
    fmt::print(stderr, "proctor: {} shows {}; Ctrl-C ends it\n", server.url(), named.path);
    if (!only_local)
        fmt::print(stderr,
                   "proctor: everyone who can reach {} can read all of its questions and "
                   "answers\n",
                   options.listen);
    context.run();
    return exit_complete;
}

} // namespace proctor
