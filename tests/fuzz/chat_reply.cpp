// What an endpoint says, as JSON or not: what is made of it can be written down and read again.
#include "fuzz/text.hpp"

#include "proctor/codec/json_fields.hpp"
#include "proctor/eval/chat_protocol.hpp"

using namespace proctor;

static void check(const result<answer>& said) {
    if (!said) {
        PROCTOR_ASSERT(said.error().code == failure_code::bad_response);
        return;
    }
    question asked;
    asked.number = 1;
    const auto written = answered_body(asked, *said);
    const auto read = read_answer(written);
    PROCTOR_ASSERT(read && read->usage == said->usage);
    PROCTOR_ASSERT(answered_body(asked, *read) == written);
    PROCTOR_ASSERT(written.find('\n') == std::string::npos);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto body = fuzz::as_text(data, size);
    const auto message = error_message_of(body);
    PROCTOR_ASSERT(!message.empty() && message.size() <= 500);
    check(parse_chat_reply(body));
    check(parse_completions_reply(body));
    return 0;
}
