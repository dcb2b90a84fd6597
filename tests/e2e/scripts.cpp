// What people begin with: scripts are at least shell, and programs need no library but glibc.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <sstream>

using namespace proctor::test;

BOOST_AUTO_TEST_SUITE(scripts)

BOOST_AUTO_TEST_CASE(the_scripts_in_tools_are_executable_and_parse) {
    for (const auto* name : {"tools/install-deps", "tools/quickstart", "tools/test"}) {
        const auto path = source_path(name);
        BOOST_TEST(::access(path.c_str(), X_OK) == 0, name);
        const auto check = run_to_end({{"/bin/bash", "-n", path}, {}, "."});
        BOOST_TEST(check.code == 0, name << ": " << check.errors);
    }
}

#ifndef PROCTOR_SANITIZE
BOOST_AUTO_TEST_CASE(the_programs_need_no_library_but_glibc) {
    for (const auto* name : {"proctor", "proctor-dump", "proctor-sim"}) {
        const auto dynamic = run_to_end({{"/usr/bin/readelf", "-d", program(name)}, {}, "."});
        BOOST_REQUIRE_MESSAGE(dynamic.code == 0, dynamic.errors);
        std::istringstream lines(dynamic.output);
        std::size_t needed = 0;
        for (std::string line; std::getline(lines, line);) {
            if (!contains(line, "(NEEDED)")) continue;
            ++needed;
            const auto of_glibc = {"[libc.so", "[libm.so", "[ld-linux"};
            BOOST_TEST(std::any_of(of_glibc.begin(), of_glibc.end(),
                                   [&](const char* library) { return contains(line, library); }),
                       name << line);
        }
        BOOST_TEST(needed > 0u);
    }
}
#endif

BOOST_AUTO_TEST_SUITE_END()
