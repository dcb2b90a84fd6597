// What jemalloc is told when a program starts; MALLOC_CONF in the environment goes before it.

// Two arenas for all threads. By default there are four for each core, so that every thread has one
// of its own, and each keeps what was freed for a while: a tenth more memory, and no faster.
extern "C" const char* malloc_conf; // jemalloc's name
const char* malloc_conf = "narenas:2";
