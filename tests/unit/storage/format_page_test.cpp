// FORMAT.md shows a segment and a snapshot byte by byte; they are what the code writes.
#include "proctor/storage/run_store.hpp"
#include "support/damaged_runs.hpp"
#include "support/source_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace proctor;
using namespace proctor::test;

namespace {

// As hexdump -C shows them, without the text: lines that repeat the one before are left out.
std::vector<std::string> hex_lines(std::string_view bytes) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < bytes.size(); at += 16) {
        const auto row = bytes.substr(at, 16);
        if (at >= 16 && row == bytes.substr(at - 16, 16)) continue;
        auto line = fmt::format("{:08x} ", at);
        for (std::size_t i = 0; i < row.size(); ++i)
            fmt::format_to(std::back_inserter(line), "{} {:02x}", i == 8 ? " " : "",
                           static_cast<unsigned char>(row[i]));
        lines.push_back(std::move(line));
    }
    return lines;
}

std::string page() {
    std::ifstream file(source_dir() / "src/storage/FORMAT.md", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void expect_in_page(const std::string& heading, const std::string& bytes) {
    const auto text = page();
    auto at = text.find(heading);
    BOOST_TEST_REQUIRE(at != text.npos, heading << " is not in FORMAT.md");
    for (const auto& line : hex_lines(bytes)) {
        const auto found = text.find("\n" + line, at);
        BOOST_TEST(found != text.npos, "not in FORMAT.md, or out of order: " << line);
        if (found != text.npos) at = found;
    }
}

// A run with one result.
struct smallest_run {
    smallest_run() {
        store =
            value_of(run_store::create(disk, run_path, make_identity(), make_options(1 << 20, 1)));
        std::string record;
        record_view result;
        result.question = 1;
        result.body = R"({"question_id":1,"score":1.0})";
        append_record(record, result);
        must_do(store->append(record, 1));
        must_do(store->sync());
    }

    memory_file_system disk;
    std::unique_ptr<run_store> store;
};

} // namespace

BOOST_AUTO_TEST_SUITE(format_page)

BOOST_FIXTURE_TEST_CASE(its_segment_is_what_is_written, smallest_run) {
    must_do(store->note());
    expect_in_page("`wal-00000000000000000001-00001.log`, 12288 bytes",
                   disk.contents(names_with(disk, "wal-").at(0)));
}

BOOST_FIXTURE_TEST_CASE(its_snapshot_is_what_is_written, smallest_run) {
    must_do(store->close());
    BOOST_TEST(value_of(store->compact()));
    const auto bytes = disk.contents(names_with(disk, "snapshot-").at(0));
    expect_in_page(
        fmt::format("`snapshot-00000000000000000001-00000000000000000001-00001.snap`, {} bytes",
                    bytes.size()),
        bytes);
}

BOOST_AUTO_TEST_SUITE_END()
