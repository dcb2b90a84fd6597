// proctor: parse, dispatch, catch once.
#include "proctor/app/exit_status.hpp"
#include "proctor/app/options.hpp"
#include "proctor/app/run_command.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    try {
        const auto line = proctor::parse_command_line(argc, argv);
        return line.command ? proctor::run_command(*line.command) : line.status;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "proctor: internal error: %s\n", error.what());
        return proctor::exit_internal;
    }
}
