// CPython's random.sample, so that a seed selects what it selected in the original system: Lib/
// random.py (sample, _randbelow_with_getrandbits) and Modules/_randommodule.c (seeding by the
// words of an integer, getrandbits), which have not changed their results since Python 3.2.
#include "proctor/eval/selection.hpp"

#include "proctor/core/error.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <random>
#include <unordered_set>

namespace proctor {
namespace {

// The seeding of MT19937 by an array (Matsumoto and Nishimura's init_by_array), in the form that
// the standard's engine takes its state from.
class python_seed {
public:
    using result_type = std::uint_least32_t;
    explicit python_seed(std::uint64_t seed)
        : words_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
          count_(words_[1] == 0 ? 1 : 2) {}

    template <class Iterator>
    void generate(Iterator begin, Iterator end) {
        constexpr std::size_t size = std::mt19937::state_size;
        PROCTOR_ASSERT(end - begin == size);
        std::array<std::uint32_t, size> state{};
        state[0] = 19650218;
        for (std::size_t i = 1; i < size; ++i)
            state[i] = 1812433253 * mixed(state[i - 1]) + static_cast<std::uint32_t>(i);
        std::size_t at = 1;
        const auto step = [&] {
            if (++at < size) return;
            state[0] = state[size - 1];
            at = 1;
        };
        for (std::size_t i = 0; i < size; ++i) {
            const auto word = i % count_;
            state[at] = (state[at] ^ mixed(state[at - 1]) * 1664525) + words_[word] +
                        static_cast<std::uint32_t>(word);
            step();
        }
        for (std::size_t i = 0; i < size - 1; ++i) {
            state[at] =
                (state[at] ^ mixed(state[at - 1]) * 1566083941) - static_cast<std::uint32_t>(at);
            step();
        }
        state[0] = 0x80000000;
        std::copy(state.begin(), state.end(), begin);
    }

private:
    static std::uint32_t mixed(std::uint32_t word) { return word ^ word >> 30; }

    std::uint32_t words_[2];
    std::size_t count_;
};

class python_random {
public:
    explicit python_random(std::uint64_t seed) {
        python_seed words(seed);
        engine_.seed(words);
    }

    // A number from 0 to bound - 1. Requires bound > 0.
    std::uint64_t below(std::uint64_t bound) {
        const auto bits = static_cast<unsigned>(std::bit_width(bound));
        auto drawn = some_bits(bits);
        while (drawn >= bound) drawn = some_bits(bits);
        return drawn;
    }

private:
    std::uint64_t some_bits(unsigned count) {
        const auto word = [&](unsigned bits) {
            return std::uint64_t{static_cast<std::uint32_t>(engine_())} >> (32 - bits);
        };
        if (count <= 32) return word(count);
        const auto low = word(32);
        return low | word(count - 32) << 32;
    }

    std::mt19937 engine_;
};

// Up to this population Python shuffles a list of all, above it remembers what it has drawn: the
// numbers of each differ. It is 21 plus the power of 4 that is not below 3 * count, if count > 5.
std::uint64_t largest_list(std::uint64_t count) {
    std::uint64_t size = 21;
    if (count <= 5) return size;
    std::uint64_t power = 1;
    while (power < 3 * count) power *= 4;
    return size + power;
}

} // namespace

std::vector<std::uint64_t> python_sample(std::uint64_t population, std::uint64_t count,
                                         std::uint64_t seed) {
    PROCTOR_ASSERT(count <= population);
    python_random random(seed);
    std::vector<std::uint64_t> sample;
    sample.reserve(count);
    if (population <= largest_list(count)) {
        std::vector<std::uint64_t> pool(population);
        for (std::uint64_t i = 0; i < population; ++i) pool[i] = i;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto drawn = random.below(population - i);
            sample.push_back(pool[drawn]);
            pool[drawn] = pool[population - i - 1];
        }
        return sample;
    }
    std::unordered_set<std::uint64_t> taken;
    for (std::uint64_t i = 0; i < count; ++i) {
        auto drawn = random.below(population);
        while (!taken.insert(drawn).second) drawn = random.below(population);
        sample.push_back(drawn);
    }
    return sample;
}

std::optional<shard> parse_shard(std::string_view text) {
    shard part;
    const char* end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, part.number);
    if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '/') return std::nullopt;
    const auto of = std::from_chars(number.ptr + 1, end, part.of);
    if (of.ec != std::errc{} || of.ptr != end) return std::nullopt;
    constexpr std::uint64_t most = 1'000'000;
    if (part.number < 1 || part.number > part.of || part.of > most) return std::nullopt;
    return part;
}

std::string to_string(const shard& part) {
    return fmt::format("{}/{}", part.number, part.of);
}

question_set share_of(const question_set& drawn, const shard& part) {
    question_set share;
    std::uint64_t place = 0;
    drawn.each_member([&](question_id id) {
        if (part.has(++place)) share.insert(id);
    });
    return share;
}

question_set draw_questions(std::uint64_t population, std::uint64_t count, std::uint64_t seed) {
    question_set places;
    for (const auto index : python_sample(population, count, seed)) places.insert(index + 1);
    return places;
}

} // namespace proctor
