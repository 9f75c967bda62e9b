// SPDX-License-Identifier: Apache-2.0
// Nanoseconds since 1970 as a date. Everything but the nanoseconds is kept from one call to the next: events
// come in bursts within the same second.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gadget/events/environment.h"

namespace gadget::events::detail {

/// A local date and time of day.
struct CalendarTime {
    std::int64_t year = 1970;
    unsigned month = 1;
    unsigned day = 1;
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned weekday = 4;  ///< 0 = Sunday
    unsigned year_day = 1;
    int utc_offset = 0;  ///< seconds east of UTC
};

class TimeText {
  public:
    explicit TimeText(const Environment& environment) : environment_(&environment) {}

    /// "2026-11-21T09:30:00.000000001+01:00", zone "Z" for UTC; at most 48 bytes.
    char* write_rfc3339(char* out, std::int64_t nanoseconds);
    /// By a Go layout ("2006-01-02 15:04:05.000"); at most 12 bytes for each of its characters, and 48.
    char* write_layout(char* out, std::int64_t nanoseconds, std::string_view layout);
    /// The wall clock time of a boot clock stamp; 0 means now: `now`, which is set where it is 0.
    [[nodiscard]] std::int64_t wall_clock(std::uint64_t boot_time, std::int64_t& now) const;

  private:
    void load_second(std::int64_t second);

    const Environment* environment_;
    std::int64_t second_ = 0;
    bool loaded_ = false;
    CalendarTime time_;
    char date_[32] = {};  ///< "2026-11-21T09:30:00."
    unsigned date_size_ = 0;
    char zone_[8] = {};  ///< "+01:00"
    unsigned zone_size_ = 0;
};

}  // namespace gadget::events::detail
