// Question files: finds where records begin and end without looking into them, and reads a record
// as a question. Which questions are put, and how, is left to selection and prompt.
#include "proctor/eval/dataset.hpp"

#include "proctor/eval/choice_list.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/value.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <numeric>
#include <system_error>
#include <utility>
#include <vector>

namespace proctor {
namespace {

namespace json = boost::json;

constexpr std::size_t chunk_size = std::size_t{256} << 10; // bytes

std::string system_error(int error) {
    return std::generic_category().message(error);
}

std::string place_of(const std::string& path, std::uint64_t line) {
    return fmt::format("{}:{}", path, line);
}

class file_descriptor {
public:
    explicit file_descriptor(int fd) : fd_(fd) {}
    file_descriptor(const file_descriptor&) = delete;
    file_descriptor& operator=(const file_descriptor&) = delete;
    ~file_descriptor() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int get() const { return fd_; }

private:
    int fd_;
};

class sha256 {
public:
    sha256() : context_(EVP_MD_CTX_new()) {
        PROCTOR_ASSERT(context_ && EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) == 1);
    }
    sha256(const sha256&) = delete;
    sha256& operator=(const sha256&) = delete;
    ~sha256() { EVP_MD_CTX_free(context_); }

    void update(std::string_view bytes) {
        PROCTOR_ASSERT(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1);
    }
    std::string hex() {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        PROCTOR_ASSERT(EVP_DigestFinal_ex(context_, digest, &size) == 1);
        std::string text;
        for (unsigned i = 0; i < size; ++i)
            text += fmt::format("{:02x}", digest[i]);
        return text;
    }

private:
    EVP_MD_CTX* context_;
};

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool all_blank(std::string_view text) {
    return std::all_of(text.begin(), text.end(), is_blank);
}

std::uint64_t count_newlines(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Cuts a file into records. What it holds is what it has read and not yet handed out: a chunk and
// at most one record.
class record_splitter {
public:
    record_splitter(std::string path, int fd, sha256* hash)
        : path_(std::move(path)), fd_(fd), hash_(hash) {}

    // Finds out whether this is an array or JSONL. Must come first, once.
    result<void> begin();

    // The next record, or why there is none in its place; nothing at the end. The text stands
    // until the next call.
    std::optional<result<raw_record>> next() {
        if (ended_)
            return std::nullopt;
        return is_array_ ? next_element() : next_line();
    }

    // Reads what is left behind the last record, for the hash.
    void read_to_end() {
        do
            begin_ = end_;
        while (fill());
    }

    question_id next_number() const { return number_ + 1; }
    std::uint64_t bytes_read() const { return bytes_read_; }
    // The file could not be read to its end; next() says so once, and then nothing.
    const std::optional<failure>& io_failure() const { return io_failure_; }

private:
    // Reads a chunk behind what is held; false at the end of the file.
    bool fill();
    std::string_view held() const { return {buffer_.data() + begin_, end_ - begin_}; }
    // Drops `count` bytes off the front, and counts their lines.
    void drop(std::size_t count) {
        line_ += count_newlines(held().substr(0, count));
        begin_ += count;
    }
    void drop_blank();
    // The first byte that is not blank; nothing at the end of the file.
    std::optional<char> peek();

    std::optional<result<raw_record>> next_line();
    std::optional<result<raw_record>> next_element();
    // Bytes of the array element at the front, read whole; nothing if the file ends before.
    std::optional<std::size_t> element_size();
    std::size_t scan_nested(std::size_t from);

    failure broken(failure_code code, std::uint64_t line, std::string detail) const {
        return {code, place_of(path_, line), std::move(detail)};
    }
    failure too_large(std::uint64_t line) const {
        return broken(failure_code::bad_value, line,
                      fmt::format("a record of more than {} MiB", max_question_record >> 20));
    }
    std::optional<result<raw_record>> end_with(failure why) {
        ended_ = true;
        return result<raw_record>(io_failure_ ? *io_failure_ : std::move(why));
    }
    std::optional<result<raw_record>> end_quietly() {
        ended_ = true;
        if (io_failure_)
            return result<raw_record>(*io_failure_);
        return std::nullopt;
    }

    std::string path_;
    int fd_;
    sha256* hash_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0; // what is held
    std::uint64_t line_ = 1;          // of the first byte that is held
    std::uint64_t bytes_read_ = 0;
    std::optional<failure> io_failure_;
    question_id number_ = 0;
    bool is_array_ = false;
    bool at_first_element_ = true;
    bool ended_ = false;
    bool oversized_ = false; // of the element under way: its front has been dropped
    // Where the scan of the element under way stands.
    int depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
};

bool record_splitter::fill() {
    if (io_failure_)
        return false;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() < end_ + chunk_size) {
        const auto size =
            std::min(std::max(2 * end_, end_ + chunk_size), max_question_record + 2 * chunk_size);
        std::vector<char> larger(size);
        std::copy_n(buffer_.begin(), end_, larger.begin());
        buffer_.swap(larger);
    }
    ssize_t got = 0;
    do
        got = ::read(fd_, buffer_.data() + end_, chunk_size);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        io_failure_ =
            failure(failure_code::io_error, path_, "cannot be read: " + system_error(errno));
        return false;
    }
    const auto size = static_cast<std::size_t>(got);
    if (hash_)
        hash_->update({buffer_.data() + end_, size});
    end_ += size;
    bytes_read_ += size;
    return size > 0;
}

