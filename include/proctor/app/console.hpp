// What the program says: to standard error, around a progress bar if there is one, and into the
// run's own log.
#pragma once

#include "proctor/pipeline/progress.hpp"

#include <boost/json/object.hpp>
#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace proctor {

enum class loudness { quiet, normal, verbose };

// For people; or for programs: each message one JSON object on a line of its own, with time (UTC),
// level, message, and the figures that are in it as members of their own.
enum class log_form { text, json };

// One thread: the network's.
class console {
public:
    // What programs read has no bar.
    console(loudness, bool bar_wanted, log_form = log_form::text);
    ~console(); // takes the bar away

    // What a person wants to know; with a picture where one shows. `figures` are for
    // log_form::json.
    using members = boost::json::object;
    void say(const std::string& text, const members& figures = {});
    void say(std::string_view icon, const std::string& text, const members& figures = {});
    void warn(const std::string& text, const members& figures = {});
    void error(const std::string& text);
    void detail(const std::string& text, const members& figures = {}); // with --verbose

    // From now on everything also goes to this file.
    void also_write_to(const std::string& path);

    bool has_bar() const;
    // Draws the bar anew, if there is one.
    void show(const progress&);
    void end_bar(); // leaves it where it is and goes on below

private:
    class terminal_sink;

    void write(spdlog::level::level_enum, const std::string& text, const members& figures);

    const log_form form_;
    std::shared_ptr<terminal_sink> terminal_;
    std::shared_ptr<spdlog::logger> logger_;
};

} // namespace proctor
