// The values of Retry-After and retry-after-ms.
#include "fuzz/text.hpp"

#include "proctor/net/retry_after.hpp"

using namespace proctor;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = fuzz::as_text(data, size);
    constexpr duration year = std::chrono::hours{24 * 365};
    const std::chrono::system_clock::time_point now =
        std::chrono::sys_days{std::chrono::year{2025} / std::chrono::January / std::chrono::day{1}};
    for (const auto& wait : {parse_retry_after(value, now), parse_retry_after_ms(value)})
        if (wait) PROCTOR_ASSERT(*wait >= duration::zero() && *wait <= year);
    return 0;
}