void record_splitter::drop_blank() {
    const auto text = held();
    std::size_t blank = 0;
    while (blank < text.size() && is_blank(text[blank]))
        ++blank;
    drop(blank);
}

std::optional<char> record_splitter::peek() {
    while (true) {
        drop_blank();
        if (begin_ < end_)
            return buffer_[begin_];
        if (!fill())
            return std::nullopt;
    }
}

result<void> record_splitter::begin() {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    while (held().size() < byte_order_mark.size() && fill()) {
    }
    if (held().substr(0, byte_order_mark.size()) == byte_order_mark)
        begin_ += byte_order_mark.size();
    const auto first = peek();
    if (io_failure_)
        return *io_failure_;
    if (!first)
        return {};
    if (*first != '[' && *first != '{')
        return broken(failure_code::bad_syntax, line_,
                      "expected a JSON array ('[') or one JSON object a line ('{')");
    is_array_ = *first == '[';
    if (is_array_)
        drop(1);
    return {};
}

std::optional<result<raw_record>> record_splitter::next_line() {
    while (true) {
        const auto line = line_;
        std::size_t size = 0; // of the line, as far as it is held
        bool oversized = false;
        while (true) {
            const auto text = held();
            if (size < text.size()) {
                const void* newline = std::memchr(text.data() + size, '\n', text.size() - size);
                if (newline) {
                    size =
                        static_cast<std::size_t>(static_cast<const char*>(newline) - text.data());
                    break;
                }
            }
            size = text.size();
            if (size > max_question_record) {
                oversized = true;
                begin_ = end_;
                size = 0;
            }
            if (!fill())
                break;
        }
        const auto text = held().substr(0, size);
        const bool at_end = begin_ + size == end_;
        begin_ += size + (at_end ? 0 : 1);
        if (!at_end)
            ++line_;
        if (io_failure_)
            return end_quietly();
        if (at_end)
            ended_ = true;
        if (oversized || size > max_question_record) {
            ++number_;
            return result<raw_record>(too_large(line));
        }
        if (!all_blank(text))
            return result<raw_record>(raw_record{++number_, line, text});
        if (at_end)
            return std::nullopt;
    }
}

