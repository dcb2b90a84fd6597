// The transport of production: composes requests, takes connections from the pool and repeats
// what met a dead one. Everything that does not change from one request to the next is composed
// once; a serializer costs more than the rest of the request together.
#include "proctor/net/endpoint.hpp"

#include "connection_pool.hpp"
#include "tls_context.hpp"

#include <boost/beast/core/string.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace proctor {
namespace {

using boost::beast::iequals;

// "Host: …" to the last header that all requests share. The caller's headers replace ours.
std::string common_headers(const endpoint_options& options) {
    const auto& root = options.root;
    const bool usual_port = root.port == (root.tls ? "443" : "80");
    const auto host = root.bracketed_host();

    std::vector<std::pair<std::string, std::string>> headers{
        {"Host", usual_port ? host : fmt::format("{}:{}", host, root.port)},
        {"User-Agent", "proctor/" PROCTOR_VERSION},
        {"Accept", "application/json"},
        {"Content-Type", "application/json"},
    };
    if (options.proxy && !root.tls && !options.proxy->authorization().empty())
        headers.emplace_back("Proxy-Authorization", options.proxy->authorization());
    if (!options.api_key.empty())
        headers.emplace_back("Authorization", "Bearer " + options.api_key);
    for (const auto& [name, value] : options.headers) {
        std::erase_if(headers, [&](const auto& ours) { return iequals(ours.first, name); });
        headers.emplace_back(name, value);
    }
    std::string text;
    for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
    return text;
}

bool is_token(std::string_view text) {
    constexpr std::string_view also = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               also.find(c) != also.npos;
    });
}

bool is_header_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Headers from a configuration file must not be able to break the framing.
result<void> check_headers(const endpoint_options& options) {
    static constexpr std::array<std::string_view, 3> framing{"Content-Length", "Transfer-Encoding",
                                                             "Connection"};
    if (!is_header_value(options.api_key))
        return failure(failure_code::bad_value, "api_key", "the key contains a line break");
    for (const auto& [name, value] : options.headers) {
        if (!is_token(name))
            return failure(failure_code::bad_value, "headers",
                           fmt::format("\"{}\" is not the name of a header", name));
        if (!is_header_value(value))
            return failure(failure_code::bad_value, "headers",
                           fmt::format("the value of {} contains a line break", name));
        if (std::ranges::any_of(framing, [&](auto ours) { return iequals(ours, name); }))
            return failure(failure_code::bad_value, "headers",
                           fmt::format("{} is set by proctor itself", name));
    }
    return {};
}

class https_endpoint final : public endpoint {
public:
    https_endpoint(asio::any_io_executor executor, endpoint_options options,
                   std::optional<asio::ssl::context> tls)
        : options_(std::move(options)), common_headers_(common_headers(options_)),
          target_(options_.proxy && !options_.root.tls ? options_.root.text()
                                                       : options_.root.base_path),
          pool_(std::move(executor), options_, std::move(tls)) {}

    asio::awaitable<result<http_response>> exchange(http_request request) override {
        const auto message = compose(request);
        auto connection = co_await pool_.take();
        if (!connection) co_return connection.error();
        auto sent = std::chrono::steady_clock::now();
        auto reply = co_await (*connection)->exchange(message);
        if ((*connection)->was_stale()) {
            ++pool_.counts().stale;
            connection = co_await pool_.open();
            if (!connection) co_return connection.error();
            sent = std::chrono::steady_clock::now();
            reply = co_await (*connection)->exchange(message);
        }
        if (reply) reply->took = std::chrono::steady_clock::now() - sent;
        pool_.give_back(std::move(*connection));
        co_return reply;
    }

    asio::awaitable<void> stop() override {
        pool_.close_idle();
        co_return;
    }

    const connection_counts& counts() const override { return pool_.counts(); }

private:
    // Head and body in one piece, so that a request is one TLS record where it fits.
    std::string compose(const http_request& request) const {
        const bool has_body = request.method == http_method::post;
        std::string message;
        message.reserve(common_headers_.size() + request.body.size() + 160);
        message.append(has_body ? "POST " : "GET ").append(target_).append(request.path);
        message.append(" HTTP/1.1\r\n").append(common_headers_);
        if (has_body)
            message.append("Content-Length: ")
                .append(std::to_string(request.body.size()))
                .append("\r\n");
        message += "\r\n";
        message += request.body;
        return message;
    }

    endpoint_options options_;
    std::string common_headers_;
    std::string target_; // what stands before a request's path
    connection_pool pool_;
};

} // namespace

result<std::unique_ptr<endpoint>> make_endpoint(asio::any_io_executor executor,
                                                endpoint_options options) {
    PROCTOR_ASSERT(options.max_handshakes > 0);
    if (auto checked = check_headers(options); !checked) return checked.error();
    std::optional<asio::ssl::context> tls;
    if (options.root.tls) {
        auto context = make_tls_context(options.tls);
        if (!context) return context.error();
        tls.emplace(std::move(*context));
    }
    return std::unique_ptr<endpoint>(
        std::make_unique<https_endpoint>(std::move(executor), std::move(options), std::move(tls)));
}

} // namespace proctor
