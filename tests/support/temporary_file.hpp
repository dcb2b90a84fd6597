// A file with given content that is gone when the test is over.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

namespace proctor::test {

class temporary_file {
public:
    explicit temporary_file(std::string_view content) {
        path_ = (std::filesystem::temp_directory_path() / "proctor-test-XXXXXX").string();
        const int descriptor = mkstemp(path_.data());
        BOOST_REQUIRE(descriptor >= 0);
        close(descriptor);
        std::ofstream(path_, std::ios::binary) << content;
    }
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    ~temporary_file() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

} // namespace proctor::test
