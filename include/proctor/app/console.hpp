// What the program says: to standard error, around a progress bar if there is one, and into the
// run's own log.
#pragma once

#include "proctor/pipeline/progress.hpp"

#include <spdlog/logger.h>

#include <memory>
#include <string>

namespace proctor {

enum class loudness { quiet, normal, verbose };

// One thread: the network's.
class console {
public:
    console(loudness, bool bar_wanted);
    ~console(); // takes the bar away

    void say(const std::string& text);                        // what a person wants to know
    void say(std::string_view icon, const std::string& text); // with a picture where one shows
    void warn(const std::string& text);
    void error(const std::string& text);
    void detail(const std::string& text); // with --verbose

    // From now on everything also goes to this file.
    void also_write_to(const std::string& path);

    bool has_bar() const;
    // Draws the bar anew, if there is one.
    void show(const progress&);
    void end_bar(); // leaves it where it is and goes on below

private:
    class terminal_sink;

    std::shared_ptr<terminal_sink> terminal_;
    std::shared_ptr<spdlog::logger> logger_;
};

} // namespace proctor