std::optional<result<raw_record>> record_splitter::next_element() {
    auto first = peek();
    if (io_failure_)
        return end_quietly();
    bool comma_missing = false;
    if (first == ',' && !at_first_element_) {
        const auto line = line_;
        drop(1);
        first = peek();
        if (first == ']') {
            ++number_;
            at_first_element_ = true; // so that the bracket ends the array now
            return result<raw_record>(
                broken(failure_code::bad_syntax, line, "expected a record after ','"));
        }
    } else if (!at_first_element_ && first && first != ']') {
        comma_missing = true;
    }
    if (io_failure_)
        return end_quietly();
    if (!first) {
        ++number_;
        return end_with(broken(failure_code::bad_syntax, line_,
                               "the file ends where ',' or the array's ']' was expected"));
    }
    const auto line = line_;
    if (first == ']') {
        drop(1);
        if (!peek())
            return end_quietly();
        ++number_;
        return end_with(
            broken(failure_code::bad_syntax, line_, "expected nothing after the array's ']'"));
    }
    ++number_;
    at_first_element_ = false;
    if (first == ',') // it stays, to stand before the next record
        return result<raw_record>(
            broken(failure_code::bad_syntax, line, "expected a record before ','"));

    const auto size = element_size();
    if (!size)
        return end_with(
            broken(failure_code::bad_syntax, line, "the record that begins here does not end"));
    const auto text = held().substr(0, *size);
    drop(*size);
    if (oversized_ || text.size() > max_question_record)
        return result<raw_record>(too_large(line));
    if (comma_missing)
        return result<raw_record>(
            broken(failure_code::bad_syntax, line, "expected ',' before this record"));
    return result<raw_record>(raw_record{number_, line, text});
}

std::optional<std::size_t> record_splitter::element_size() {
    const char first = buffer_[begin_];
    const bool nested = first == '{' || first == '[' || first == '"';
    depth_ = 0;
    in_string_ = escaped_ = oversized_ = false;
    std::size_t seen = 0;
    while (true) {
        const auto text = held();
        if (nested) {
            const auto end = scan_nested(seen);
            if (end != std::string_view::npos)
                return end;
        } else {
            const auto end = text.find_first_of(",] \t\r\n", seen);
            if (end != std::string_view::npos)
                return end;
        }
        seen = text.size();
        if (seen > max_question_record) {
            oversized_ = true;
            drop(seen);
            seen = 0;
        }
        if (!fill())
            return std::nullopt;
    }
}

// The end of the element that the scan is in, as an offset into what is held; npos if it is not
// held yet. A closing bracket of the wrong kind is left to the parser.
std::size_t record_splitter::scan_nested(std::size_t from) {
    const auto text = held();
    const char* const data = text.data();
    const char* const end = data + text.size();
    const char* at = data + from;
    while (at < end) {
        if (escaped_) {
            escaped_ = false;
            ++at;
        } else if (in_string_) {
            while (at < end && *at != '"' && *at != '\\')
                ++at;
            if (at == end)
                break;
            escaped_ = *at == '\\';
            in_string_ = escaped_;
            ++at;
            if (!in_string_ && depth_ == 0)
                return static_cast<std::size_t>(at - data);
        } else {
            const char c = *at++;
            if (c == '"')
                in_string_ = true;
            else if (c == '{' || c == '[')
                ++depth_;
            else if ((c == '}' || c == ']') && --depth_ == 0)
                return static_cast<std::size_t>(at - data);
        }
    }
    return std::string_view::npos;
}

failure bad_record(const raw_record& record, failure_code code, std::string detail) {
    return {code, fmt::format("line {}", record.line), std::move(detail)};
}

std::string_view text_of(const json::value& value) {
    const auto& text = value.get_string();
    return {text.data(), text.size()};
}

// A text, or a number as it is written; nothing if it is something else.
std::optional<std::string> scalar_text(const json::value& value) {
    if (value.is_string())
        return std::string(text_of(value));
    if (value.is_int64())
        return std::to_string(value.get_int64());
    if (value.is_uint64())
        return std::to_string(value.get_uint64());
    if (value.is_double())
        return fmt::format("{}", value.get_double());
    if (value.is_bool())
        return value.get_bool() ? "true" : "false";
    return std::nullopt;
}

