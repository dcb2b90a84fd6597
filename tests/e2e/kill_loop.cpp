// The oracle is the pipe of acknowledgements: what came through it before the kill must be in the
// results, and must not be asked again.
#include "kill_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <ostream>
#include <set>

namespace proctor::test {
namespace {

// Whole lines only: the kill may have cut the last one.
std::vector<std::uint64_t> numbers_in(const std::string& text) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
        numbers.push_back(std::stoull(text.substr(begin, end - begin)));
    return numbers;
}

// Small intervals, so that the default mode gets to acknowledge something in a short life.
words mode_of(unsigned session) {
    return session % 2 == 0 ? words{"--checkpoint-interval", "10"} : words{"--save-incremental"};
}

class bookkeeper {
public:
    explicit bookkeeper(const kill_plan& plan) : plan_(plan) {}

    void note_acknowledged(const std::string& text) {
        for (const auto number : numbers_in(text))
            if (!acknowledged_.insert(number).second) ++acknowledged_twice_;
    }

    // After a kill: from now on the acknowledged ones must not be asked any more.
    void note_asked() {
        const auto counts = plan_.asked();
        for (const auto number : acknowledged_)
            asked_.try_emplace(number, counts.at(plan_.name_of(number)));
    }

    void settle(const boost::json::array& results, kill_figures& figures) const {
        std::set<std::uint64_t> present;
        for (const auto& result : results)
            present.insert(result.at("question_id").to_number<std::uint64_t>());
        for (const auto number : acknowledged_) figures.lost += !present.contains(number);
        const auto counts = plan_.asked();
        for (const auto& [number, times] : asked_)
            figures.asked_twice += counts.at(plan_.name_of(number)) != times;
        figures.acknowledged = asked_.size();
        figures.acknowledged_twice = acknowledged_twice_;
    }

private:
    const kill_plan& plan_;
    std::set<std::uint64_t> acknowledged_;
    std::map<std::uint64_t, std::uint64_t> asked_; // how often, when it was acknowledged
    std::size_t acknowledged_twice_ = 0;
};

} // namespace

std::ostream& operator<<(std::ostream& out, const kill_figures& figures) {
    return out << "kills " << figures.kills << ", acknowledged before them " << figures.acknowledged
               << ", lost " << figures.lost << ", asked twice " << figures.asked_twice
               << ", acknowledged twice " << figures.acknowledged_twice;
}

kill_figures kill_and_resume(const workplace& where, const kill_plan& plan, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::uniform_int_distribution<std::chrono::milliseconds::rep> moment(0,
                                                                         plan.longest_life.count());
    bookkeeper books(plan);
    kill_figures figures;
    for (unsigned session = 0; session < plan.kills; ++session) {
        child_process run(plan.start(mode_of(session) + words{"--ack-fd", "3"}));
        if (run.ends_within(std::chrono::milliseconds{moment(random)})) break;
        run.send(SIGKILL);
        figures.kills += run.wait().signal == SIGKILL;
        books.note_acknowledged(run.acknowledged.all());
        books.note_asked();
    }
    child_process run(plan.start({"--ack-fd", "3"}));
    figures.last.code = run.wait().code;
    figures.last.output = run.output.all();
    figures.last.errors = run.errors.all();
    books.note_acknowledged(run.acknowledged.all());
    BOOST_REQUIRE_MESSAGE(figures.last.code == 0, figures.last.errors);
    books.settle(results_in(results_path(where, figures.last.errors)), figures);
    return figures;
}

std::uint64_t kill_seed() {
    const char* given = std::getenv("PROCTOR_TEST_SEED");
    const auto seed = given ? std::stoull(given) : std::random_device{}();
    std::cout << "PROCTOR_TEST_SEED=" << seed << " repeats the moments of these kills" << std::endl;
    return seed;
}

} // namespace proctor::test
