// SPDX-License-Identifier: Apache-2.0
// How long a reader of event buffers leaves them alone between two rounds.
#pragma once

#include <chrono>
#include <cstddef>

namespace gadget::session {

/// A wake-up costs more than an event: the kernel interrupts the producer, and the reader is scheduled for a
/// row or two. When events come quickly the reader therefore rests, the kernel has nobody to wake, and a
/// round finds many. Events that come one by one are read at once.
class Pace {
  public:
    using Clock = std::chrono::steady_clock;
    using Microseconds = std::chrono::microseconds;

    /// `buffer`: bytes of the smallest buffer that is read; a rest must not fill it.
    explicit Pace(std::size_t buffer);

    /// How long to rest before the next round; 0: not at all, wait for the kernel's word.
    [[nodiscard]] Microseconds rest() const { return rest_; }
    /// A round that began at `begin` gave so many events, and ends now.
    void took(std::size_t events, Clock::time_point begin, Clock::time_point now);

  private:
    Microseconds longest_;
    Microseconds rest_{0};
    Clock::time_point last_{};
};

}  // namespace gadget::session
