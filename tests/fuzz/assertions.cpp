// For libFuzzer: it keeps the input of an abort, and assertion_failed() exits. The linker puts this
// in its place (--wrap).
#include <cstdio>
#include <cstdlib>

extern "C" [[noreturn]] void
__wrap__ZN7proctor16assertion_failedEPKcS1_i(const char* condition, const char* file, int line) {
    std::fprintf(stderr, "proctor: internal error: %s:%d: %s\n", file, line, condition);
    std::abort();
}
