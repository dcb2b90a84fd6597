// Debian's nginx with its Lua module: an endpoint that is not ours, with a certificate of ours.
#pragma once

#include "proctor/sim/certificate_authority.hpp"
#include "support/programs.hpp"

#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

namespace proctor::test {

// A port of 127.0.0.1 that is kept, not listened on, for a server that binds it with SO_REUSEPORT.
class reserved_port {
public:
    reserved_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int yes = 1;
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0 ||
            ::bind(socket_.number(), generic, size) != 0 ||
            ::getsockname(socket_.number(), generic, &size) != 0)
            throw std::runtime_error("no port can be had");
        number_ = ntohs(address.sin_port);
    }
    std::string number() const { return std::to_string(number_); }

private:
    descriptor socket_;
    std::uint16_t number_ = 0;
};

class nginx_server {
public:
    // `completions` is what the configuration says of /v1/chat/completions.
    explicit nginx_server(const std::string& completions)
        : ca_file_(place_.file("ca.pem")), process_(start(completions)) {
        process_.errors.wait_for("getrlimit"); // its last word before it serves
    }

    std::string base_url() const { return "https://127.0.0.1:" + port_.number() + "/v1"; }
    const std::string& ca_file() const { return ca_file_; }

    // Of what `counting` counts: by the MD5 of each request's body.
    asked_counts asked() const {
        return boost::json::value_to<asked_counts>(fetch(base_url(), "/stats", ca_file_));
    }

    // Counts, thinks for a moment, and always says B.
    static std::string counting() {
        return R"(
            lua_need_request_body on;
            content_by_lua_block {
                ngx.shared.asked:incr(ngx.md5(ngx.req.get_body_data()), 1, 0)
                ngx.sleep(0.05)
                ngx.print(')" +
               std::string(reply) + R"(')
            })";
    }
    // Always says B.
    static std::string fixed() { return "return 200 '" + std::string(reply) + "';"; }

private:
    static constexpr std::string_view reply =
        R"({"choices":[{"index":0,"message":{"role":"assistant","content":"The answer is (B)."},)"
        R"("finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5}})";

    // One process, so that killing it leaves nothing behind.
    command start(const std::string& completions) const {
        const certificate_authority authority;
        const auto identity = authority.issue({"127.0.0.1"});
        place_.write("ca.pem", authority.pem());
        place_.write("server.pem", identity.certificate);
        place_.write("server.key", identity.private_key);
        std::string temporary_paths;
        for (const auto* user : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
            temporary_paths +=
                std::string("    ") + user + "_temp_path " + place_.file(user) + ";\n";
        place_.write(
            "nginx.conf",
            "load_module /usr/lib/nginx/modules/ndk_http_module.so;\n"
            "load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;\n"
            "daemon off;\n"
            "master_process off;\n"
            "worker_processes 1;\n"
            "error_log stderr notice;\n"
            "pid " +
                place_.file("pid") +
                ";\n"
                "events { worker_connections 1024; }\n"
                "http {\n" +
                temporary_paths +
                "    access_log off;\n"
                "    client_body_buffer_size 1m;\n"
                "    lua_shared_dict asked 10m;\n"
                "    server {\n"
                "        listen 127.0.0.1:" +
                port_.number() +
                " ssl reuseport;\n"
                "        ssl_certificate " +
                place_.file("server.pem") +
                ";\n"
                "        ssl_certificate_key " +
                place_.file("server.key") +
                ";\n"
                "        default_type application/json;\n"
                "        location /v1/chat/completions {" +
                completions +
                "}\n"
                "        location /v1/stats {\n"
                "            content_by_lua_block {\n"
                "                local asked, separator = ngx.shared.asked, '{'\n"
                "                for _, key in ipairs(asked:get_keys(0)) do\n"
                "                    ngx.print(separator, '\"', key, '\":', asked:get(key))\n"
                "                    separator = ','\n"
                "                end\n"
                "                ngx.print(separator == '{' and '{}' or '}')\n"
                "            }\n"
                "        }\n"
                "    }\n"
                "}\n");
        return {
            {"/usr/sbin/nginx", "-e", "stderr", "-p", place_.path().string(), "-c", "nginx.conf"},
            {},
            "."};
    }

    scratch_dir place_;
    reserved_port port_;
    std::string ca_file_;
    child_process process_;
};

} // namespace proctor::test
