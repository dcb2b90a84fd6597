// Looks for secrets where none may be: as they are, in part, and in the disguises in which programs
// spread them; in compressed data too.
#pragma once

#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace proctor::test {

class secret_scanner {
public:
    // Secrets of 16 bytes or more.
    explicit secret_scanner(const std::vector<std::string>& secrets) {
        for (const auto& secret : secrets) add(secret);
    }

    // One line for each finding.
    std::vector<std::string> look_at(const std::string& where, std::string_view bytes) const {
        std::vector<std::string> findings;
        look(where, bytes, 0, findings);
        return findings;
    }

    // Every file below `directory`, and the names as well.
    std::vector<std::string> look_below(const std::filesystem::path& directory) const {
        std::vector<std::string> findings;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
            const auto path = entry.path().string();
            look("the name " + path, path, 0, findings);
            if (entry.is_symlink()) look(path, read_link(entry.path()), 0, findings);
            if (entry.is_symlink() || !entry.is_regular_file()) continue;
            std::ifstream file(path, std::ios::binary);
            if (!file) throw std::runtime_error("cannot read " + path);
            look(path, std::string{std::istreambuf_iterator<char>(file), {}}, 0, findings);
        }
        return findings;
    }

private:
    struct disguise {
        std::string what;
        std::string text;
    };

    void add(const std::string& secret) {
        constexpr std::size_t part = 12;
        constexpr std::string_view standard = "+/", for_urls = "-_";
        if (secret.size() < 16) throw std::runtime_error("a secret that anybody could guess");
        disguises_.push_back({"plain", secret});
        disguises_.push_back({"its beginning", secret.substr(0, part)});
        disguises_.push_back({"its end", secret.substr(secret.size() - part)});
        disguises_.push_back({"reversed", {secret.rbegin(), secret.rend()}});
        for (const auto last_letters : {standard, for_urls})
            for (std::size_t before = 0; before < 3; ++before)
                disguises_.push_back({"base64", base64_inside(secret, before, last_letters)});
        for (const auto* digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
            disguises_.push_back({"hexadecimal", hexadecimal(secret, "", digits)});
            disguises_.push_back({"percent-encoded", hexadecimal(secret, "%", digits)});
            disguises_.push_back({"percent-encoded in part", percent_encoded(secret, digits)});
        }
    }

    // What every base64 text has that encodes the secret behind `before` bytes of something else
    // (modulo 3), and before something else again.
    static std::string base64_inside(const std::string& secret, std::size_t before,
                                     std::string_view last_letters) {
        std::string alphabet;
        for (char c = 'A'; c <= 'Z'; ++c) alphabet += c;
        for (char c = 'a'; c <= 'z'; ++c) alphabet += c;
        for (char c = '0'; c <= '9'; ++c) alphabet += c;
        alphabet += last_letters;
        auto bytes = secret.substr((3 - before) % 3); // whole groups only
        bytes.resize(bytes.size() / 3 * 3);
        std::string text;
        for (std::size_t i = 0; i < bytes.size(); i += 3) {
            std::uint32_t group = 0;
            for (std::size_t j = 0; j < 3; ++j)
                group = group << 8 | static_cast<unsigned char>(bytes[i + j]);
            for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[group >> shift & 63];
        }
        return text;
    }

    static std::string hexadecimal(const std::string& secret, std::string_view before,
                                   std::string_view digits) {
        std::string text;
        for (const char c : secret) {
            const auto byte = static_cast<unsigned char>(c);
            text += before;
            text += digits[byte >> 4];
            text += digits[byte & 15];
        }
        return text;
    }

    static std::string percent_encoded(const std::string& secret, std::string_view digits) {
        constexpr std::string_view unreserved = "-._~";
        std::string text;
        for (const char c : secret) {
            const bool as_it_is = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || unreserved.find(c) != unreserved.npos;
            text += as_it_is ? std::string(1, c) : hexadecimal({c}, "%", digits);
        }
        return text;
    }

    static std::string read_link(const std::filesystem::path& path) {
        return std::filesystem::read_symlink(path).string();
    }

    void look(const std::string& where, std::string_view bytes, int depth,
              std::vector<std::string>& findings) const {
        constexpr std::string_view magic = "\x28\xb5\x2f\xfd";
        constexpr int deepest = 2;
        for (const auto& [what, text] : disguises_)
            if (bytes.find(text) != bytes.npos) findings.push_back(where + ": " + what);
        if (depth == deepest) return;
        for (auto at = bytes.find(magic); at != bytes.npos; at = bytes.find(magic, at + 1))
            look(where + ", compressed at " + std::to_string(at), decompressed(bytes.substr(at)),
                 depth + 1, findings);
    }

    // As far as it is what it looks like.
    static std::string decompressed(std::string_view bytes) {
        const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                           ZSTD_freeDCtx);
        std::string text;
        std::vector<char> piece(ZSTD_DStreamOutSize());
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer out{piece.data(), piece.size(), 0};
            const auto left = ZSTD_decompressStream(context.get(), &out, &in);
            text.append(piece.data(), out.pos);
            if (ZSTD_isError(left) || left == 0 || (in.pos == in.size && out.pos < out.size))
                return text;
        }
    }

    std::vector<disguise> disguises_;
};

} // namespace proctor::test
