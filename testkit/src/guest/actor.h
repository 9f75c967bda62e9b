// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "fixtures.h"
#include "gadget/support/result.h"
#include "gadget/support/unique_fd.h"
#include "stimuli.h"

namespace gadget::testkit::guest {

/// A process that does one step when told to. It exists before the gadget starts, so that its pid can be a
/// parameter. The destructor kills it.
class Actor {
  public:
    /// Forks; the caller must be single-threaded. The process goes to its place at once.
    static Result<Actor> start(JobStep step, const Place& place);
    Actor(Actor&& other) noexcept;
    Actor& operator=(Actor&&) = delete;
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;
    ~Actor();

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const JobStep& step() const { return step_; }
    /// Lets the step happen; `step` has its variables replaced, `program` is our executable.
    Result<void> release(const JobStep& step, const std::string& program);
    /// Readable when the step is over.
    [[nodiscard]] int report_fd() const { return socket_.get(); }
    /// Whether the step is over by then.
    [[nodiscard]] bool wait(std::chrono::steady_clock::time_point deadline) const;
    /// Why the step failed, or "". Call when report_fd() is readable.
    [[nodiscard]] std::string finish();

  private:
    Actor(JobStep step, pid_t pid, UniqueFd socket)
        : step_(std::move(step)), pid_(pid), socket_(std::move(socket)) {}

    JobStep step_;
    pid_t pid_;
    UniqueFd socket_;  ///< the step goes one way, its outcome the other
};

}  // namespace gadget::testkit::guest
