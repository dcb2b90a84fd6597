// proctor: parse, dispatch, catch once.
#include "proctor/app/compare_command.hpp"
#include "proctor/app/config_command.hpp"
#include "proctor/app/exit_status.hpp"
#include "proctor/app/export_command.hpp"
#include "proctor/app/get_command.hpp"
#include "proctor/app/load_config.hpp"
#include "proctor/app/merge_command.hpp"
#include "proctor/app/options.hpp"
#include "proctor/app/prune_command.hpp"
#include "proctor/app/report_command.hpp"
#include "proctor/app/run_command.hpp"
#include "proctor/app/status_command.hpp"
#include "proctor/app/view_command.hpp"

#include <cstdio>
#include <exception>
#include <variant>

namespace {

struct dispatch {
    int operator()(const proctor::command_line& line) { return proctor::run_command(line); }
    int operator()(const proctor::config_options& asked) { return proctor::config_command(asked); }
    int operator()(const proctor::status_options& asked) { return proctor::status_command(asked); }
    int operator()(const proctor::get_options& asked) { return proctor::get_command(asked); }
    int operator()(const proctor::export_options& asked) { return proctor::export_command(asked); }
    int operator()(const proctor::report_options& asked) { return proctor::report_command(asked); }
    int operator()(const proctor::view_options& asked) { return proctor::view_command(asked); }
    int operator()(const proctor::merge_options& asked) { return proctor::merge_command(asked); }
    int operator()(const proctor::compare_options& asked) {
        return proctor::compare_command(asked);
    }
    int operator()(const proctor::prune_options& asked) { return proctor::prune_command(asked); }
};

} // namespace

int main(int argc, char** argv) {
    try {
        const auto line = proctor::parse_command_line(argc, argv);
        return line.command ? std::visit(dispatch(), *line.command) : line.status;
    } catch (const proctor::cannot_start& wrong) {
        for (const auto& message : wrong.messages)
            std::fprintf(stderr, "proctor: %s\n", message.c_str());
        return wrong.status;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "proctor: internal error: %s\n", error.what());
        return proctor::exit_internal;
    }
}
