// Programs that a test starts. What they say is collected while they run, and they never outlive
// the test.
#pragma once

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

extern "C" { // which glibc 2.36 forgot to say itself
#include <sys/pidfd.h>
}

namespace proctor::test {

// How long what must happen may take. Only a program that hangs gets to know it.
inline constexpr std::chrono::seconds patience{180};

// An open file descriptor of our own, which children do not inherit.
class descriptor {
public:
    explicit descriptor(int number) : number_(number) {
        if (number < 0) throw std::runtime_error("no descriptor");
    }
    descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    int number() const { return number_; }

private:
    int number_;
};

struct pipe_ends {
    descriptor read;
    descriptor write;
};

inline pipe_ends make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    descriptor read(ends[0]);
    const descriptor write(ends[1]);
    // Above the numbers that the child puts its ends at.
    return {std::move(read), descriptor(::fcntl(write.number(), F_DUPFD_CLOEXEC, 10))};
}

// What comes out of a pipe. A thread of its own reads it, so that the writer never has to wait.
class collected_text {
public:
    explicit collected_text(descriptor from)
        : from_(std::move(from)), reader_([this] { read(); }) {}
    collected_text(const collected_text&) = delete;
    collected_text& operator=(const collected_text&) = delete;
    ~collected_text() { reader_.join(); } // once the last writer has gone

    std::string so_far() const {
        const std::lock_guard held(lock_);
        return text_;
    }

    // Until `condition` holds of the text, which is returned.
    template <class Condition>
    std::string wait_until(Condition condition) {
        std::unique_lock held(lock_);
        changed_.wait_for(held, patience, [&] { return ended_ || condition(text_); });
        if (!condition(text_)) throw std::runtime_error("what was waited for is not in: " + text_);
        return text_;
    }
    std::string wait_for(std::string_view part) {
        return wait_until([part](const std::string& text) { return text.find(part) != text.npos; });
    }

    // Everything, once the last writer has gone.
    std::string all() {
        std::unique_lock held(lock_);
        changed_.wait(held, [this] { return ended_; });
        return text_;
    }

private:
    void read() {
        char buffer[4096];
        for (;;) {
            const auto size = ::read(from_.number(), buffer, sizeof buffer);
            if (size < 0 && errno == EINTR) continue;
            const std::lock_guard held(lock_);
            if (size > 0)
                text_.append(buffer, static_cast<std::size_t>(size));
            else
                ended_ = true;
            changed_.notify_all();
            if (ended_) return;
        }
    }

    descriptor from_;
    mutable std::mutex lock_;
    std::condition_variable changed_;
    std::string text_;
    bool ended_ = false;
    std::thread reader_;
};

struct command {
    std::vector<std::string> words;                 // the program's path, then its arguments
    std::map<std::string, std::string> environment; // beyond what every child gets
    std::string directory = ".";                    // where it runs
};

// How a program ended.
struct ending {
    int code = -1;  // that it returned
    int signal = 0; // that killed it instead
    long peak_memory_kib = 0;
};

// A running program. Descriptor 3 is a pipe to the test, for --ack-fd. The environment is not the
// test's own, so that no key or proxy of whoever runs it gets in.
class child_process {
public:
    explicit child_process(const command& what)
        : child_process(what, make_pipe(), make_pipe(), make_pipe()) {}
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process() {
        if (!ended_) {
            send(SIGKILL);
            ::waitpid(id_, nullptr, 0);
        }
    }

    void send(int signal) const { ::kill(id_, signal); }
    pid_t id() const { return id_; }

    // Whether it ends within `time`.
    bool ends_within(std::chrono::milliseconds time) const {
        if (ended_) return true;
        pollfd ended{handle_.number(), POLLIN, 0};
        return ::poll(&ended, 1, static_cast<int>(time.count())) == 1;
    }

    ending wait() {
        if (ended_) return how_;
        if (!ends_within(patience))
            throw std::runtime_error("it does not end; it said: " + output.so_far() +
                                     errors.so_far());
        int status = 0;
        rusage used{};
        if (::wait4(id_, &status, 0, &used) != id_) throw std::runtime_error("not our child");
        ended_ = true;
        if (WIFSIGNALED(status))
            how_.signal = WTERMSIG(status);
        else
            how_.code = WEXITSTATUS(status);
        how_.peak_memory_kib = used.ru_maxrss;
        return how_;
    }

private:
    child_process(const command& what, pipe_ends out, pipe_ends err, pipe_ends news)
        : id_(start(what, {out.write.number(), err.write.number(), news.write.number()})),
          handle_(::pidfd_open(id_, 0)), output(std::move(out.read)), errors(std::move(err.read)),
          acknowledged(std::move(news.read)) {}

    static pid_t start(const command& what, const int (&write_ends)[3]) {
        std::vector<std::string> variables{"LC_ALL=C"};
        for (const char* name :
             {"PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
            if (const char* value = std::getenv(name))
                variables.push_back(std::string(name) + "=" + value);
        for (const auto& [name, value] : what.environment) variables.push_back(name + "=" + value);
        const auto arguments = pointers(what.words);
        const auto environment = pointers(variables);

        const auto id = ::fork();
        if (id < 0) throw std::runtime_error("cannot fork");
        if (id > 0) return id;
        // Other threads of the test were not copied: from here on only what is safe without them.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int nothing = ::open("/dev/null", O_RDONLY);
        ::dup2(nothing, 0);
        for (int i = 0; i < 3; ++i) ::dup2(write_ends[i], i + 1);
        if (::chdir(what.directory.c_str()) == 0)
            ::execve(arguments[0], arguments.data(), environment.data());
        ::_exit(127);
    }

    static std::vector<char*> pointers(const std::vector<std::string>& words) {
        std::vector<char*> made;
        for (const auto& word : words) made.push_back(const_cast<char*>(word.c_str()));
        made.push_back(nullptr);
        return made;
    }

    pid_t id_;
    descriptor handle_; // of the process, to wait for
    bool ended_ = false;
    ending how_;

public:
    collected_text output;
    collected_text errors;
    collected_text acknowledged;
};

// A program that has ended, and all that it said.
struct finished {
    int code = -1;
    std::string output;
    std::string errors;
    long peak_memory_kib = 0;
};

inline finished run_to_end(const command& what) {
    child_process child(what);
    const auto how = child.wait();
    return {how.code, child.output.all(), child.errors.all(), how.peak_memory_kib};
}

} // namespace proctor::test
