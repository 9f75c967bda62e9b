// SPDX-License-Identifier: Apache-2.0
#include "pace.h"

#include <algorithm>

namespace gadget::session {
namespace {

constexpr std::chrono::microseconds kLongestRest{5000};  // nobody sees that a row came so much later
constexpr std::size_t kFloodBytes = 400;                 // in a microsecond: more than kernels deliver
constexpr std::chrono::microseconds kQuick{500};         // from event to event

}  // namespace

/// Half of the buffer stays free however many events come.
Pace::Pace(std::size_t buffer)
    : longest_(std::min<Microseconds>(kLongestRest, Microseconds(buffer / 2 / kFloodBytes))) {}

/// What came during the round is in the buffer already: its time is part of the rest.
void Pace::took(std::size_t events, Clock::time_point begin, Clock::time_point now) {
    const auto passed = begin - last_;
    last_ = begin;
    const bool quick = events > 0 && passed < kQuick * events;
    const auto spent = std::chrono::ceil<Microseconds>(now - begin);
    rest_ = quick ? std::max(longest_ - spent, Microseconds(0)) : Microseconds(0);
}

}  // namespace gadget::session