// The first of `names` that is there and neither null nor an empty text.
const json::value* field(const json::object& record,
                         std::initializer_list<std::string_view> names) {
    for (const auto name : names) {
        const auto* value = record.if_contains(json::string_view(name.data(), name.size()));
        if (!value || value->is_null())
            continue;
        if (value->is_string() && all_blank(text_of(*value)))
            continue;
        return value;
    }
    return nullptr;
}

// Choices in the order in which the record prints them.
struct listed_choices {
    std::vector<std::string> printed; // with the labels that options carry
    std::vector<std::string> texts;   // without
    std::vector<std::string> labels;  // what the record's answer may call them
    std::vector<std::size_t> places;  // where each belongs: the first one is A
};

result<std::vector<std::string>> read_texts(const raw_record& record, const json::value& list) {
    if (!list.is_array())
        return bad_record(record, failure_code::bad_value, "the choices are not a list");
    std::vector<std::string> texts;
    for (const auto& item : list.get_array()) {
        auto text = scalar_text(item);
        if (!text || all_blank(*text))
            return bad_record(record, failure_code::bad_value,
                              fmt::format("choice {} is not a text", texts.size() + 1));
        texts.push_back(std::move(*text));
    }
    return texts;
}

// Options that carry their labels give them up. Sets print some lists out of order (AGIEval's
// LogiQA has "(A) (C) (B) (D)"); the answer's letter means the label, so the label says the place.
void take_labels_off(listed_choices& choices) {
    const auto count = choices.printed.size();
    std::vector<std::optional<labelled_option>> options;
    std::vector<bool> taken(count);
    bool all_labelled = true;
    for (const auto& text : choices.printed) {
        const auto option = split_label(text);
        const auto place = option ? static_cast<std::size_t>(option->letter - 'A') : count;
        if (place >= count || taken[place] || all_blank(option->text))
            all_labelled = false;
        else
            taken[place] = true;
        options.push_back(option);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto& option = options[i];
        if (!option)
            continue;
        // Where some carry no label, only "(B)" in second place is surely one and not the text.
        const auto place = static_cast<std::size_t>(option->letter - 'A');
        if (!all_labelled && (!option->enclosed || place != i || all_blank(option->text)))
            continue;
        choices.texts[i] = std::string(option->text);
        choices.places[i] = place;
    }
}

result<listed_choices> read_choices(const raw_record& record, const json::value& value) {
    const bool in_arc_shape = value.is_object();
    const auto* texts = in_arc_shape ? value.get_object().if_contains("text") : &value;
    if (!texts)
        return bad_record(record, failure_code::bad_value, "the choices have no list \"text\"");
    auto read = read_texts(record, *texts);
    if (!read)
        return read.error();
    const auto count = read->size();
    if (count < 2 || count > max_choices)
        return bad_record(record, failure_code::bad_value,
                          fmt::format("{} choices (expected 2 to {})", count, max_choices));
    listed_choices choices;
    choices.printed = std::move(*read);
    choices.texts = choices.printed;
    choices.places.resize(count);
    std::iota(choices.places.begin(), choices.places.end(), std::size_t{0});

    const auto* labels = in_arc_shape ? value.get_object().if_contains("label") : nullptr;
    if (labels) {
        auto names = read_texts(record, *labels);
        if (!names)
            return names.error();
        if (names->size() != count)
            return bad_record(record, failure_code::bad_value,
                              fmt::format("{} labels for {} choices", names->size(), count));
        choices.labels = std::move(*names);
        return choices;
    }
    take_labels_off(choices);
    const auto letters = letter_labels(count);
    for (const auto place : choices.places)
        choices.labels.push_back(letters[place]);
    return choices;
}

