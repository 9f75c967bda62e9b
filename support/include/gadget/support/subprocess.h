// SPDX-License-Identifier: Apache-2.0
// Other programs, started from an argument vector: no shell ever sees a string of ours.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"

namespace gadget {

/// How a process ended.
struct ExitStatus {
    int code = 0;    ///< exit status; meaningless when signal != 0
    int signal = 0;  ///< the signal that ended it, 0 = it exited
    [[nodiscard]] bool success() const { return code == 0 && signal == 0; }
    [[nodiscard]] std::string to_string() const;  ///< "exit status 3", "killed by SIGSEGV"
};

/// Descriptor `source` of ours becomes `target` in the child.
struct FdMapping {
    int source;
    int target;
};

struct SpawnOptions {
    std::vector<std::string> argv;  ///< argv[0] is looked up in PATH unless it has a slash
    std::vector<FdMapping> fds;     ///< 0..2 that are not mapped read from and write to /dev/null
    std::optional<std::vector<std::string>> environment;  ///< "K=V"; default: ours
    std::filesystem::path working_directory;              ///< empty: ours
    std::size_t memory_limit = 0;                         ///< address space in bytes, 0 = no limit
    unsigned cpu_seconds = 0;                             ///< 0 = no limit
    bool fixed_addresses = false;  ///< no random layout: what is ordered by address is the same in every run
};

/// A running child. The destructor kills it and waits: no process outlives its owner. The child also dies
/// with the thread that started it (PR_SET_PDEATHSIG).
class Subprocess {
  public:
    /// `not_found` when the program does not exist.
    static Result<Subprocess> spawn(const SpawnOptions& options);
    Subprocess(Subprocess&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
    Subprocess& operator=(Subprocess&& other) noexcept;
    Subprocess(const Subprocess&) = delete;
    Subprocess& operator=(const Subprocess&) = delete;
    ~Subprocess();

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Readable when the child has ended: for poll().
    [[nodiscard]] int pidfd() const { return pidfd_.get(); }
    /// Waits for the end, at most `timeout`; `timed_out` leaves the child running. Call once after success.
    Result<ExitStatus> wait(std::optional<std::chrono::milliseconds> timeout = std::nullopt);
    void kill(int signal) const;

  private:
    Subprocess(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    pid_t pid_ = -1;
    UniqueFd pidfd_;
};

struct CommandOutput {
    ExitStatus status;
    std::string out;
    std::string err;
};

/// Runs a program to its end and returns what it wrote, at most `limit` bytes a stream (more ends it with an
/// error).
Result<CommandOutput> run_command(SpawnOptions options,
                                  std::optional<std::chrono::milliseconds> timeout = std::nullopt,
                                  std::size_t limit = kMaxTextFile);

/// The full path of `program` in PATH (`path_variable`), nullopt when it is not there.
std::optional<std::filesystem::path> find_program(std::string_view program, std::string_view path_variable);

}  // namespace gadget
