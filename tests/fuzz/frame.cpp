// A log segment: walked, replayed and inspected, and, where replay is content, recovered into a
// run that tells the same.
#include "fuzz/mutate.hpp"
#include "fuzz/text.hpp"
#include "support/memory_file_system.hpp"
#include "support/store_records.hpp"

#include "proctor/codec/ledger_codec.hpp"
#include "proctor/storage/inspect.hpp"
#include "proctor/storage/replay.hpp"
#include "proctor/storage/run_store.hpp"
#include "proctor/storage/run_view.hpp"
#include "proctor/storage/wal.hpp"

#include <optional>
#include <vector>

using namespace proctor;

namespace {

void walk(segment_reader& segment) {
    for (std::uint64_t offset = page_size;;) {
        const auto frame = segment.read(offset);
        if (!frame || !*frame) break;
        const auto& header = (*frame)->header;
        const auto bytes = encode(header, (*frame)->payload, segment.header().salt);
        PROCTOR_ASSERT(bytes.size() == header.span());
        const auto same = decode_frame_header(bytes, segment.header().salt);
        PROCTOR_ASSERT(same && same->payload_crc == header.payload_crc &&
                       same->next_lsn() == header.next_lsn() &&
                       same->durable_lsn == header.durable_lsn && same->type == header.type);
        const auto found = segment.find_header(offset);
        PROCTOR_ASSERT(found && *found && (*found)->offset == offset);
        offset += header.span();
    }
}

std::optional<condition> inspected(file_system& disk, const std::string& path) {
    const auto summary = inspect_segment(disk, path, {});
    PROCTOR_ASSERT(summary);
    return summary->verdict;
}

std::string figures(const ledger& counted) {
    std::string bytes;
    append_ledger(bytes, counted);
    return bytes;
}

void recover(test::memory_file_system& disk, const replay_report& before) {
    auto store = run_store::open(disk, "/run", test::make_options(std::uint64_t{1} << 20, 1), {});
    if (before.read_only) {
        PROCTOR_ASSERT(!store && store.error().code == failure_code::unsupported);
        return;
    }
    PROCTOR_ASSERT(store && (*store)->durable() == before.next_lsn - 1);
    const auto view = run_view::open(disk, "/run");
    PROCTOR_ASSERT(view && figures(view->counted()) == figures(before.counted));
    auto records = view->records();
    for (;;) {
        const auto entry = records.next();
        PROCTOR_ASSERT(entry);
        if (!*entry) break;
        const auto id = (*entry)->record.question;
        if (id == 0) continue;
        const auto body = view->find(id);
        PROCTOR_ASSERT(body && *body);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::memory_file_system disk;
    const std::string bytes(fuzz::as_text(data, size));
    disk.set_contents("/any", bytes);
    auto segment = segment_reader::open(disk, "/any");
    if (!segment) {
        PROCTOR_ASSERT(inspected(disk, "/any") == condition::damaged);
        return 0;
    }
    walk(*segment);

    const auto header = segment->header();
    const auto path = join_path("/run", segment_name({header.first_lsn, header.epoch}));
    PROCTOR_ASSERT(disk.make_directory("/run"));
    disk.set_contents(path, bytes);
    std::vector<std::string> seen;
    const auto note = [&](const record_view& record, record_place place, lsn) -> result<> {
        auto file = disk.open(path);
        std::string buffer;
        const auto same = read_record(**file, path, place, buffer);
        PROCTOR_ASSERT(same && same->bytes == record.bytes);
        seen.emplace_back(record.bytes);
        return {};
    };
    const auto found = replay(disk, "/run", header.run, note);
    const auto verdict = inspected(disk, path);
    if (!found) return 0;
    PROCTOR_ASSERT(seen.size() == found->records);
    PROCTOR_ASSERT(verdict == (found->torn ? condition::torn : condition::clean));
    auto identity = test::make_identity();
    identity.id = header.run;
    disk.set_contents("/run/run.json", encode(identity));
    recover(disk, *found);
    return 0;
}

namespace {

// A segment without its padding: the front of its header, then each frame's header and payload.
struct segment_parts {
    std::string header;
    std::vector<std::string> frames;
};

constexpr std::size_t header_fields = 96; // bytes; what follows is zeros up to the CRC

segment_parts taken_apart(std::string bytes) {
    bytes.resize(std::max<std::size_t>(bytes.size(), page_size));
    segment_parts parts{bytes.substr(0, header_fields), {}};
    for (auto at = page_size; at + frame_header_size <= bytes.size();) {
        const auto left = bytes.size() - at - frame_header_size;
        const auto size = std::min<std::size_t>(get<std::uint32_t>(bytes.data() + at + 8), left);
        parts.frames.push_back(bytes.substr(at, frame_header_size + size));
        at += round_up_to_page(frame_header_size + size);
    }
    return parts;
}

std::string put_together(const segment_parts& parts, bool count_records) {
    auto bytes = parts.header;
    bytes.resize(page_size);
    fuzz::repair_crc(bytes, page_size - 4, 0, 0, page_size - 4);
    const auto seed = crc_seed(get<std::uint64_t>(bytes.data() + 56));
    for (auto frame : parts.frames) {
        frame.resize(std::max(frame.size(), frame_header_size));
        const auto count = fuzz::repair_records(frame, frame_header_size, 0);
        if (count_records) put<std::uint32_t>(frame.data() + 20, count);
        const auto size = frame.size() - frame_header_size;
        put<std::uint32_t>(frame.data() + 8, static_cast<std::uint32_t>(size));
        fuzz::repair_crc(frame, 16, seed, frame_header_size, size);
        fuzz::repair_crc(frame, 4, seed, 8, frame_header_size - 8);
        bytes += frame;
        bytes.resize(round_up_to_page(bytes.size()));
    }
    return bytes;
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
    std::string bytes(fuzz::as_text(data, size));
    auto parts = taken_apart(bytes);
    auto& frames = parts.frames;
    const auto choice = seed % 16;
    const auto which = frames.empty() ? 0 : seed / 16 % frames.size();
    if (choice == 0 || frames.empty()) {
        fuzz::mutate(bytes);
        return fuzz::give(bytes, data, max_size);
    }
    if (choice == 1)
        fuzz::mutate(parts.header);
    else if (choice == 2)
        frames.push_back(frames[which]);
    else if (choice == 3)
        std::swap(frames[which], frames.back());
    else if (choice == 4)
        frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(which));
    else
        fuzz::mutate(frames[which]);
    return fuzz::give(put_together(parts, choice >= 8), data, max_size);
}
