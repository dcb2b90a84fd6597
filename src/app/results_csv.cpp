// Columns are members of a body, by their JSON pointer.
#include "proctor/app/results_csv.hpp"

#include "proctor/codec/json_fields.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>

#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

struct column {
    std::string_view name;
    std::string_view pointer;
};

constexpr column columns[] = {
    {"question_id", "/question_id"},
    {"repeat", "/repeat"},
    {"format", "/format"},
    {"category", "/category"},
    {"score", "/score"},
    {"reference_choice", "/evaluation/reference_choice"},
    {"model_choice", "/evaluation/model_choice"},
    {"choice_order", "/choice_order"},
    {"reference_answer", "/reference_answer"},
    {"model_answer", "/model_answer"},
    {"question", "/question"},
    {"error", "/error"},
    {"error_kind", "/error_kind"},
    {"attempts", "/attempts"},
    {"prompt_tokens", "/usage/prompt_tokens"},
    {"completion_tokens", "/usage/completion_tokens"},
    {"model_time_seconds", "/model_time_seconds"},
    {"finish_reason", "/finish_reason"},
};

void append_text(std::string& out, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (auto quote = text.find('"'); quote != std::string_view::npos; quote = text.find('"')) {
        out += text.substr(0, quote + 1);
        out += '"';
        text.remove_prefix(quote + 1);
    }
    out += text;
    out += '"';
}

void append_value(std::string& out, const json::value& value) {
    if (value.is_null()) return;
    if (value.is_string())
        append_text(out, {value.get_string().data(), value.get_string().size()});
    else
        append_text(out, json_text(value));
}

bool has(const csv_layout& layout, std::string_view column) {
    return (layout.repeated || column != "repeat") && (layout.shuffled || column != "choice_order");
}

} // namespace

std::vector<std::string_view> csv_columns() {
    std::vector<std::string_view> names;
    for (const auto& [name, pointer] : columns) names.push_back(name);
    return names;
}

std::string csv_header(const csv_layout& layout) {
    std::string line;
    const auto add = [&](std::string_view name) {
        if (!line.empty()) line += ',';
        append_text(line, name);
    };
    for (const auto& [name, pointer] : columns)
        if (has(layout, name)) add(name);
    for (const auto& name : layout.kept) add(name);
    return line + "\n";
}

result<> append_csv_line(std::string& out, std::string_view body, const csv_layout& layout) {
    unsigned char buffer[8192]; // most bodies fit
    json::monotonic_resource memory(buffer, sizeof buffer);
    boost::system::error_code ec;
    const auto parsed = json::parse({body.data(), body.size()}, ec, &memory);
    if (ec) return failure{failure_code::bad_syntax, "record body", "not JSON: " + ec.message()};
    bool first = true;
    const auto add = [&](const json::value* value) {
        if (!std::exchange(first, false)) out += ',';
        if (value) append_value(out, *value);
    };
    for (const auto& [name, pointer] : columns) {
        if (!has(layout, name)) continue;
        boost::system::error_code missing;
        add(parsed.find_pointer(pointer, missing));
    }
    const auto* members = parsed.if_object();
    for (const auto& name : layout.kept) add(members ? members->if_contains(name) : nullptr);
    out += '\n';
    return {};
}

} // namespace proctor