// Which of the printed choices the record's answer means: by its label, its text or, as a number,
// its place from 0.
std::optional<std::size_t> find_choice(const listed_choices& choices, const json::value& value,
                                       const std::string& answer) {
    const auto count = choices.printed.size();
    if (value.is_number()) {
        boost::system::error_code ec;
        const auto index = value.to_number<std::uint64_t>(ec);
        if (ec || index >= count)
            return std::nullopt;
        return index;
    }
    for (const auto* names : {&choices.labels, &choices.texts, &choices.printed}) {
        const auto found = std::find(names->begin(), names->end(), answer);
        if (found != names->end())
            return static_cast<std::size_t>(found - names->begin());
    }
    // "(B)", "B." or "b"
    const auto option = split_label(answer);
    if (!option || !all_blank(option->text))
        return std::nullopt;
    const auto found =
        std::find(choices.labels.begin(), choices.labels.end(), std::string(1, option->letter));
    if (found == choices.labels.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - choices.labels.begin());
}

failure no_answer(const raw_record& record) {
    return bad_record(record, failure_code::bad_value,
                      "no answer (expected answer, label or answer_index)");
}

failure unusable_answer(const raw_record& record) {
    return bad_record(record, failure_code::bad_value, "the answer is neither a text nor a number");
}

result<void> read_answer(const raw_record& record, const json::object& fields, question& asked) {
    const auto* value = field(fields, {"answer", "label"});
    if (!value)
        return no_answer(record);
    auto text = scalar_text(*value);
    if (!text)
        return unusable_answer(record);
    asked.reference_answer = std::move(*text);
    if (choices_in_text(asked.text, asked.reference_answer))
        asked.format = question_format::multiple_choice;
    return {};
}

result<void> read_choices_and_answer(const raw_record& record, const json::object& fields,
                                     const json::value& list, question& asked) {
    const auto* value = field(fields, {"label", "answerKey", "answer_index", "answer"});
    if (!value)
        return no_answer(record);
    const auto answer = scalar_text(*value);
    if (!answer)
        return unusable_answer(record);
    auto choices = read_choices(record, list);
    if (!choices)
        return choices.error();
    const auto count = choices->printed.size();
    const auto found = find_choice(*choices, *value, *answer);
    if (!found)
        return bad_record(record, failure_code::bad_value,
                          fmt::format("the answer \"{}\" names none of the {} choices",
                                      std::string_view(*answer).substr(0, 80), count));
    asked.reference_answer = letter_labels(count)[choices->places[*found]];
    asked.choices.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        asked.choices[choices->places[i]] = std::move(choices->texts[i]);
    asked.format = question_format::multiple_choice;
    return {};
}

result<void> read_context(const raw_record& record, const json::object& fields, question& asked) {
    if (const auto* passage = field(fields, {"passage"})) {
        if (!passage->is_string())
            return bad_record(record, failure_code::bad_value, "the passage is not a text");
        asked.context = text_of(*passage);
        asked.context_is_part = true;
        return {};
    }
    // Only used on request, so one that is not a text does not make the question unusable.
    const auto* context = field(fields, {"text", "context"});
    if (context && context->is_string())
        asked.context = text_of(*context);
    return {};
}

} // namespace

result<question> parse_question(const raw_record& record) {
    // Most records fit: the tree is read and thrown away.
    unsigned char tree[16384];
    unsigned char scratch[4096];
    json::monotonic_resource memory(tree, sizeof tree);
    json::parser parser({}, {}, scratch, sizeof scratch);
    parser.reset(&memory);
    boost::system::error_code ec;
    const auto read_so_far = parser.write(record.text.data(), record.text.size(), ec);
    if (ec)
        return bad_record(
            record, failure_code::bad_syntax,
            fmt::format("not JSON: {} at byte {} of the record", ec.message(), read_so_far + 1));
    const auto value = parser.release();
    if (!value.is_object())
        return bad_record(record, failure_code::bad_value, "expected a JSON object");
    const auto& fields = value.get_object();

    question asked;
    asked.number = record.number;
    asked.line = record.line;
    const auto* text = field(fields, {"question"});
    if (!text || !text->is_string())
        return bad_record(record, failure_code::bad_value,
                          "no question (expected a text in question)");
    asked.text = text_of(*text);
    const auto* list = field(fields, {"choices", "options"});
    const bool has_choices = list && !(list->is_array() && list->get_array().empty());
    const auto answered = has_choices ? read_choices_and_answer(record, fields, *list, asked)
                                      : read_answer(record, fields, asked);
    if (!answered)
        return answered.error();
    if (const auto read = read_context(record, fields, asked); !read)
        return read.error();
    if (const auto* category = field(fields, {"category", "subject"}))
        asked.category = scalar_text(*category).value_or("");
    if (const auto* id = field(fields, {"id"}))
        asked.own_id = scalar_text(*id).value_or("");
    return asked;
}

