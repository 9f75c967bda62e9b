// SPDX-License-Identifier: Apache-2.0
#include "time_text.h"

#include <chrono>
#include <cstring>

#include "numbers.h"

namespace gadget::events::detail {
namespace {

constexpr std::int64_t kSecond = 1000000000;
constexpr std::int64_t kDay = 86400;

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

char* write_text(char* out, std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    return out + text.size();
}

char* write_year(char* out, std::int64_t year) {
    if (year < 0) {
        *out++ = '-';
        year = -year;
    }
    if (year < 10000) return write_padded(out, static_cast<std::uint32_t>(year), 4);
    return write_unsigned(out, static_cast<std::uint64_t>(year));
}

char* write_zone(char* out, int offset, bool colon) {
    const auto minutes = static_cast<std::uint32_t>((offset < 0 ? -offset : offset) / 60);
    *out++ = offset < 0 ? '-' : '+';
    out = write_padded(out, minutes / 60 % 100, 2);
    if (colon) *out++ = ':';
    return write_padded(out, minutes % 60, 2);
}

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};

/// The elements of Go's reference time, longest first where one begins another.
enum class Element : std::uint8_t {
    month_name,
    month_short,
    weekday,
    weekday_short,
    year,
    year_short,
    hour24,
    hour12_padded,
    hour12,
    minute_padded,
    minute,
    second_padded,
    second,
    month_padded,
    month,
    day_padded,
    day_spaced,
    year_day,
    day,
    pm,
    pm_lower,
    zone_iso_colon,
    zone_iso,
    zone_colon,
    zone,
};

struct Pattern {
    std::string_view text;
    Element element;
};

constexpr Pattern kPatterns[] = {
    {"January", Element::month_name},
    {"Jan", Element::month_short},
    {"Monday", Element::weekday},
    {"Mon", Element::weekday_short},
    {"2006", Element::year},
    {"Z07:00", Element::zone_iso_colon},
    {"Z0700", Element::zone_iso},
    {"-07:00", Element::zone_colon},
    {"-0700", Element::zone},
    {"MST", Element::zone},
    {"002", Element::year_day},
    {"01", Element::month_padded},
    {"02", Element::day_padded},
    {"03", Element::hour12_padded},
    {"04", Element::minute_padded},
    {"05", Element::second_padded},
    {"06", Element::year_short},
    {"15", Element::hour24},
    {"_2", Element::day_spaced},
    {"PM", Element::pm},
    {"pm", Element::pm_lower},
    {"1", Element::month},
    {"2", Element::day},
    {"3", Element::hour12},
    {"4", Element::minute},
    {"5", Element::second},
};

/// Length of a fraction such as ".000" or ",999" at the start of `layout`, 0 when there is none.
std::size_t fraction_length(std::string_view layout) {
    if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',') || (layout[1] != '0' && layout[1] != '9'))
        return 0;
    std::size_t length = 1;
    while (length < layout.size() && layout[length] == layout[1]) ++length;
    const bool digit_follows = length < layout.size() && layout[length] >= '0' && layout[length] <= '9';
    return digit_follows || length > 10 ? 0 : length;
}

char* write_fraction(char* out, std::uint32_t nanoseconds, std::string_view pattern) {
    const auto digits = static_cast<unsigned>(pattern.size() - 1);
    *out++ = pattern[0];
    out = write_padded(out, nanoseconds / static_cast<std::uint32_t>(kPowersOf10[9 - digits]), digits);
    if (pattern[1] == '9') {
        while (out[-1] == '0') --out;
        if (out[-1] == pattern[0]) --out;
    }
    return out;
}

unsigned twelve_hours(const CalendarTime& time) {
    return time.hour % 12 == 0 ? 12 : time.hour % 12;
}

char* write_time_element(char* out, Element element, const CalendarTime& time) {
    switch (element) {
        case Element::hour24:
            return write_padded(out, time.hour, 2);
        case Element::hour12_padded:
            return write_padded(out, twelve_hours(time), 2);
        case Element::hour12:
            return write_unsigned(out, twelve_hours(time));
        case Element::minute_padded:
            return write_padded(out, time.minute, 2);
        case Element::minute:
            return write_unsigned(out, time.minute);
        case Element::second_padded:
            return write_padded(out, time.second, 2);
        case Element::second:
            return write_unsigned(out, time.second);
        case Element::pm:
            return write_text(out, time.hour >= 12 ? "PM" : "AM");
        case Element::pm_lower:
            return write_text(out, time.hour >= 12 ? "pm" : "am");
        case Element::zone_iso_colon:
        case Element::zone_iso:
            if (time.utc_offset == 0) return write_text(out, "Z");
            return write_zone(out, time.utc_offset, element == Element::zone_iso_colon);
        case Element::zone_colon:
            return write_zone(out, time.utc_offset, true);
        default:
            return write_zone(out, time.utc_offset, false);
    }
}

