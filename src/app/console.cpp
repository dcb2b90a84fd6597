// Messages scroll above the bar, which is the last line of the terminal.
#include "proctor/app/console.hpp"

#include "proctor/codec/json_fields.hpp"

#include <fmt/chrono.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace proctor {
namespace {

bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (!value || !*value) continue;
        const std::string_view text = value;
        return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos;
    }
    return false;
}

std::size_t terminal_width() {
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

// "2026-11-23T18:02:59.123Z"
std::string utc_time(std::chrono::system_clock::time_point now) {
    using namespace std::chrono;
    const auto whole = floor<seconds>(now);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(system_clock::to_time_t(whole)),
                       floor<milliseconds>(now - whole).count());
}

std::string json_line(spdlog::level::level_enum level, std::string_view text,
                      const boost::json::object& figures) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); // an indent is for eyes
    const auto name = spdlog::level::to_string_view(level);
    boost::json::object line{{"time", utc_time(std::chrono::system_clock::now())},
                             {"level", boost::json::string_view(name.data(), name.size())},
                             {"message", boost::json::string_view(text.data(), text.size())}};
    for (const auto& [key, value] : figures) line[key] = value;
    return json_text(line);
}

} // namespace

class console::terminal_sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    terminal_sink(bool bar_wanted, bool prefixed)
        : is_terminal_(::isatty(STDERR_FILENO) == 1), unicode_(speaks_utf8()),
          has_bar_(is_terminal_ && bar_wanted), prefixed_(prefixed) {}

    bool is_terminal() const { return is_terminal_; }
    bool unicode() const { return unicode_; }
    bool has_bar() const { return has_bar_; }

    void draw(const progress& now) {
        const auto width = terminal_width();
        auto out = back_to_its_begin(width);
        // The last column stays free, for some terminals wrap when it is written; and two for the
        // ^C that one echoes.
        constexpr std::size_t spare = 3;
        bar_ = progress_bar(now, width > spare ? width - spare : 0, unicode_);
        width_ = width;
        put(out + bar_ + "\x1b[K");
    }
    void leave_bar() {
        if (bar_.empty()) return;
        put("\n");
        bar_.clear();
    }

protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t text;
        formatter_->format(message, text);
        std::string out;
        if (!bar_.empty()) out += "\r\x1b[K";
        if (prefixed_ && message.level == spdlog::level::warn) out += "warning: ";
        if (prefixed_ && message.level >= spdlog::level::err) out += "proctor: ";
        out.append(text.data(), text.size());
        if (!bar_.empty()) out += bar_;
        put(out);
    }
    void flush_() override { std::fflush(stderr); }

private:
    // A terminal that became narrower has broken the bar into several lines, and we stand in the
    // last one.
    std::string back_to_its_begin(std::size_t width) const {
        if (width >= width_ || bar_.empty()) return "\r";
        const auto columns = std::count_if(bar_.begin(), bar_.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xc0) != 0x80; // of a character the first byte
        });
        std::string out = "\r";
        for (auto more = (static_cast<std::size_t>(columns) - 1) / width; more > 0; --more)
            out += "\x1b[2K\x1b[A"; // clears a line, and goes to the one above
        return out;
    }

    // In one write, so that the bar does not flicker.
    static void put(const std::string& text) {
        std::fwrite(text.data(), 1, text.size(), stderr);
        std::fflush(stderr);
    }

    bool is_terminal_;
    bool unicode_;
    bool has_bar_;
    bool prefixed_;         // what is wrong is told from the rest by its first word
    std::string bar_;       // what stands there now
    std::size_t width_ = 0; // of the terminal, when that was drawn
};

console::console(loudness level, bool bar_wanted, log_form form)
    : form_(form), terminal_(std::make_shared<terminal_sink>(
                       bar_wanted && level != loudness::quiet && form == log_form::text,
                       form == log_form::text)),
      logger_(std::make_shared<spdlog::logger>("proctor", terminal_)) {
    terminal_->set_pattern("%v");
    terminal_->set_level(level == loudness::quiet     ? spdlog::level::err
                         : level == loudness::verbose ? spdlog::level::debug
                                                      : spdlog::level::info);
    logger_->set_level(level == loudness::verbose ? spdlog::level::debug : spdlog::level::info);
}

console::~console() {
    terminal_->leave_bar();
}

void console::write(spdlog::level::level_enum level, const std::string& text,
                    const members& figures) {
    if (form_ == log_form::json)
        logger_->log(level, "{}", json_line(level, text, figures));
    else
        logger_->log(level, "{}", text);
}

void console::say(const std::string& text, const members& figures) {
    write(spdlog::level::info, text, figures);
}

void console::say(std::string_view icon, const std::string& text, const members& figures) {
    const bool shows = form_ == log_form::text && terminal_->is_terminal() && terminal_->unicode();
    say(shows ? fmt::format("{} {}", icon, text) : text, figures);
}

void console::warn(const std::string& text, const members& figures) {
    write(spdlog::level::warn, text, figures);
}
void console::error(const std::string& text) {
    write(spdlog::level::err, text, {});
}
void console::detail(const std::string& text, const members& figures) {
    write(spdlog::level::debug, text, figures);
}

void console::also_write_to(const std::string& path) {
    try {
        auto file = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
        file->set_pattern(form_ == log_form::json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %l %v");
        logger_->sinks().push_back(std::move(file));
        logger_->flush_on(spdlog::level::info);
    } catch (const spdlog::spdlog_ex& error) {
        warn(error.what());
    }
}

bool console::has_bar() const {
    return terminal_->has_bar();
}

void console::show(const progress& now) {
    if (has_bar()) terminal_->draw(now);
}

void console::end_bar() {
    terminal_->leave_bar();
}

} // namespace proctor
