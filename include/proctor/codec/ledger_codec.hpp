// A ledger as bytes, for the footer of a snapshot: what is done is known without reading a record.
#pragma once

#include "proctor/codec/varint.hpp"
#include "proctor/core/error.hpp"
#include "proctor/core/ledger.hpp"

#include <string>

namespace proctor {

// Snapshots of version 1 do not tell of answers.
enum class ledger_layout { without_answers, whole };

void append_ledger(std::string& out, const ledger&, ledger_layout = ledger_layout::whole);
// damaged: not what append_ledger() made, or a set has more than `most` members. Leaves the reader
// behind the ledger.
result<ledger> read_ledger(varint_reader&, std::uint64_t most = highest_question,
                           ledger_layout = ledger_layout::whole);

} // namespace proctor
