// The index of a question file as a value and as text. It is made by index_questions, and used by
// question_reader.
#include "proctor/eval/question_index.hpp"

#include "proctor/codec/sealed_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace proctor {
namespace {

namespace json = boost::json;

// Raised also when other records count as questions than before: an older count is none then.
constexpr std::int64_t known_format = 2;

std::uint64_t count_at(const json::object& object, json::string_view key) {
    return object.at(key).to_number<std::uint64_t>();
}

std::chrono::nanoseconds time_at(const json::object& object, json::string_view key) {
    return std::chrono::nanoseconds(object.at(key).to_number<std::int64_t>());
}

file_stamp read_stamp(const json::object& object) {
    file_stamp stamp;
    stamp.device = count_at(object, "device");
    stamp.inode = count_at(object, "inode");
    stamp.size = count_at(object, "size");
    stamp.modified = time_at(object, "mtime_ns");
    stamp.changed = time_at(object, "ctime_ns");
    return stamp;
}

question_census read_census(const json::object& object) {
    question_census census;
    census.records = count_at(object, "records");
    census.questions = count_at(object, "questions");
    census.broken = count_at(object, "broken");
    census.bytes = count_at(object, "bytes");
    census.sha256 = json::value_to<std::string>(object.at("sha256"));
    return census;
}

question_place read_place(const json::array& row) {
    question_place place;
    place.number = row.at(0).to_number<std::uint64_t>();
    place.offset = row.at(1).to_number<std::uint64_t>();
    place.line = row.at(2).to_number<std::uint64_t>();
    place.questions = row.at(3).to_number<std::uint64_t>();
    return place;
}

// Whoever passes over what is done walks from place to place and counts: backwards he would not
// arrive. A record takes at least a byte, so the text's size bounds the way.
bool goes_on(const question_place& from, const question_place& to, std::uint64_t bytes) {
    return to.number > from.number && to.offset > from.offset && to.line >= from.line &&
           to.questions >= from.questions &&
           to.questions - from.questions <= to.number - from.number &&
           to.number - from.number <= to.offset - from.offset && to.offset <= bytes;
}

} // namespace

question_place question_index::at_or_before(question_id number) const {
    const auto behind = std::upper_bound(
        places.begin(), places.end(), number,
        [](question_id wanted, const question_place& place) { return wanted < place.number; });
    return behind == places.begin() ? question_place{} : *std::prev(behind);
}

question_place
question_index::pass_over_done(const question_place& from,
                               const std::function<bool(question_id)>& is_done) const {
    auto reached = from;
    auto next = std::upper_bound(
        places.begin(), places.end(), from.number,
        [](question_id number, const question_place& place) { return number < place.number; });
    for (; next != places.end(); ++next) {
        auto may_miss = (next->number - reached.number) - (next->questions - reached.questions);
        for (auto id = reached.number; id < next->number; ++id)
            if (!is_done(id) && may_miss-- == 0) return reached;
        reached = *next;
    }
    return reached;
}

std::string encode(const question_index& index) {
    const auto& [stamp, census, fields, places] = index;
    json::object object;
    object["format_version"] = known_format;
    object["stamp"] = {{"device", stamp.device},
                       {"inode", stamp.inode},
                       {"size", stamp.size},
                       {"mtime_ns", stamp.modified.count()},
                       {"ctime_ns", stamp.changed.count()}};
    object["census"] = {{"records", census.records},
                        {"questions", census.questions},
                        {"broken", census.broken},
                        {"bytes", census.bytes},
                        {"sha256", census.sha256}};
    object["fields"] = fields;
    json::array rows;
    rows.reserve(places.size());
    for (const auto& place : places)
        rows.push_back(json::array{place.number, place.offset, place.line, place.questions});
    object["places"] = std::move(rows);
    return sealed(std::move(object));
}

result<question_index> decode_question_index(std::string_view text, const std::string& where) {
    const auto damaged = [&](std::string detail) {
        return failure{failure_code::damaged, where, std::move(detail)};
    };
    if (!is_sealed(text)) return damaged("the file's own SHA-256 does not match");
    try {
        const auto value = json::parse({text.data(), text.size()});
        const auto& object = value.as_object();
        const auto version = object.at("format_version").to_number<std::int64_t>();
        if (version != known_format)
            return failure{failure_code::unsupported, where,
                           fmt::format("written by another proctor (format {}); this one reads "
                                       "format {}",
                                       version, known_format)};
        question_index index;
        index.stamp = read_stamp(object.at("stamp").as_object());
        index.census = read_census(object.at("census").as_object());
        index.fields = json::value_to<std::string>(object.at("fields"));
        question_place last;
        for (const auto& row : object.at("places").as_array()) {
            const auto place = read_place(row.as_array());
            if (!goes_on(last, place, index.census.bytes)) return damaged("places out of order");
            index.places.push_back(place);
            last = place;
        }
        return index;
    } catch (const std::exception& error) { // a member that is missing, or of another kind
        return damaged(error.what());
    }
}

} // namespace proctor
