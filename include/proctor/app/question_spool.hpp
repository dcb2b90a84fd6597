// Questions that come through a pipe: written down before anything else, for they are read more
// than once and a resume needs them again.
#pragma once

#include "proctor/storage/file_system.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace proctor {

// In the directory of a run whose questions came through a pipe.
inline constexpr std::string_view question_spool_file = "questions.spool";

// "-", /dev/stdin and its like, a named pipe: what can be read once.
bool is_pipe(const std::string& questions_file);
// As messages call it.
std::string questions_name(const std::string& questions_file);

// The text as it came, compressed or not, in a file. Failures are thrown as cannot_start.
class question_spool {
public:
    // Reads to the end, in memory that does not grow. The file is below `place`, in a directory
    // that `prune` takes for a run that never came to be, should we be killed.
    question_spool(file_system&, const std::string& questions_file, const std::string& place);
    question_spool(const question_spool&) = delete;
    question_spool& operator=(const question_spool&) = delete;
    ~question_spool(); // takes away what is not kept

    // Good for as long as the spool is.
    const std::string& path() const { return path_; }

    // From now on nobody else finds the file, and nothing is left of it when the process ends.
    void hide();
    // Into a run's directory, in the place of what it has: of one run all are the same text.
    void keep_in(const std::string& run_directory);

private:
    void copy(int from, const std::string& name);
    void remove_names();

    file_system& disk_;
    std::string directory_; // empty: gone
    std::string path_;
    int hidden_ = -1; // the descriptor that keeps a hidden file
};

} // namespace proctor
