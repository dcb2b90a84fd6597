// Pages of HTML that are well-formed as XML, too, taken apart. Boost's parser looks over much.
#pragma once

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace proctor::test {

using markup_tree = boost::property_tree::ptree;

// Throws if an element is closed by another's tag, or "&" begins none of the names that pages use.
inline void check_markup(std::string_view text) {
    constexpr std::array names{"amp;", "lt;", "gt;", "quot;", "#39;", "#183;", "#8211;"};
    const auto wrong = [&](std::size_t at, const std::string& why) {
        throw std::runtime_error(why + ": " + std::string(text.substr(at, 60)));
    };
    std::vector<std::string_view> open;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '&' && std::none_of(names.begin(), names.end(), [&](const char* name) {
                return text.substr(at + 1).starts_with(name);
            }))
            wrong(at, "no name of a character");
        if (text[at] != '<') continue;
        const auto end = text.find('>', at);
        if (end == text.npos) wrong(at, "a tag without an end");
        const auto tag = text.substr(at + 1, end - at - 1);
        if (tag.find('<') != tag.npos) wrong(at, "a tag in a tag");
        if (tag.starts_with('!')) continue;
        if (tag.starts_with('/')) {
            if (open.empty() || open.back() != tag.substr(1)) wrong(at, "closes another");
            open.pop_back();
        } else if (!tag.ends_with('/')) {
            open.push_back(tag.substr(0, tag.find(' ')));
        }
    }
    if (!open.empty()) throw std::runtime_error("not closed: " + std::string(open.back()));
}

// Throws if it is not well-formed.
inline markup_tree parse_markup(const std::string& page) {
    check_markup(page);
    std::istringstream in(page);
    markup_tree document;
    boost::property_tree::read_xml(in, document);
    return document;
}

inline void each_element(const markup_tree& from,
                         const std::function<void(const std::string&, const markup_tree&)>& see) {
    for (const auto& [name, element] : from) {
        see(name, element);
        each_element(element, see);
    }
}

inline std::size_t count_elements(const markup_tree& page, const std::string& wanted) {
    std::size_t count = 0;
    each_element(page,
                 [&](const std::string& name, const markup_tree&) { count += name == wanted; });
    return count;
}

} // namespace proctor::test
