// What jemalloc is told when a program starts; MALLOC_CONF in the environment goes before it.

// One arena for the network's thread and one for those beside it. By default there are four for
// each core, every thread takes its own, and each keeps what it has freed for a while: a tenth more
// memory, and no faster.
extern "C" const char* malloc_conf; // jemalloc's name
const char* malloc_conf = "narenas:2";
