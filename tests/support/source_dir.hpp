// Where the project's own files are, for tests that read some of them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace proctor::test {

// The folder that holds configs/: $PROCTOR_SOURCE_DIR, or the first one on the way up from here
// that looks like it. Build directories stand below it.
inline std::filesystem::path source_dir() {
    if (const char* named = std::getenv("PROCTOR_SOURCE_DIR")) return named;
    for (auto at = std::filesystem::current_path();; at = at.parent_path()) {
        if (exists(at / "configs" / "demo.yaml")) return at;
        if (at == at.root_path())
            throw std::runtime_error("start tests inside the project, or set PROCTOR_SOURCE_DIR");
    }
}

// The public question sets that stand beside the project, where they do.
inline std::filesystem::path shared_data() {
    return source_dir().parent_path() / "shared" / "data";
}

} // namespace proctor::test
