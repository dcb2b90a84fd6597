// A key that goes in by any door comes out by none: not into a file, not into what is said, in no
// disguise, not even if the server repeats it.
#include "support/secret_scanner.hpp"

#include "support/nginx.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace proctor::test;

namespace {

// Fits into a header, and looks different once it is encoded.
std::string make_canary() {
    static std::mt19937_64 random(std::random_device{}());
    constexpr std::string_view letters = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    std::string text = "sk-";
    for (int i = 0; i < 27; ++i)
        text += i % 9 == 4 ? "/+="[i / 9] : letters[random() % letters.size()];
    return text;
}

std::string without_slash(std::string text) {
    std::replace(text.begin(), text.end(), '/', '-');
    return text;
}

// Repeats the keys in errors of all kinds, to one question each; then it answers. Only where the
// request speaks of `whom`, the rest is answered at once.
std::string echoing(const std::string& whom = "") {
    return R"(
        lua_need_request_body on;
        content_by_lua_block {
            local answer = '{"choices":[{"message":{"content":"The answer is (B)."}}]}'
            local asked = ngx.req.get_body_data() or ""
            if not asked:find(")" +
           whom + R"(", 1, true) then
                ngx.print(answer)
                return
            end
            local headers = ngx.req.get_headers()
            local key = headers["authorization"] or ""
            local keys = key .. ", " .. key:gsub("^Bearer ", "") .. ", " ..
                         (headers["x-team-token"] or "")
            local function say(status, text)
                ngx.status = status
                ngx.header["X-Echo"] = keys
                ngx.print(text)
            end
            local error = '{"error": {"message": "Incorrect API key: ' .. keys .. '"}}'
            local n = ngx.shared.asked:incr("n", 1, 0)
            if n == 1 then say(500, error)
            elseif n == 2 then say(400, error)
            elseif n == 3 then say(422, '{"detail": [{"msg": "' .. keys .. '"}]}')
            elseif n == 4 then say(413, "not JSON: " .. keys)
            elseif n == 5 then say(200, "not JSON: " .. keys)
            elseif n == 6 then say(200, '{"no choices": "' .. keys .. '"}')
            elseif n == 7 then say(429, error)
            else say(200, answer) end
        })";
}

std::string refusing(const std::string& text) {
    return "content_by_lua_block {\n"
           "local key = ngx.req.get_headers()['authorization'] or ''\n"
           "ngx.status = 401\n"
           "ngx.print('{\"error\": {\"message\": \"" +
           text + "\"}}') }";
}

// The working directory, which is searched, and the inputs, which are elsewhere.
struct guarded_place : workplace {
    scratch_dir inputs;
    std::string key = make_canary(), team_token = make_canary();
    std::string password = without_slash(make_canary()); // as it may stand in a URL
    secret_scanner scanner{{key, team_token, password}};
    std::vector<std::string> findings;

    guarded_place() { dir.write("q.jsonl", few_questions(12)); }

    template <class Endpoint>
    std::string config(const Endpoint& whom, const std::string& more,
                       const std::string& header = "") const {
        return inputs.write("run.yaml",
                            "questions_file: " + dir.file("q.jsonl") +
                                "\n"
                                "model:\n"
                                "  generator_settings:\n"
                                "    model: m\n"
                                "    headers: {" +
                                (header.empty() ? "X-Team-Token: \"" + team_token + "\"" : header) +
                                "}\n" + more + "tls: {ca_file: " + whom.ca_file() + "}\n");
    }

    finished run(const words& arguments, std::map<std::string, std::string> environment = {}) {
        auto what = proctor(words{"run", "--no-progress-bar", "--verbose", "--show-answers",
                                  "--save-incorrect", "--parallel", "2"} +
                            arguments);
        what.environment = std::move(environment);
        auto how = run_to_end(what);
        note(how);
        return how;
    }

    void note(const finished& how) {
        for (const auto& [what, text] : {std::pair("standard output", &how.output),
                                         std::pair("standard error", &how.errors)}) {
            const auto more = scanner.look_at(what, *text);
            findings.insert(findings.end(), more.begin(), more.end());
        }
    }

    void check_tight() {
        const auto more = scanner.look_below(dir.path());
        findings.insert(findings.end(), more.begin(), more.end());
        for (const auto& finding : findings) BOOST_ERROR(finding);
        files_ += files().size();
    }

    static std::size_t files_;
};
std::size_t guarded_place::files_ = 0;

// A run that meets every error, once more to try again what failed, and what a person then looks
// at.
void check_run(guarded_place& place, const nginx_server& endpoint, const words& arguments,
               const std::map<std::string, std::string>& environment) {
    const auto first = place.run(arguments, environment);
    BOOST_TEST(first.code == 3, first.errors);
    // The keys were met, and taken out: once as they are, once with their scheme, once the other.
    BOOST_TEST(contains(first.errors, "Incorrect API key: Bearer ***, ***, ***"), first.errors);
    const auto second = place.run(arguments + words{"--retry-refused"}, environment);
    BOOST_TEST(second.code == 0, second.errors);
    place.note(run_to_end({{program("proctor-dump"), "--records", "checkpoints/latest"},
                           {},
                           place.dir.path().string()}));
    place.note(place.say({"report", "checkpoints"}));
    place.check_tight();
    BOOST_TEST(endpoint.asked().at("n") > 12u);
}

} // namespace

