// The JSON bodies of records: the one place that knows their field names.
//
// A body is one line. A result's body is what the results file shows for that question, byte for
// byte; PRODUCT.md's list of a result's fields is made here.
#pragma once

#include "proctor/codec/record.hpp"
#include "proctor/core/ledger.hpp"
#include "proctor/core/types.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace proctor {

// Appends `text` quoted and escaped. Bytes that are not UTF-8 become U+FFFD, so that what is
// written can always be read again.
void append_json_string(std::string& out, std::string_view text);
// Appends a finite number, with ".0" if it is whole; anything else becomes null.
void append_json_number(std::string& out, double value);

// A value as one line of JSON, with numbers as people write them (0.75, not 7.5E-1).
std::string json_text(const boost::json::value&);

std::string result_body(const question&, const answer&, const grade&);
std::string answered_body(const question&, const answer&);
std::string failed_body(const question&, const question_failure&);
// The names of all members that these have of their own.
const std::vector<std::string>& result_members();

// What the ledger wants to know of a record. bad_syntax or bad_value: not a body of this kind.
result<outcome> read_outcome(const record_view&);
// The answer in an `answered` or `result` body, for marking it (again).
result<answer> read_answer(std::string_view body);
// The choice that the answer in a result's body named, by the letter that the set knows it by where
// choices were shuffled; empty if there is none.
result<std::string> read_model_choice(std::string_view body);

// The fields of an outcome without a detour over JSON, for what was just built.
outcome outcome_of(const question&, const answer&, const grade&);
outcome outcome_of(const question&, const answer&); // answered
outcome outcome_of(const question&, const question_failure&);

} // namespace proctor
