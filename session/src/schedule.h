// SPDX-License-Identifier: Apache-2.0
// When an array source is fetched.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::session {

using Clock = std::chrono::steady_clock;

/// "1.5s", "250ms", "1m30s", "0": a duration as Go writes it. `invalid_argument` for anything else, and for
/// more than a year.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

struct ScheduleSpec {
    std::chrono::nanoseconds interval{0};
    std::uint64_t count = 0;                          ///< fetches; 0: no limit
    std::optional<std::chrono::nanoseconds> first{};  ///< until the first one, instead of `interval`
    bool on_stop = false;                             ///< one more at the end
};

/// Interval 0 and count 1: one fetch at once. Interval 0 otherwise: none until the end. Interval above 0: the
/// first fetch after one interval, then until the count is reached.
class Schedule {
  public:
    explicit Schedule(const ScheduleSpec& spec) : spec_(spec) {}

    void start(Clock::time_point now);
    /// When to fetch next; nullopt: not before the end.
    [[nodiscard]] std::optional<Clock::time_point> due() const { return due_; }
    /// To be called after each fetch. Fetches that were missed meanwhile are left out.
    void fetched(Clock::time_point now);
    [[nodiscard]] bool on_stop() const { return spec_.on_stop; }
    [[nodiscard]] bool finished() const { return started_ && !due_ && !spec_.on_stop; }

  private:
    ScheduleSpec spec_;
    std::optional<Clock::time_point> due_;
    std::uint64_t done_ = 0;
    bool started_ = false;
};

}  // namespace gadget::session