BOOST_AUTO_TEST_SUITE(secrets)

BOOST_FIXTURE_TEST_CASE(a_key_of_the_environment_stays_there, guarded_place) {
    const nginx_server endpoint(echoing());
    check_run(*this, endpoint, {"--config", config(endpoint, "")},
              {{"OPENAI_BASE_URL", endpoint.base_url()}, {"OPENAI_API_KEY", key}});
}

BOOST_FIXTURE_TEST_CASE(keys_of_a_configuration_stay_there, guarded_place) {
    const auto env_file = inputs.write("env", "PROCTOR_TEST_KEY=" + key + "\n");
    const auto key_file = inputs.write("key", key + "\n");
    struct door {
        std::string line;
        words arguments;
        std::map<std::string, std::string> environment;
    };
    for (const auto& [line, arguments, environment] :
         {door{"api_key: \"" + key + "\"", {}, {}},
          door{"api_key: ${PROCTOR_TEST_KEY}", {}, {{"PROCTOR_TEST_KEY", key}}},
          door{"api_key: ${PROCTOR_TEST_KEY}", {"--env-file", env_file}, {}},
          door{"api_key_file: " + key_file, {}, {}}}) {
        const nginx_server endpoint(echoing());
        const auto yaml =
            config(endpoint, "    base_url: " + endpoint.base_url() + "\n    " + line + "\n");
        check_run(*this, endpoint, words{"--config", yaml, "--no-auto-resume"} + arguments,
                  environment);
        std::filesystem::remove_all(dir.file("checkpoints"));
    }
    std::cout << "files searched " << files_ << std::endl;
}

BOOST_FIXTURE_TEST_CASE(the_key_of_a_grader_stays_there, guarded_place) {
    const nginx_server endpoint(echoing("judge-70b"));
    const auto registry =
        inputs.write("model_servers.yaml",
                     "servers:\n  - shortname: judge\n    openai_api_base: " + endpoint.base_url() +
                         "\n    openai_api_key: ${JUDGE_KEY}\n"
                         "    openai_model: judge-70b\n");
    const auto yaml = config(endpoint, "    base_url: " + endpoint.base_url() + "\n");
    const auto marked = run(
        {"--config", yaml, "--grader", "judge", "--grading", "model", "--model-config", registry},
        {{"JUDGE_KEY", key}});
    BOOST_TEST(marked.code == 0, marked.errors);
    BOOST_TEST(contains(marked.errors, "Incorrect API key: Bearer ***, ***,"), marked.errors);
    BOOST_TEST(endpoint.asked().at("n") > 12u);
    auto again = proctor({"regrade", "checkpoints", "--grading", "hybrid", "--verbose"});
    again.environment["JUDGE_KEY"] = key;
    const auto regraded = run_to_end(again);
    BOOST_TEST(regraded.code == 0, regraded.errors);
    note(regraded);
    check_tight();
}

BOOST_FIXTURE_TEST_CASE(a_refusal_that_repeats_the_key_does_not_show_it, guarded_place) {
    for (const auto* words_of_server : {"no: ' .. key .. '", "no: ' .. key:sub(8) .. '"}) {
        const nginx_server endpoint(refusing(words_of_server));
        const auto stopped =
            run({"--config", config(endpoint, "")},
                {{"OPENAI_BASE_URL", endpoint.base_url()}, {"OPENAI_API_KEY", key}});
        BOOST_TEST(stopped.code == 77, stopped.errors);
        BOOST_TEST(contains(stopped.errors, "***"), stopped.errors);
    }
    check_tight();
}

BOOST_FIXTURE_TEST_CASE(what_is_refused_is_not_shown, guarded_place) {
    const auto host = "@127.0.0.1:9/v1";
    const words run_it{"q.jsonl", "--model", "m"};
    for (const auto& url :
         std::vector{"https://user:" + password + host, "https://" + password + host,
                     "https//user:" + password + host, "ftp://user:" + password + host,
                     "https://user:" + password + "@@[/v1", "http://user:" + password + "@"}) {
        BOOST_TEST(run(run_it, {{"OPENAI_BASE_URL", url}}).code == 2);
        BOOST_TEST(run(run_it + words{"--base-url", url}).code == 2);
    }
    BOOST_TEST(run(run_it + words{"--base-url", "https://127.0.0.1:9/v1", "--set",
                                  "model.generator_settings.api_key=" + key})
                   .code == 2);
    BOOST_TEST(run(run_it, {{"OPENAI_BASE_URL", "https://127.0.0.1:9/v1"},
                            {"OPENAI_API_KEY", key + "\r\nX: y"}})
                   .code == 2);
    check_tight();
}

