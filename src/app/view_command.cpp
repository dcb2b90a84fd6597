// From a path to a page; and the server, which lives as long as the process.
#include "proctor/app/view_command.hpp"

#include "proctor/app/accuracy_figures.hpp"
#include "proctor/app/charts.hpp"
#include "proctor/app/exit_status.hpp"
#include "proctor/app/report_page.hpp"
#include "proctor/app/run_lookup.hpp"
#include "proctor/app/run_status.hpp"
#include "proctor/codec/json_fields.hpp"
#include "proctor/codec/json_members.hpp"
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
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;
namespace urls = boost::urls;

// When a page about what lives is asked for anew, by how long it took to make: a large run takes a
// while to look at, and at most half of the time goes into that.
unsigned refresh_after(std::chrono::steady_clock::time_point began) {
    const auto took = std::chrono::steady_clock::now() - began;
    return std::max(5u,
                    static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(took).count()));
}

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

// --- all runs -----------------------------------------------------------------------------------

// Without the view of the run, which keeps files open.
struct run_row {
    std::string title; // empty: it cannot be read
    run_status status;
};

void add_row(html_page& out, const run_row& row) {
    const auto& status = row.status;
    const auto name = name_of(status.directory);
    if (row.title.empty()) {
        out.add("<tr><td class=\"name\">{}</td><td class=\"wrong\">{}</td>"
                "<td class=\"text\" colspan=\"5\">{}</td></tr>",
                html_text(name), to_string(status.state), html_text(status.problem));
        return;
    }
    const auto& marks = status.marks;
    const bool has_interval = marks.marked > 0 && status.repeats == 1;
    out.add("<tr><td class=\"name\"><a href=\"{}\">{}</a><br/><small>{}</small></td>"
            "<td>{}{}</td><td>{}{}</td><td>{}</td><td class=\"chart\">{}</td><td>{}</td>"
            "<td>{}</td></tr>",
            link_to(name), html_text(row.title), html_text(name), to_string(status.state),
            status.tells_of_now() && status.rate > 0
                ? fmt::format("<br/><small>{:.1f}/s, {} left</small>", status.rate,
                              clock_time(status.remaining_seconds))
                : "",
            thousands(status.completed),
            status.total ? "<br/><small>of " + thousands(*status.total) + "</small>" : "",
            marks.marked ? percent_text(marks.accuracy()) : "",
            has_interval ? interval_chart(marks.accuracy(), wilson_interval(marks)) : "",
            status.failed ? thousands(status.failed) : "", html_moment(status.created));
}

// --- one question -------------------------------------------------------------------------------

void add_prose(html_page& out, std::string_view title, std::string_view text) {
    if (!text.empty()) out.add("<h2>{}</h2><pre>{}</pre>", title, html_text(text));
}

constexpr auto failed_mark = "<span class=\"wrong\">failed</span>";

std::string verdict_of(const json::object& result) {
    if (!text_at(result, "error_kind").empty()) return failed_mark;
    const auto* score = result.if_contains("score");
    if (!score || !score->is_number()) return "not marked";
    const auto mark = score->to_number<double>();
    return mark == 1   ? "right"
           : mark == 0 ? "<span class=\"wrong\">wrong</span>"
                       : fmt::format("{:.2f}", mark);
}

