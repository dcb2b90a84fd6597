// A configuration file: problems are told, whatever stands in it, and what is used can be written.
#include "fuzz/text.hpp"

#include "proctor/app/config.hpp"

using namespace proctor;

namespace {

std::optional<std::string> look_up(const std::string& name) {
    if (name == "NAME") return "value";
    return std::nullopt;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::text_file file(fuzz::as_text(data, size));
    const auto read = read_config_file(file.path());
    config used;
    const auto wrong = apply(used, read.assignments, look_up);
    fill_from_environment(used, look_up);
    (void)check(used);
    (void)redacted_json(used);
    if (!wrong.empty()) return 0;
    const fuzz::text_file written(redacted_yaml(used));
    const auto again = read_config_file(written.path());
    PROCTOR_ASSERT(again.problems.empty());
    PROCTOR_ASSERT(again.assignments.size() == all_settings().size());
    return 0;
}
