// Numbers to bars.
#include "proctor/pipeline/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace proctor {
namespace {

std::string rate_text(double rate) {
    return rate >= 100 ? fmt::format("{:.0f} questions/s", rate)
                       : fmt::format("{:.1f} questions/s", rate);
}

std::string timing(const progress& now) {
    const auto left = now.remaining_seconds();
    return fmt::format("{}<{}, {}", clock_time(now.elapsed_seconds),
                       now.completed >= now.total ? "00:00"
                       : left > 0                 ? clock_time(left)
                                                  : "?",
                       rate_text(now.rate()));
}

double percent(const progress& now) {
    return now.total ? 100.0 * double(now.completed) / double(now.total) : 100.0;
}

std::string bar(double share, std::size_t cells, bool unicode) {
    static constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const auto filled = std::clamp(share, 0.0, 1.0) * double(cells);
    const auto whole = static_cast<std::size_t>(filled);
    std::string text;
    for (std::size_t i = 0; i < whole; ++i) text += unicode ? "█" : "#";
    auto used = whole;
    if (unicode && whole < cells) {
        const auto part = eighths[static_cast<std::size_t>((filled - double(whole)) * 8)];
        text += part;
        used += !part.empty();
    }
    text.append(cells - used, ' ');
    return text;
}

} // namespace

double progress::rate() const {
    return elapsed_seconds > 0 ? double(completed - completed_before) / elapsed_seconds : 0;
}

double progress::remaining_seconds() const {
    const auto per_second = rate();
    const auto done = completed + failed;
    return per_second > 0 && done < total ? double(total - done) / per_second : 0;
}

std::string progress_bar(const progress& now, std::size_t width, bool unicode) {
    const auto done = fmt::format("{}/{}", thousands(now.completed), thousands(now.total));
    const auto failed = now.failed ? fmt::format(" {} failed", thousands(now.failed)) : "";
    const auto accuracy =
        now.marks.marked ? fmt::format(" acc {:.1f}%", 100 * now.marks.accuracy()) : "";
    const auto cost = now.cost.empty() ? "" : " " + now.cost;
    const auto in_flight = fmt::format(" {} in flight", thousands(now.in_flight));
    auto head = fmt::format("{:.1f}%|", percent(now));
    auto tail = fmt::format("| {} [{}]{}{}", done, timing(now), failed, accuracy);
    const auto cells = [&] {
        const auto used = head.size() + tail.size();
        return used < width ? std::min<std::size_t>(width - used, 40) : 0;
    };
    // What else there is room for, the most telling first.
    constexpr std::size_t least = 10;
    const auto fits = [&](const std::string& more) { return cells() >= least + more.size(); };
    if (fits(cost)) tail += cost;
    const std::string label = "Processing questions: ";
    if (fits(label)) head = label + head;
    if (fits(in_flight)) tail += in_flight;
    if (cells() >= 3) return head + bar(percent(now) / 100, cells(), unicode) + tail;
    auto text = fmt::format("{:.1f}% {}", percent(now), done);
    for (const auto& more : {failed, accuracy, cost, in_flight})
        if (text.size() + more.size() <= width) text += more;
    return text.substr(0, width);
}

std::string progress_line(const progress& now) {
    auto line = fmt::format("Progress: {}/{} ({:.1f}%) [{}]", thousands(now.completed),
                            thousands(now.total), percent(now), timing(now));
    if (now.marks.marked) line += fmt::format(", accuracy {:.1f}%", 100 * now.marks.accuracy());
    if (!now.cost.empty()) line += ", cost " + now.cost;
    line += fmt::format(", {} in flight", thousands(now.in_flight));
    if (now.failed) line += fmt::format(", {} failed", thousands(now.failed));
    return line;
}

std::string thousands(std::uint64_t number) {
    const auto digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

std::string clock_time(double seconds) {
    const auto all = static_cast<std::uint64_t>(std::llround(std::max(0.0, seconds)));
    if (all >= 3600) return fmt::format("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60);
    return fmt::format("{:02}:{:02}", all / 60, all % 60);
}

} // namespace proctor
