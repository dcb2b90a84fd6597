// Marks answers. The axis that users extend: a grader has a name in a table.
#pragma once

#include "proctor/core/error.hpp"
#include "proctor/core/types.hpp"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proctor {

namespace asio = boost::asio;

class grader {
public:
    virtual ~grader() = default;

    // Whether there may be answers that mark_at_once() leaves.
    virtual bool sends_requests() const = 0;

    // Without a request. Nothing: this answer takes one; it is logged before it is marked, so that
    // a crash or the grader's outage costs a marking and not an answer. On any thread.
    virtual std::optional<grade> mark_at_once(const question&, const answer&) const = 0;

    // What mark_at_once() leaves. Both arguments live until the awaitable has ended. A failure is
    // the grader's, never a 0.
    virtual asio::awaitable<result<grade>> mark(const question&, const answer&) = 0;
};

// "extraction": multiple choice by the choice that the answer names, numbers and short answers by
// normalised match; other free text stays unmarked. The others differ in how they mark free text:
// "contains": 1 if the reference's words stand in the answer, in a row; "f1": the harmonic mean of
// precision and recall of the answer's words, 0 to 1, as SQuAD has it. Words are compared without
// case, punctuation and articles. Null: no grader of that name.
std::unique_ptr<grader> make_grader(std::string_view name);
std::vector<std::string_view> grader_names();

// The choice that an answer names, as the label it is known by: "B", or "2" where labels are
// numbers. The last one that is stated counts. Nothing if it names none or refuses. Linear time.
// `labels` are the choices' labels in order; `choices` their texts, or empty if they are unknown.
std::optional<std::string> extract_choice(std::string_view text,
                                          const std::vector<std::string>& labels,
                                          const std::vector<std::string>& choices);

// The marking of "extraction" itself, without the coroutine.
grade mark_by_extraction(const question&, const answer&);
// The same, but only where nobody who reads the answer would think otherwise: a choice or a number
// is named, or the reference is stated. Nothing: it takes a reader.
std::optional<grade> mark_if_sure(const question&, const answer&);

} // namespace proctor