// It should be %2F there; as it stands, all before it is the host, and the rest the path.
BOOST_FIXTURE_TEST_CASE(a_password_with_a_slash_in_a_url_is_not_taken_for_host_and_path,
                        guarded_place) {
    const words run_it{"q.jsonl", "--model", "m", "--wait-for-endpoint", "1s"};
    BOOST_TEST(run(run_it, {{"OPENAI_BASE_URL", "https://user:" + key + "@127.0.0.1:9/v1"}}).code ==
               2);
    BOOST_TEST(run(run_it, {{"OPENAI_BASE_URL", "https://" + key + "@127.0.0.1:9/v1"}}).code == 2);
    check_tight();
}

// A server may well repeat the token without the scheme before it.
BOOST_FIXTURE_TEST_CASE(a_token_in_a_header_of_our_own_is_known_without_its_scheme, guarded_place) {
    const nginx_server endpoint(refusing("no: ' .. key:sub(8) .. '"));
    const auto yaml = config(endpoint, "    base_url: " + endpoint.base_url() + "\n",
                             "Authorization: \"Bearer " + key + "\"");
    BOOST_TEST(run({"--config", yaml}).code == 77);
    check_tight();
}

// An error text is shortened; what is left of a key where it ends is a piece of the key.
BOOST_FIXTURE_TEST_CASE(a_key_at_the_place_where_an_error_is_shortened_is_not_shown_in_part,
                        guarded_place) {
    for (int before = 470; before < 500; before += 3) {
        const nginx_server endpoint(
            refusing("' .. ('x'):rep(" + std::to_string(before) + ") .. key:sub(8) .. '"));
        BOOST_TEST(run({"--config", config(endpoint, "")},
                       {{"OPENAI_BASE_URL", endpoint.base_url()}, {"OPENAI_API_KEY", key}})
                       .code == 77);
    }
    check_tight();
}

// --- that the search would find it ------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_secret_is_found_in_every_disguise) {
    const std::string secret = "sk-4f/Qz+7vXw=pL0aTn2R";
    const secret_scanner scanner({secret});
    // As other programs wrote them: base64, python's urllib.parse.quote, xxd -p, rev.
    const std::pair<std::string, std::string> plants[] = {
        {"plain", "key " + secret + "."},
        {"its beginning", "sk-4f/Qz+7vX"},
        {"its end", "7vXw=pL0aTn2R"},
        {"reversed", "R2nTa0Lp=wXv7+zQ/f4-ks"},
        {"base64", "dXNlcjEyc2stNGYvUXorN3ZYdz1wTDBhVG4yUiE="},
        {"base64", "dXNlcnNrLTRmL1F6Kzd2WHc9cEwwYVRuMlIh"},
        {"base64", "dXNlcjpzay00Zi9Reis3dlh3PXBMMGFUbjJSIQ=="},
        {"base64", "OnNrLTRmL1F6Kzd2WHc9cEwwYVRuMlI="},
        {"percent-encoded in part", "sk-4f%2FQz%2B7vXw%3DpL0aTn2R"},
        {"percent-encoded in part", "sk-4f%2fQz%2b7vXw%3dpL0aTn2R"},
        {"percent-encoded", "%73%6B%2D%34%66%2F%51%7A%2B%37%76%58%77%3D%70%4C%30%61%54%6E%32%52"},
        {"hexadecimal", "736b2d34662f517a2b377658773d704c3061546e3252"},
    };
    for (const auto& [what, text] : plants) {
        const scratch_dir place;
        std::filesystem::create_directories(place.path() / "a" / "b");
        place.write("a/innocent", "nothing here");
        BOOST_TEST(scanner.look_below(place.path()).empty());
        const auto path = place.write("a/b/file", std::string(5000, 'x') + text + "y");
        const auto findings = scanner.look_below(place.path());
        BOOST_TEST(std::count(findings.begin(), findings.end(), path + ": " + what) >= 1, text);
    }
}

BOOST_AUTO_TEST_CASE(a_secret_is_found_in_compressed_data_and_in_names) {
    const std::string secret = "sk-4f/Qz+7vXw=pL0aTn2R";
    const secret_scanner scanner({secret});
    const auto compressed = [](const std::string& text) {
        std::string bytes(ZSTD_compressBound(text.size()), '\0');
        bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), 1));
        return bytes;
    };
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i) + "\n";
    const scratch_dir place;
    const auto path = place.write("snapshot-1-2-1.snap",
                                  "header" + compressed(text) + compressed("nothing") + "footer");
    BOOST_TEST(scanner.look_below(place.path()).empty());
    place.write("snapshot-1-2-1.snap",
                "header" + compressed("nothing") + compressed(text + secret) + "footer");
    BOOST_TEST(!scanner.look_below(place.path()).empty());
    place.write("snapshot-1-2-1.snap", compressed(compressed(secret)).substr(0));
    BOOST_TEST(!scanner.look_below(place.path()).empty());
    std::filesystem::remove(path);
    BOOST_TEST(scanner.look_below(place.path()).empty());
    place.write("R2nTa0Lp=wXv7+zQ", "");
    std::filesystem::create_symlink(secret, place.path() / "link");
    BOOST_TEST(!scanner.look_below(place.path()).empty());
    BOOST_TEST(!scanner.look_at("output", "it is " + secret).empty());
}

BOOST_AUTO_TEST_SUITE_END()
