// A page of HTML that needs nothing beside it: its style sheet is in it, and it may load nothing.
#pragma once

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>

namespace proctor {

// `text` as a page shows it, between tags or in the quotes of an attribute.
std::string html_text(std::string_view text);

// What is added is HTML, well-formed as XML too; what comes from outside goes through html_text()
// first.
class html_page {
public:
    // `refresh`: after how many seconds a browser asks for it anew; 0: never.
    explicit html_page(std::string_view title, unsigned refresh = 0);

    template <class... Values>
    void add(fmt::format_string<Values...> format, Values&&... values) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Values>(values)...);
        text_ += '\n';
    }
    // All of it, to the end. Called last, and once.
    std::string take();

private:
    std::string text_;
};

// A row of a table for each leaf, called a.b.c, below `path`. Text is shown as it is, everything
// else as JSON.
void add_rows(html_page&, const std::string& path, const boost::json::value&);

// "2026-11-29T01:02:03.123456" as people write it, fit for a page.
std::string html_moment(std::string_view iso_time);
// "75.0 %".
std::string percent_text(double share);

} // namespace proctor
