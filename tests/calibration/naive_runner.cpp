// How not to do it: a runner with a JSON checkpoint as they are often written. It keeps all results
// in memory, promises each one as soon as it is there, and now and then writes the file anew, in
// place, without a sync. The kill loop must find what it loses; if not, the kill loop is at fault.
//
//   naive-runner QUESTIONS HOST PORT [--ack-fd N] [--checkpoint-interval N | --save-incremental]
#include "proctor/eval/chat_protocol.hpp"
#include "proctor/eval/dataset.hpp"
#include "proctor/eval/prompt.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;

constexpr int unreadable_checkpoint = 4;
constexpr auto checkpoint_file = "checkpoint.json", results_file = "results.json";

class connection {
public:
    connection(const std::string& host, const std::string& port) : host_(host), socket_(context_) {
        asio::connect(socket_, asio::ip::tcp::resolver(context_).resolve(host, port));
    }

    std::string ask(const proctor::question& asked) {
        proctor::sampling_settings sampling;
        sampling.model = "m";
        http::request<http::string_body> request(http::verb::post, "/v1/chat/completions", 11);
        request.set(http::field::host, host_);
        request.set(http::field::content_type, "application/json");
        request.body() = proctor::chat_request_body(sampling, "", proctor::build_prompt(asked, {}));
        request.prepare_payload();
        http::write(socket_, request);
        http::response<http::string_body> reply;
        http::read(socket_, buffer_, reply);
        return proctor::parse_chat_reply(reply.body()).value().text;
    }

private:
    std::string host_;
    asio::io_context context_;
    asio::ip::tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
};

void write_in_place(const char* path, const json::array& results) {
    std::ofstream file(path);
    file << "{\"results\": [";
    for (std::size_t i = 0; i < results.size(); ++i)
        file << (i == 0 ? "" : ",\n") << json::serialize(results[i]);
    file << "]}\n";
}

json::array read_checkpoint() {
    std::ifstream file(checkpoint_file);
    if (!file) return {};
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return json::parse(text).at("results").as_array();
}

} // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    std::size_t interval = 10;
    int promises = -1;
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (words[i] == "--save-incremental") interval = 1;
        if (words[i] == "--checkpoint-interval") interval = std::stoul(words.at(i + 1));
        if (words[i] == "--ack-fd") promises = std::stoi(words.at(i + 1));
    }
    json::array results;
    try {
        results = read_checkpoint();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", checkpoint_file, error.what());
        return unreadable_checkpoint;
    }
    connection endpoint(words.at(1), words.at(2));
    auto questions = proctor::question_reader::open(words.at(0)).value();
    while (const auto next = questions.next()) {
        const auto& asked = next->value();
        if (asked.number <= results.size()) continue;
        results.push_back({{"question_id", asked.number},
                           {"question", asked.text},
                           {"model_answer", endpoint.ask(asked)}});
        if (results.size() % interval == 0) write_in_place(checkpoint_file, results);
        const auto promise = std::to_string(asked.number) + "\n";
        if (promises >= 0 && ::write(promises, promise.data(), promise.size()) < 0) return 1;
    }
    write_in_place(checkpoint_file, results);
    write_in_place(results_file, results);
    std::fprintf(stderr, "Results saved to %s\n", results_file);
    return 0;
}
