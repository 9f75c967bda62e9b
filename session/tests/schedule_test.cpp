// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#include <gtest/gtest.h>

namespace gadget::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Clock::time_point kStart{seconds(1000)};

TEST(Duration, ReadsWhatGoWrites) {
    EXPECT_EQ(parse_duration("0")->count(), 0);
    EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
    EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1500));
    EXPECT_EQ(*parse_duration("1m30s"), seconds(90));
    for (const char* text : {"", "1", "s", "-1s", "1 s", "1x", "1s ", "inf", "99999999h"})
        EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Schedule, OnceMeansAtOnce) {
    Schedule schedule({.interval = {}, .count = 1});
    EXPECT_FALSE(schedule.finished());
    schedule.start(kStart);
    EXPECT_EQ(schedule.due(), kStart);
    schedule.fetched(kStart);
    EXPECT_FALSE(schedule.due());
    EXPECT_TRUE(schedule.finished());
}

TEST(Schedule, AnIntervalStartsWithWaitingAndEndsWithTheCount) {
    Schedule schedule({.interval = seconds(1), .count = 2});
    schedule.start(kStart);
    EXPECT_EQ(schedule.due(), kStart + seconds(1));
    schedule.fetched(kStart + milliseconds(1100));
    EXPECT_EQ(schedule.due(), kStart + seconds(2)) << "does not drift";
    schedule.fetched(kStart + seconds(2));
    EXPECT_TRUE(schedule.finished());
}

TEST(Schedule, MissedFetchesAreLeftOut) {
    Schedule schedule({.interval = seconds(1)});
    schedule.start(kStart);
    schedule.fetched(kStart + seconds(10));
    EXPECT_EQ(schedule.due(), kStart + seconds(11));
}

TEST(Schedule, WithoutIntervalNothingComesBeforeTheEnd) {
    Schedule schedule({.interval = {}, .count = 0, .on_stop = true});
    schedule.start(kStart);
    EXPECT_FALSE(schedule.due());
    EXPECT_FALSE(schedule.finished()) << "the last fetch is still to come";
}

TEST(Schedule, TheFirstFetchMayComeEarlier) {
    Schedule schedule({.interval = seconds(60), .first = seconds(1)});
    schedule.start(kStart);
    EXPECT_EQ(schedule.due(), kStart + seconds(1));
    schedule.fetched(kStart + seconds(1));
    EXPECT_EQ(schedule.due(), kStart + seconds(61));
}

}  // namespace
}  // namespace gadget::session