char* write_element(char* out, Element element, const CalendarTime& time) {
    switch (element) {
        case Element::month_name:
            return write_text(out, kMonths[time.month - 1]);
        case Element::month_short:
            return write_text(out, kMonths[time.month - 1].substr(0, 3));
        case Element::weekday:
            return write_text(out, kDays[time.weekday]);
        case Element::weekday_short:
            return write_text(out, kDays[time.weekday].substr(0, 3));
        case Element::year:
            return write_year(out, time.year);
        case Element::year_short:
            return write_padded(out, static_cast<std::uint32_t>(time.year < 0 ? 0 : time.year % 100), 2);
        case Element::month_padded:
            return write_padded(out, time.month, 2);
        case Element::month:
            return write_unsigned(out, time.month);
        case Element::day_padded:
            return write_padded(out, time.day, 2);
        case Element::day_spaced:
            if (time.day < 10) *out++ = ' ';
            return write_unsigned(out, time.day);
        case Element::year_day:
            return write_padded(out, time.year_day, 3);
        case Element::day:
            return write_unsigned(out, time.day);
        default:
            return write_time_element(out, element, time);
    }
}

}  // namespace

std::int64_t TimeText::wall_clock(std::uint64_t boot_time, std::int64_t& now) const {
    if (boot_time != 0) {
        return static_cast<std::int64_t>(boot_time +
                                         static_cast<std::uint64_t>(environment_->boot_to_wall_ns));
    }
    if (now != 0) return now;
    now = environment_->now ? environment_->now()
                            : std::chrono::duration_cast<std::chrono::nanoseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count();
    return now;
}

void TimeText::load_second(std::int64_t second) {
    second_ = second;
    loaded_ = true;
    time_.utc_offset = environment_->utc_offset ? environment_->utc_offset(second) : 0;
    if (time_.utc_offset < -kDay || time_.utc_offset > kDay) time_.utc_offset = 0;
    const std::int64_t local = second + time_.utc_offset;
    const std::int64_t days = floor_divide(local, kDay);
    const auto rest = static_cast<unsigned>(local - days * kDay);
    time_.hour = rest / 3600;
    time_.minute = rest / 60 % 60;
    time_.second = rest % 60;
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
    time_.year = static_cast<int>(date.year());
    time_.month = static_cast<unsigned>(date.month());
    time_.day = static_cast<unsigned>(date.day());
    time_.weekday = std::chrono::weekday{std::chrono::sys_days{std::chrono::days{days}}}.c_encoding();
    const std::chrono::sys_days new_year{std::chrono::year{static_cast<int>(time_.year)} / 1 / 1};
    time_.year_day =
        static_cast<unsigned>((std::chrono::sys_days{std::chrono::days{days}} - new_year).count()) + 1;

    char* out = write_year(date_, time_.year);
    *out++ = '-';
    out = write_padded(out, time_.month, 2);
    *out++ = '-';
    out = write_padded(out, time_.day, 2);
    *out++ = 'T';
    out = write_padded(out, time_.hour, 2);
    *out++ = ':';
    out = write_padded(out, time_.minute, 2);
    *out++ = ':';
    out = write_padded(out, time_.second, 2);
    *out++ = '.';
    date_size_ = static_cast<unsigned>(out - date_);
    out = zone_;
    if (time_.utc_offset == 0)
        *out++ = 'Z';
    else
        out = write_zone(out, time_.utc_offset, true);
    zone_size_ = static_cast<unsigned>(out - zone_);
}

char* TimeText::write_rfc3339(char* out, std::int64_t nanoseconds) {
    const std::int64_t second = floor_divide(nanoseconds, kSecond);
    if (!loaded_ || second != second_) load_second(second);
    std::memcpy(out, date_, sizeof date_);
    out = write_padded(out + date_size_, static_cast<std::uint32_t>(nanoseconds - second * kSecond), 9);
    std::memcpy(out, zone_, sizeof zone_);
    return out + zone_size_;
}

char* TimeText::write_layout(char* out, std::int64_t nanoseconds, std::string_view layout) {
    const std::int64_t second = floor_divide(nanoseconds, kSecond);
    if (!loaded_ || second != second_) load_second(second);
    const auto fraction = static_cast<std::uint32_t>(nanoseconds - second * kSecond);
    while (!layout.empty()) {
        if (const std::size_t length = fraction_length(layout); length > 0) {
            out = write_fraction(out, fraction, layout.substr(0, length));
            layout.remove_prefix(length);
            continue;
        }
        const Pattern* match = nullptr;
        for (const Pattern& pattern : kPatterns) {
            if (layout.starts_with(pattern.text)) {
                match = &pattern;
                break;
            }
        }
        if (match == nullptr) {
            *out++ = layout.front();
            layout.remove_prefix(1);
            continue;
        }
        layout.remove_prefix(match->text.size());
        out = write_element(out, match->element, time_);
    }
    return out;
}

}  // namespace gadget::events::detail
