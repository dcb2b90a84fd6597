// Collects a response while Beast parses it.
#include "reply_parser.hpp"

#include "proctor/net/retry_after.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace proctor {

namespace beast = boost::beast;

http_response reply_parser::take() {
    for (const auto& told : {requests_, tokens_})
        if (told.none_left && told.reset)
            response_.limit_reset =
                std::max(response_.limit_reset.value_or(duration{}), *told.reset);
    return std::move(response_);
}

// "x-ratelimit-remaining-tokens" and its three sisters.
bool reply_parser::read_rate_limit(string_view name, string_view value) {
    constexpr string_view prefix = "x-ratelimit-";
    if (name.size() <= prefix.size() || !beast::iequals(name.substr(0, prefix.size()), prefix))
        return false;
    const auto what = name.substr(prefix.size());
    if (beast::iequals(what, "remaining-requests")) requests_.none_left = value == "0";
    if (beast::iequals(what, "remaining-tokens")) tokens_.none_left = value == "0";
    const auto now = std::chrono::system_clock::now();
    if (beast::iequals(what, "reset-requests")) requests_.reset = parse_limit_reset(value, now);
    if (beast::iequals(what, "reset-tokens")) tokens_.reset = parse_limit_reset(value, now);
    return true;
}

reply_parser::error_code reply_parser::feed(std::string_view& bytes) {
    error_code error;
    while (!bytes.empty() && !is_done() && !error)
        bytes.remove_prefix(put(asio::const_buffer(bytes.data(), bytes.size()), error));
    return error == beast::http::error::need_more ? error_code() : error;
}

reply_parser::error_code reply_parser::end() {
    if (!got_some()) return beast::http::error::end_of_stream;
    error_code error;
    put_eof(error);
    return error;
}

void reply_parser::on_response_impl(int code, string_view, int, error_code&) {
    response_.status = static_cast<unsigned>(code);
}

void reply_parser::on_field_impl(beast::http::field field, string_view name, string_view value,
                                 error_code&) {
    if (field == beast::http::field::retry_after) {
        if (exact_delay_) return;
        response_.retry_after = parse_retry_after(value, std::chrono::system_clock::now());
    } else if (field != beast::http::field::unknown || read_rate_limit(name, value)) {
        return;
    } else if (beast::iequals(name, "retry-after-ms")) {
        const auto delay = parse_retry_after_ms(value);
        if (!delay) return;
        response_.retry_after = delay;
        exact_delay_ = true;
    } else if (beast::iequals(name, "x-should-retry")) {
        if (beast::iequals(value, "true")) response_.should_retry = true;
        if (beast::iequals(value, "false")) response_.should_retry = false;
    }
}

void reply_parser::on_body_init_impl(const boost::optional<std::uint64_t>& content_length,
                                     error_code&) {
    // A length is only announced: what is reserved on its word stays small.
    constexpr std::uint64_t believed = 64 * 1024;
    if (content_length)
        response_.body.reserve(static_cast<std::size_t>(std::min(*content_length, believed)));
}

std::size_t reply_parser::on_body_impl(string_view body, error_code& error) {
    return keep(body, error);
}

std::size_t reply_parser::on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) {
    return keep(body, error);
}

std::size_t reply_parser::keep(string_view body, error_code& error) {
    if (body.size() > budget_.limit - budget_.taken) {
        error = make_error_code(boost::system::errc::not_enough_memory);
        return 0;
    }
    budget_.taken += body.size();
    taken_ += body.size();
    response_.body.append(body.data(), body.size());
    return body.size();
}

} // namespace proctor
