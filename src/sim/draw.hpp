// Chance without a state: the same seed, prompt and purpose always give the same number, in
// whatever order questions come.
#pragma once

#include <cstdint>

namespace proctor {

// Steele, Lea, Flood, OOPSLA 2014: the finalizer of SplitMix64. A bijection, so different numbers
// stay different.
constexpr std::uint64_t mix(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// What a number is drawn for; numbers for different purposes have nothing to do with each other.
enum class purpose : std::uint64_t { rank = 1, choice, wording, latency, fault, verdict };

constexpr std::uint64_t draw(std::uint64_t seed, std::uint64_t prompt_hash, purpose what) {
    return mix(prompt_hash ^ mix(seed ^ mix(static_cast<std::uint64_t>(what))));
}

// In (0, 1], evenly.
constexpr double fraction(std::uint64_t drawn) {
    return (double(drawn >> 11) + 0.5) * 0x1p-53;
}

} // namespace proctor