// What a person reads first, then everything else.
void add_result(html_page& out, std::string_view body) {
    boost::system::error_code ec;
    auto parsed = json::parse(body, ec);
    if (ec || !parsed.is_object()) { // nested too deeply, perhaps
        add_prose(out, "Record", body);
        return;
    }
    auto& result = parsed.get_object();
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

// Lines of a list, to where the page is full; it ends between two questions.
class question_list {
public:
    question_list(html_page& out, const run_view& run)
        : out_(out), run_(run), repeats_(repeats_of(run.identity().settings)),
          link_(link_to(name_of(run.directory()))) {}

    // From a question on; returns where the next page begins, nothing if that was all.
    std::optional<question_id> add(listing which, question_id from) {
        return which == listing::failed ? add_failed(from) : add_from_records(which, from);
    }
    bool empty() const { return lines_ == 0; }

private:
    static constexpr std::size_t most_lines = 50;
    // Of records that are looked at for one page: about a second.
    static constexpr std::size_t most_records = 200'000, most_bytes = std::size_t{256} << 20;

    // The ledger knows their numbers: they are not looked for.
    std::optional<question_id> add_failed(question_id from) {
        const auto first = task_of(from, 1, repeats_);
        std::vector<question_id> tasks;
        run_.counted().state().failed.each_member([&](question_id task) {
            if (task >= first && tasks.size() < most_lines + repeats_) tasks.push_back(task);
        });
        for (const auto task : tasks) {
            if (begins_next(question_of(task, repeats_)) && lines_ >= most_lines) return last_;
            const auto body = run_.find(task);
            if (!body) throw storage_trouble(body.error(), run_.directory());
            if (*body) add_line(task, true, **body);
        }
        return std::nullopt;
    }

    std::optional<question_id> add_from_records(listing which, question_id from) {
        auto records = run_.records(task_of(from, 1, repeats_));
        for (std::size_t seen = 0, bytes = 0;; ++seen) {
            const auto entry = records.next();
            if (!entry) throw storage_trouble(entry.error(), run_.directory());
            if (!*entry) return std::nullopt;
            const auto& record = (*entry)->record;
            bytes += record.body.size();
            const bool full = lines_ >= most_lines || seen >= most_records || bytes >= most_bytes;
            if (begins_next(record.question_number()) && full) return last_;
            if (is_listed(which, record))
                add_line(record.question, record.kind == record_kind::failed, record.body);
        }
    }

    bool begins_next(question_id question) { return std::exchange(last_, question) != question; }

    void add_line(question_id task, bool failed, std::string_view body) {
        boost::system::error_code ec;
        const auto parsed = json::parse(body, ec);
        const json::object none;
        const auto& result = !ec && parsed.is_object() ? parsed.get_object() : none;
        const auto id = question_of(task, repeats_);
        out_.add("<tr><td><a href=\"{0}/question?id={1}\">{1}{2}</a></td><td>{3}</td>"
                 "<td class=\"text\">{4}</td><td class=\"text\">{5}</td>"
                 "<td class=\"text\">{6}</td></tr>",
                 link_, id, repeats_ > 1 ? fmt::format("#{}", repeat_of(task, repeats_)) : "",
                 failed ? failed_mark : verdict_of(result), beginning(text_at(result, "question")),
                 beginning(text_at(result, "reference_answer")),
                 beginning(text_at(result, failed ? "error" : "model_answer")));
        ++lines_;
    }

    html_page& out_;
    const run_view& run_;
    const std::uint64_t repeats_;
    const std::string link_;
    std::size_t lines_ = 0;
    question_id last_ = 0; // question that was looked at
};

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
    std::vector<std::string> directories() {
        return runs_meant_by(disk_, find_directory(disk_, directory_));
    }

    // Only what is listed: a name is no path.
    std::string directory_of(const std::string& name) {
        for (const auto& directory : directories())
            if (name_of(directory) == name) return directory;
        throw no_page{404, "there is no run of that name (any more): " + name};
    }

    std::string all_runs() {
        const auto began = std::chrono::steady_clock::now();
        std::vector<run_row> rows;
        bool any_lives = false;
        for (const auto& directory : directories()) {
            auto seen = see_run(disk_, directory);
            any_lives |= seen.status.tells_of_now();
            rows.push_back(
                {seen.view ? run_title(seen.view->identity()) : "", std::move(seen.status)});
        }
        html_page out("proctor: " + directory_, any_lives ? refresh_after(began) : 0);
        out.add("<header><h1>Runs</h1><p>{}</p></header>", html_text(directory_));
        if (rows.empty()) {
            out.add("<p>There is no run here yet.</p>");
            return out.take();
        }
        out.add("<div class=\"wide\"><table><tr><th>run</th><th>state</th><th>results</th>"
                "<th>accuracy</th><th class=\"chart\">0 to 100 %, 95 % interval</th>"
                "<th>failed</th><th>begun</th></tr>");
        for (const auto& row : rows) add_row(out, row);
        out.add("</table></div>");
        return out.take();
    }

    std::string one_run(const std::string& directory) {
        const auto began = std::chrono::steady_clock::now();
        const auto report = report_of(disk_, directory);
        html_page out(run_title(report.identity),
                      report.status.tells_of_now() ? refresh_after(began) : 0);
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
        const auto link_to_question = [&](question_id other, std::string_view text) {
            return fmt::format(" &#183; <a href=\"{}/question?id={}\">{}</a>", link_to(name), other,
                               text);
        };
        html_page out(fmt::format("{} · {}", id, run_title(run.identity())));
        add_way(out, name);
        out.add("<header><h1>Question {}</h1><p>{}{}{}</p></header>", id,
                html_text(run_title(run.identity())),
                id > 1 ? link_to_question(id - 1, "previous") : "",
                link_to_question(id + 1, "next"));
        bool found = false;
        auto records = run.records(task_of(id, 1, repeats));
        for (;;) {
            const auto entry = records.next();
            if (!entry) throw storage_trouble(entry.error(), directory);
            if (!*entry || (*entry)->record.question_number() != id) break;
            found = true;
            if (repeats > 1) out.add("<h1>Repeat {}</h1>", (*entry)->record.repeat());
            add_result(out, (*entry)->record.body);
        }
        if (!found)
            out.add("<p>Of this question nothing is recorded (yet): it was not asked, or there is "
                    "none of that number.</p>");
        return out.take();
    }

    std::string questions(const std::string& directory,
                          const std::map<std::string, std::string>& params) {
        const auto which = listing_in(params);
        const auto from = params.contains("from") ? number_in(params, "from") : 1;
        const auto run = open_run_view(disk_, directory);
        if (from > highest_question / repeats_of(run.identity().settings))
            throw no_page{404, "there is no such question"};
        const auto name = name_of(directory);
        html_page out("questions · " + run_title(run.identity()));
        add_way(out, name);
        out.add("<header><h1>Questions</h1><p>{}</p></header>",
                html_text(run_title(run.identity())));
        add_forms(out, link_to(name), which, from);
        out.add("<div class=\"wide\"><table><tr><th>question</th><th></th>"
                "<th class=\"text\">text</th><th class=\"text\">reference</th>"
                "<th class=\"text\">answer</th></tr>");
        question_list list(out, run);
        const auto next = list.add(which, from);
        out.add("</table></div>");
        if (next)
            out.add(
                "<p><a href=\"{0}/questions?show={1}&amp;from={2}\">from question {2} on</a></p>",
                link_to(name), listings[static_cast<std::size_t>(which)].first, *next);
        else
            out.add("<p>{}</p>", list.empty() ? "There are none from here on." : "That is all.");
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
    // By its own name, which "." is not.
    const auto directory =
        std::filesystem::canonical(find_directory(disk, options.directory).path).string();
    asio::io_context context;
    bool only_local = true;
    auto opened = page_listener::open(
        context.get_executor(), "--listen", options.listen,
        [&only_local, pages = view_pages(directory)](const page_request& asked) {
            if (only_local && !is_called_by_address(asked.host))
                return refusal(403, "this server is called by its address, or localhost");
            return pages(asked);
        });
    if (!opened) {
        const auto why = opened.error().message();
        const bool in_use = why.find("in use") != why.npos;
        throw cannot_start{
            exit_usage,
            {why + (in_use ? "; --listen 127.0.0.1:0 takes any port that is free" : "")}};
    }
    auto& server = **opened;
    only_local = server.is_local();
    server.start();
    fmt::print(stderr, "proctor: {} shows {}; Ctrl-C ends it\n", server.url(), directory);
    if (!only_local)
        fmt::print(stderr,
                   "proctor: everyone who can reach {} can read all of its questions and "
                   "answers\n",
                   options.listen);
    context.run();
    throw std::logic_error("the server has ended"); // only a signal ends it
}

} // namespace proctor
