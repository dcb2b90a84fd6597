// The shell scripts that people begin with are at least shell.
#include "support/programs.hpp"

#include <boost/test/unit_test.hpp>

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

BOOST_AUTO_TEST_SUITE_END()
