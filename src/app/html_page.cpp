// Frame and style.
#include "proctor/app/html_page.hpp"

#include "proctor/codec/json_fields.hpp"

#include <boost/json/object.hpp>

#include <algorithm>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

constexpr std::string_view style = R"(
:root { color-scheme: light dark; --ink: #1c2330; --dim: #5d6778; --line: #d8dde6; --paper: #fff;
  --tile: #f4f6f9; --bar: #4c78a8; --key: #b8bfca; --span: #a9c4e2; --bad: #c2483f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ef; --dim: #9aa5b6; --line: #353d4a;
  --paper: #14181f; --tile: #1e242e; --bar: #6d9bd1; --key: #566174; --span: #35506f; --bad: #e57a70; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 36px 0 8px; }
p, li { color: var(--dim); } p { margin: 4px 0; } ul { margin: 12px 0; padding-left: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin: 20px 0 0; }
.tile { background: var(--tile); border-radius: 8px; padding: 12px 14px; }
.tile b { display: block; font-size: 23px; font-weight: 600; }
.tile span { color: var(--dim); font-size: 13px; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 3px 10px; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { color: var(--dim); font-weight: 500; font-size: 13px; }
th:first-child, td:first-child, .text { text-align: left; }
td:first-child, td.text { white-space: normal; overflow-wrap: anywhere; }
td.name { min-width: 20em; }
td.chart, th.chart { width: 36%; min-width: 120px; padding-right: 0; text-align: left; }
.wide { overflow-x: auto; }
svg.range { display: block; width: 100%; height: 13px; background: linear-gradient(to right,
  transparent calc(50% - .5px), var(--line) calc(50% - .5px), var(--line) calc(50% + .5px),
  transparent calc(50% + .5px)), var(--tile); }
svg.spread { display: block; width: 100%; height: auto; }
svg .span { fill: var(--span); } svg .mean, svg .bar, svg .chosen { fill: var(--bar); }
svg .key { fill: var(--key); } svg .axis { stroke: var(--dim); } svg .mark { stroke: var(--bad); }
svg text { font: 12px system-ui, sans-serif; fill: var(--dim); }
svg text.mark { stroke: none; fill: var(--bad); }
details { margin-top: 8px; } summary { cursor: pointer; color: var(--dim); }
a { color: var(--bar); } nav { margin-bottom: 16px; color: var(--dim); }
form { margin: 10px 0; } input, select, button { font: inherit; padding: 2px 6px; }
pre { background: var(--tile); border-radius: 8px; padding: 12px 14px; margin: 6px 0 18px;
  font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
small { color: var(--dim); } .wrong { color: var(--bad); }
footer { margin-top: 40px; font-size: 13px; color: var(--dim); }
@media print { .tile { border: 1px solid var(--line); } }
)";

} // namespace

std::string html_text(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        case '\r': // ends a line, alone or before "\n"
            if (text.substr(i + 1, 1) != "\n") out += '\n';
            break;
        case '\n':
        case '\t': out += c; break;
        default:
            if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
                out += c;
            else                       // has no place in a page
                out += "\xef\xbf\xbd"; // U+FFFD
        }
    }
    return out;
}

html_page::html_page(std::string_view title, unsigned refresh) {
    add(R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"/>
{}<title>{}</title><style>{}</style></head><body><main>)",
        refresh ? fmt::format("<meta http-equiv=\"refresh\" content=\"{}\"/>\n", refresh) : "",
        html_text(title), style);
}

std::string html_page::take() {
    add("</main></body></html>");
    return std::move(text_);
}

void add_rows(html_page& out, const std::string& path, const json::value& value) {
    if (const auto* object = value.if_object(); object && !object->empty()) {
        for (const auto& each : *object)
            add_rows(out, path.empty() ? std::string(each.key()) : path + "." + each.key_c_str(),
                     each.value());
        return;
    }
    const auto text = value.is_string() ? std::string(value.get_string()) : json_text(value);
    out.add("<tr><td>{}</td><td class=\"text\">{}</td></tr>", html_text(path), html_text(text));
}

std::string html_moment(std::string_view iso_time) {
    std::string text(iso_time.substr(0, 19));
    std::replace(text.begin(), text.end(), 'T', ' ');
    return html_text(text);
}

std::string percent_text(double share) {
    return fmt::format("{:.1f} %", 100 * share);
}

} // namespace proctor
