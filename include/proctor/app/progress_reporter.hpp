// Tells how far a run is: the bar or plain lines, the lines about checkpoints, status.json.
#pragma once

#include "proctor/app/config.hpp"
#include "proctor/app/console.hpp"
#include "proctor/net/endpoint_group.hpp"
#include "proctor/pipeline/checkpoint.hpp"
#include "proctor/storage/file_system.hpp"

#include <cstdint>
#include <string_view>

namespace proctor {

// On the network's thread. What it is made from outlives it.
class progress_reporter {
public:
    // `grading`: the endpoints of a model that marks, or null. `total`: questions of the selection.
    // Time counts from here, or from begin().
    progress_reporter(const config&, console&, clock&, file_system&, const checkpoint&,
                      const endpoint_group&, const endpoint_group* grading, std::uint64_t total);

    void begin();
    // Until cancelled.
    asio::awaitable<void> watch();

    progress current() const;
    void draw_last() const; // the bar as it ends, if there is one
    void tell_saved() const;
    // status.json: derived, replaced whole, never read by recovery.
    void write_status(std::string_view state) const;

private:
    const config& config_;
    console& console_;
    clock& clock_;
    file_system& disk_;
    const checkpoint& log_;
    const endpoint_group& endpoints_;
    const endpoint_group* grading_;
    const std::uint64_t total_;
    const std::uint64_t completed_before_;
    time_point began_;
};

} // namespace proctor
