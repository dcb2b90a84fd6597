// Question files: opens them, hands out their questions one by one, and takes the census that pins
// a file's identity. Which questions are put, and how, is left to selection and prompt.
#include "proctor/eval/dataset.hpp"

#include "proctor/codec/sha256.hpp"

#include "record_splitter.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace proctor {
namespace {

class file_descriptor {
public:
    explicit file_descriptor(int fd) : fd_(fd) {}
    file_descriptor(const file_descriptor&) = delete;
    file_descriptor& operator=(const file_descriptor&) = delete;
    ~file_descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

// As parse_question, with the file's name in what it says.
result<question> parse_in(const std::string& path, const raw_record& record,
                          const question_fields& fields) {
    auto parsed = parse_question(record, fields);
    if (parsed) return parsed;
    auto why = parsed.error();
    why.where = fmt::format("{}:{}", path, record.line);
    return why;
}

result<int> open_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const bool absent = errno == ENOENT || errno == ENOTDIR;
        return failure(absent ? failure_code::not_found : failure_code::io_error, path,
                       "cannot be opened: " + std::generic_category().message(errno));
    }
    // Only advice: where it is not taken, reading works all the same.
    (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return fd;
}

std::chrono::nanoseconds since_1970(const timespec& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

result<file_stamp> stamp_of_open(const std::string& path, int fd) {
    struct stat found{};
    if (::fstat(fd, &found) != 0)
        return failure(failure_code::io_error, path,
                       "cannot be examined: " + std::generic_category().message(errno));
    file_stamp stamp;
    stamp.device = found.st_dev;
    stamp.inode = found.st_ino;
    stamp.size = static_cast<std::uint64_t>(found.st_size);
    stamp.modified = since_1970(found.st_mtim);
    stamp.changed = since_1970(found.st_ctim);
    return stamp;
}

} // namespace

class question_reader::state {
public:
    state(const std::string& path, int fd, question_fields fields)
        : path_(path), file_(fd), fields_(std::move(fields)),
          records_(path, fd, std::string(fields_.name_of("question"))) {}

    result<void> begin() { return records_.begin(); }

    result<void> begin_at(const question_index& index, const question_place& place) {
        const auto stamp = stamp_of_open(path_, file_.get());
        if (!stamp) return stamp.error();
        if (*stamp != index.stamp)
            return failure(failure_code::mismatch, path_,
                           "was changed or replaced after its questions were counted");
        if (const auto begun = begin(); !begun) return begun.error();
        return records_.go_to(place);
    }

    result<void> go_to(const question_place& place) {
        unreported_.reset();
        return records_.go_to(place);
    }

    question_id next_number() const { return records_.next_number(); }

    std::optional<result<question>> next() {
        if (unreported_) {
            result<question> why = *unreported_;
            unreported_.reset();
            return why;
        }
        const auto record = records_.next();
        if (!record) return std::nullopt;
        if (!*record) return result<question>(record->error());
        return parse_in(path_, **record, fields_);
    }

    bool skip() {
        const auto record = records_.next();
        if (!record) return false;
        if (*record || !records_.io_failure()) return true;
        unreported_ = record->error();
        return false;
    }

private:
    std::string path_;
    file_descriptor file_;
    question_fields fields_;
    record_splitter records_;
    std::optional<failure> unreported_; // skip() met it, next() tells it
};

question_reader::question_reader(std::unique_ptr<state> opened) : state_(std::move(opened)) {}
question_reader::question_reader(question_reader&&) noexcept = default;
question_reader& question_reader::operator=(question_reader&&) noexcept = default;
question_reader::~question_reader() = default;

result<question_reader> question_reader::open(const std::string& path,
                                              const question_fields& fields) {
    const auto fd = open_file(path);
    if (!fd) return fd.error();
    auto opened = std::make_unique<state>(path, *fd, fields);
    if (const auto begun = opened->begin(); !begun) return begun.error();
    return question_reader(std::move(opened));
}

result<question_reader> question_reader::open(const std::string& path, const question_index& index,
                                              const question_place& place,
                                              const question_fields& fields) {
    const auto fd = open_file(path);
    if (!fd) return fd.error();
    auto opened = std::make_unique<state>(path, *fd, fields);
    if (const auto begun = opened->begin_at(index, place); !begun) return begun.error();
    return question_reader(std::move(opened));
}

std::optional<result<question>> question_reader::next() {
    return state_->next();
}

bool question_reader::skip() {
    return state_->skip();
}

result<void> question_reader::go_to(const question_place& place) {
    return state_->go_to(place);
}

question_id question_reader::next_number() const {
    return state_->next_number();
}

// By a descriptor of the path's own: on NFS only opening a file asks the server whether what is
// cached of it still holds.
result<file_stamp> stamp_of(const std::string& path) {
    const auto fd = open_file(path);
    if (!fd) return fd.error();
    const file_descriptor file(*fd);
    return stamp_of_open(path, file.get());
}

result<question_index> index_questions(const std::string& path,
                                       const std::function<void(const failure&)>& on_broken,
                                       std::uint64_t stride, const question_fields& fields) {
    PROCTOR_ASSERT(stride > 0);
    const auto fd = open_file(path);
    if (!fd) return fd.error();
    const file_descriptor file(*fd);
    const auto before = stamp_of_open(path, file.get());
    if (!before) return before.error();
    sha256 hash;
    record_splitter records(path, file.get(), std::string(fields.name_of("question")),
                            [&hash](std::string_view bytes) { hash.update(bytes); });
    if (const auto begun = records.begin(); !begun) return begun.error();

    question_index index;
    auto& census = index.census;
    while (true) {
        auto place = records.place();
        const auto record = records.next();
        if (!record || records.io_failure()) break;
        if (census.records > 0 && census.records % stride == 0) {
            place.questions = census.questions;
            index.places.push_back(place);
        }
        ++census.records;
        const auto parsed =
            *record ? parse_in(path, **record, fields) : result<question>(record->error());
        if (parsed) {
            ++census.questions;
        } else {
            ++census.broken;
            on_broken(parsed.error());
        }
    }
    records.read_to_end();
    if (records.io_failure()) return *records.io_failure();
    const auto after = stamp_of_open(path, file.get());
    if (!after) return after.error();
    if (*after != *before)
        return failure(failure_code::io_error, path, "was changed while it was read");
    index.stamp = *after;
    index.fields = fields.text();
    census.bytes = records.read_up_to();
    census.sha256 = hash.finish();
    return index;
}

result<question_census> take_census(const std::string& path,
                                    const std::function<void(const failure&)>& on_broken) {
    auto index = index_questions(path, on_broken);
    if (!index) return index.error();
    return std::move(index->census);
}

} // namespace proctor
