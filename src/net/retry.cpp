// The policy of retries as a pure function: who calls it sleeps, counts and stops.
#include "proctor/net/retry.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

namespace proctor {
namespace {

using action = retry_decision::action;

struct verdict {
    action what;
    bool refused = false;
};

// OpenAI says "The model `x` does not exist or you do not have access to it", vLLM "The model `x`
// does not exist.", Ollama "model 'x' not found".
bool says_model_is_unknown(const std::string& detail) {
    std::string text(detail);
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto says = [&](const char* words) { return text.find(words) != std::string::npos; };
    return says("model") && (says("does not exist") || says("not found") || says("not_found"));
}

verdict judge_status(unsigned status, const std::string& detail) {
    switch (status) {
    case 401:
    case 402:
    case 403: return {action::stop_run};
    case 404:
        if (says_model_is_unknown(detail)) return {action::stop_run};
        return {action::fail_question}; // of the question, or of a wrong URL: not for good
    case 400:
    case 413:
    case 422: return {action::fail_question, true};
    case 408:
    case 409:
    case 425:
    case 429: return {action::retry};
    default: break;
    }
    if (status >= 500 && status < 600) return {action::retry};
    // A redirect, a wrong method: it says nothing about the question itself.
    return {action::fail_question};
}

verdict judge(const attempt_failure& failed) {
    if (failed.no_credit) return {action::stop_run}; // somebody has to pay, however long we wait
    switch (failed.why.code) {
    case failure_code::http_status: return judge_status(failed.status, failed.why.detail);
    case failure_code::connection_lost:
    case failure_code::timed_out:
    case failure_code::short_of_memory:
    case failure_code::bad_response: return {action::retry};
    case failure_code::unreachable: return {action::wait};
    case failure_code::tls_untrusted:
    case failure_code::proxy_refused: return {action::stop_run};
    case failure_code::refused_content: return {action::fail_question, true};
    default: return {action::fail_question};
    }
}

duration back_off(unsigned attempt, const retry_policy& policy, random_engine& random) {
    const double widest =
        std::min(double(policy.cap.count()), double(policy.base.count()) * std::exp2(attempt - 1));
    std::uniform_real_distribution<double> anywhere(0, widest);
    return duration(static_cast<duration::rep>(anywhere(random)));
}

} // namespace

retry_decision decide_retry(const attempt_failure& failed, const attempts_so_far& so_far,
                            const retry_policy& policy, random_engine& random) {
    auto [what, refused] = judge(failed);
    if (failed.should_retry && (what == action::retry || what == action::fail_question))
        what = *failed.should_retry ? action::retry : action::fail_question;
    if (what == action::retry && !so_far.counts) what = action::wait;
    if (what == action::retry &&
        (so_far.attempt > policy.max_retries || so_far.spent > policy.time_limit))
        what = action::fail_question;

    retry_decision decision;
    decision.what = what;
    if (what == action::fail_question) decision.refused = refused;
    if (what == action::retry || what == action::wait)
        decision.after =
            std::max(back_off(what == action::wait ? 1 : so_far.attempt, policy, random),
                     failed.retry_after.value_or(duration{}));
    return decision;
}

} // namespace proctor
