// A ledger as bytes, for the footer of a snapshot: what is done is known without reading a record.
#pragma once

#include "proctor/codec/varint.hpp"
#include "proctor/core/error.hpp"
#include "proctor/core/ledger.hpp"

#include <string>

namespace proctor {

void append_ledger(std::string& out, const ledger&);
// damaged: not what append_ledger() made, or a set has more than `most` members. Leaves the reader
// behind the ledger.
result<ledger> read_ledger(varint_reader&, std::uint64_t most = highest_question);

} // namespace proctor