namespace {

// As parse_question, with the file's name in what it says.
result<question> parse_in(const std::string& path, const raw_record& record) {
    auto parsed = parse_question(record);
    if (parsed)
        return parsed;
    auto why = parsed.error();
    why.where = place_of(path, record.line);
    return why;
}

result<int> open_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const bool absent = errno == ENOENT || errno == ENOTDIR;
        return failure(absent ? failure_code::not_found : failure_code::io_error, path,
                       "cannot be opened: " + system_error(errno));
    }
    // Only advice: where it is not taken, reading works all the same.
    (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return fd;
}

} // namespace

class question_reader::state {
public:
    state(const std::string& path, int fd) : path_(path), file_(fd), records_(path, fd, nullptr) {}

    result<void> begin() { return records_.begin(); }
    question_id next_number() const { return records_.next_number(); }

    std::optional<result<question>> next() {
        if (unreported_) {
            result<question> why = *unreported_;
            unreported_.reset();
            return why;
        }
        const auto record = records_.next();
        if (!record)
            return std::nullopt;
        if (!*record)
            return result<question>(record->error());
        return parse_in(path_, **record);
    }

    bool skip() {
        const auto record = records_.next();
        if (!record)
            return false;
        if (*record || !records_.io_failure())
            return true;
        unreported_ = record->error();
        return false;
    }

private:
    std::string path_;
    file_descriptor file_;
    record_splitter records_;
    std::optional<failure> unreported_; // skip() met it, next() tells it
};

question_reader::question_reader(std::unique_ptr<state> opened) : state_(std::move(opened)) {}
question_reader::question_reader(question_reader&&) noexcept = default;
question_reader& question_reader::operator=(question_reader&&) noexcept = default;
question_reader::~question_reader() = default;

result<question_reader> question_reader::open(const std::string& path) {
    const auto fd = open_file(path);
    if (!fd)
        return fd.error();
    auto opened = std::make_unique<state>(path, *fd);
    if (const auto begun = opened->begin(); !begun)
        return begun.error();
    return question_reader(std::move(opened));
}

std::optional<result<question>> question_reader::next() {
    return state_->next();
}

bool question_reader::skip() {
    return state_->skip();
}

question_id question_reader::next_number() const {
    return state_->next_number();
}

result<question_census> take_census(const std::string& path,
                                    const std::function<void(const failure&)>& on_broken) {
    const auto fd = open_file(path);
    if (!fd)
        return fd.error();
    const file_descriptor file(*fd);
    sha256 hash;
    record_splitter records(path, file.get(), &hash);
    if (const auto begun = records.begin(); !begun)
        return begun.error();

    question_census census;
    while (const auto record = records.next()) {
        if (records.io_failure())
            break;
        ++census.records;
        const auto parsed = *record ? parse_in(path, **record) : result<question>(record->error());
        if (parsed) {
            ++census.questions;
        } else {
            ++census.broken;
            on_broken(parsed.error());
        }
    }
    records.read_to_end();
    if (records.io_failure())
        return *records.io_failure();
    census.bytes = records.bytes_read();
    census.sha256 = hash.hex();
    return census;
}

} // namespace proctor
