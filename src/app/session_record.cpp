// What may change from session to session is logged here, because identity leaves it out.
#include "proctor/app/session_record.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/storage/run_layout.hpp"

#include <boost/json/object.hpp>
#include <unistd.h>

namespace proctor {
namespace {

namespace json = boost::json;

double seconds(duration time) {
    return std::chrono::duration<double>(time).count();
}

json::object who(std::string_view event, wall_time at) {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return {{"event", event},
            {"at", iso_time(at)},
            {"version", PROCTOR_VERSION},
            {"host", host},
            {"pid", ::getpid()}};
}

} // namespace

std::string session_begin_body(const config& used, const question_index& questions,
                               wall_time started) {
    auto body = who("begin", started);
    const auto& stamp = questions.stamp;
    body["question_file"] = {{"path", questions_path(used)},
                             {"device", stamp.device},
                             {"inode", stamp.inode},
                             {"size", stamp.size},
                             {"modified", stamp.modified.count()},
                             {"changed", stamp.changed.count()}};
    body["execution"] = {{"base_url", used.model.base_url},
                         {"timeout_seconds", seconds(used.model.timeout)},
                         {"connect_timeout_seconds", seconds(used.model.connect_timeout)},
                         {"max_retries", used.model.max_retries},
                         {"parallel_workers", used.processing.parallel_workers},
                         {"checkpoint_interval", used.processing.checkpoint_interval},
                         {"save_incremental", used.processing.save_incremental},
                         {"segment_size_bytes", used.processing.segment_size_bytes},
                         {"retry_refused", used.processing.retry_refused},
                         {"outage_timeout_seconds", seconds(used.processing.outage_timeout)}};
    return json_text(body);
}

std::string session_end_body(std::string_view why, std::uint64_t completed, wall_time ended) {
    auto body = who("end", ended);
    body["why"] = why;
    body["completed_count"] = completed;
    return json_text(body);
}

} // namespace proctor
