// Reads a descriptor, through zlib or zstd where that is called for. Files that are several
// compressed ones, one behind another, are read to their end.
#include "question_source.hpp"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace proctor {
namespace {

constexpr std::size_t compressed_chunk = std::size_t{64} << 10; // bytes
constexpr std::string_view gzip_magic = "\x1f\x8b";
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";

failure unreadable(std::string detail) {
    return {failure_code::io_error, "", "cannot be read: " + std::move(detail)};
}

result<std::size_t> read_some(int fd, char* into, std::size_t room) {
    ssize_t got = 0;
    do got = ::read(fd, into, room);
    while (got < 0 && errno == EINTR);
    if (got < 0) return unreadable(std::generic_category().message(errno));
    return static_cast<std::size_t>(got);
}

} // namespace

// Compressed bytes in, others out.
class question_source::decoder {
public:
    decoder() : input_(compressed_chunk) {}
    decoder(const decoder&) = delete;
    decoder& operator=(const decoder&) = delete;
    virtual ~decoder() = default;

    result<std::size_t> read(int fd, char* into, std::size_t room) {
        for (;;) {
            if (begin_ == end_) {
                const auto got = read_some(fd, input_.data(), input_.size());
                if (!got) return got.error();
                begin_ = 0;
                end_ = *got;
                if (end_ == 0 && !between_streams_)
                    return unreadable("it ends in the middle of what is compressed");
                if (end_ == 0) return std::size_t{0};
            }
            const auto made = decode(into, room);
            if (!made || *made > 0) return made;
        }
    }

protected:
    // Takes input off the front and returns how many bytes it came to.
    virtual result<std::size_t> decode(char* into, std::size_t room) = 0;

    std::vector<char> input_;
    std::size_t begin_ = 0, end_ = 0; // what of it is left
    bool between_streams_ = true;     // here a file may end
};

class question_source::gzip_decoder : public decoder {
public:
    gzip_decoder() {
        constexpr int gzip_with_any_window = 15 + 16;
        PROCTOR_ASSERT(::inflateInit2(&stream_, gzip_with_any_window) == Z_OK);
    }
    ~gzip_decoder() override { ::inflateEnd(&stream_); }

private:
    result<std::size_t> decode(char* into, std::size_t room) override {
        if (between_streams_) ::inflateReset(&stream_);
        between_streams_ = false;
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data() + begin_);
        stream_.avail_in = static_cast<uInt>(end_ - begin_);
        stream_.next_out = reinterpret_cast<Bytef*>(into);
        stream_.avail_out = static_cast<uInt>(room);
        const int status = ::inflate(&stream_, Z_NO_FLUSH);
        begin_ = end_ - stream_.avail_in;
        if (status == Z_STREAM_END)
            between_streams_ = true;
        else if (status != Z_OK && status != Z_BUF_ERROR)
            return unreadable("its gzip data are damaged");
        return room - stream_.avail_out;
    }

    z_stream stream_{};
};

class question_source::zstd_decoder : public decoder {
public:
    zstd_decoder() : context_(::ZSTD_createDCtx()) { PROCTOR_ASSERT(context_); }
    ~zstd_decoder() override { ::ZSTD_freeDCtx(context_); }

private:
    result<std::size_t> decode(char* into, std::size_t room) override {
        ZSTD_inBuffer in{input_.data(), end_, begin_};
        ZSTD_outBuffer out{into, room, 0};
        const auto left = ::ZSTD_decompressStream(context_, &out, &in);
        if (::ZSTD_isError(left)) return unreadable("its zstd data are damaged");
        begin_ = in.pos;
        between_streams_ = left == 0;
        return out.pos;
    }

    ZSTD_DCtx* context_;
};

question_source::question_source(int fd) : fd_(fd) {
    choose_decoder();
}
question_source::question_source(question_source&&) noexcept = default;
question_source& question_source::operator=(question_source&&) noexcept = default;
question_source::~question_source() = default;

void question_source::choose_decoder() {
    char first[4];
    const auto got = ::pread(fd_, first, sizeof first, 0); // what fails here, read() tells of
    const std::string_view magic(first, got > 0 ? static_cast<std::size_t>(got) : 0);
    decoder_.reset();
    if (magic.starts_with(gzip_magic))
        decoder_ = std::make_unique<gzip_decoder>();
    else if (magic == zstd_magic)
        decoder_ = std::make_unique<zstd_decoder>();
}

result<std::size_t> question_source::read(char* into, std::size_t room) {
    const auto got = decoder_ ? decoder_->read(fd_, into, room) : read_some(fd_, into, room);
    if (got) offset_ += *got;
    return got;
}

result<void> question_source::seek(std::uint64_t offset) {
    if (!decoder_ || offset < offset_) {
        const auto target = decoder_ ? 0 : offset;
        if (::lseek(fd_, static_cast<off_t>(target), SEEK_SET) < 0)
            return unreadable(std::generic_category().message(errno));
        choose_decoder();
        offset_ = target;
    }
    std::vector<char> passed(offset_ < offset ? compressed_chunk : 0);
    while (offset_ < offset) {
        const auto got =
            read(passed.data(), std::min<std::uint64_t>(passed.size(), offset - offset_));
        if (!got) return got.error();
        if (*got == 0) return unreadable("it ends too early");
    }
    return {};
}

} // namespace proctor
