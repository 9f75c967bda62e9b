// SPDX-License-Identifier: Apache-2.0
#include "pace.h"

#include <gtest/gtest.h>

namespace gadget::session {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kLarge = std::size_t{4} << 20;
const Pace::Clock::time_point kStart = Pace::Clock::time_point(seconds(100));

/// After rounds of `events`, `gap` from begin to begin, each of which took `spent`.
microseconds rest_after(Pace pace, std::size_t events, microseconds gap, microseconds spent) {
    for (int i = 0; i < 3; ++i) pace.took(events, kStart + i * gap, kStart + i * gap + spent);
    return pace.rest();
}

TEST(Pace, EventsThatComeOneByOneAreReadAtOnce) {
    EXPECT_EQ(Pace(kLarge).rest(), microseconds(0));
    EXPECT_EQ(rest_after(Pace(kLarge), 1, milliseconds(2), microseconds(10)), microseconds(0));
    EXPECT_EQ(rest_after(Pace(kLarge), 0, microseconds(100), microseconds(1)), microseconds(0));
}

TEST(Pace, ManyEventsAreReadInRounds) {
    EXPECT_EQ(rest_after(Pace(kLarge), 1, microseconds(20), microseconds(0)), milliseconds(5));
    EXPECT_EQ(rest_after(Pace(kLarge), 5000, milliseconds(5), milliseconds(2)), milliseconds(3));
}

TEST(Pace, ARoundThatTookLongIsFollowedByTheNext) {
    EXPECT_EQ(rest_after(Pace(kLarge), 5000, milliseconds(10), milliseconds(9)), microseconds(0));
}

TEST(Pace, ASmallBufferIsNotFilledDuringARest) {
    const auto rest = rest_after(Pace(256 << 10), 50, microseconds(300), microseconds(0));
    EXPECT_GT(rest, microseconds(0));
    EXPECT_LT(rest, microseconds(400));
    EXPECT_EQ(rest_after(Pace(0), 50, microseconds(300), microseconds(0)), microseconds(0));
}

TEST(Pace, TheFirstEventAfterAPauseIsReadAtOnce) {
    Pace pace(kLarge);
    pace.took(100, kStart, kStart);
    pace.took(100, kStart + milliseconds(5), kStart + milliseconds(6));
    EXPECT_GT(pace.rest(), microseconds(0));
    pace.took(0, kStart + milliseconds(11), kStart + milliseconds(11));
    EXPECT_EQ(pace.rest(), microseconds(0));
    pace.took(1, kStart + seconds(2), kStart + seconds(2));
    EXPECT_EQ(pace.rest(), microseconds(0));
}

}  // namespace
}  // namespace gadget::session
