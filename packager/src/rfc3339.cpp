// SPDX-License-Identifier: Apache-2.0
#include "rfc3339.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "gadget/packager/pack.h"
#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

/// Reads a fixed form such as "dddd-dd-dd" into numbers: 'd' is a digit, anything else stands for itself.
bool matches(std::string_view text, std::string_view form) {
    if (text.size() != form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i]) return false;
    }
    return true;
}

int number(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
}

bool is_offset(std::string_view text) {
    if (text == "Z" || text == "z") return true;
    if (!matches(text, "+dd:dd") && !matches(text, "-dd:dd")) return false;
    return number(text, 1, 2) <= 23 && number(text, 4, 2) <= 59;
}

}  // namespace

bool is_rfc3339(std::string_view text) {
    constexpr std::size_t kSeconds = 19;
    if (text.size() <= kSeconds || !matches(text.substr(0, kSeconds), "dddd-dd-ddTdd:dd:dd")) return false;
    const std::chrono::year_month_day date{std::chrono::year(number(text, 0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number(text, 5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(text, 8, 2)))};
    if (!date.ok() || number(text, 11, 2) > 23 || number(text, 14, 2) > 59 || number(text, 17, 2) > 60)
        return false;
    text.remove_prefix(kSeconds);
    if (text.front() == '.') {
        const auto end = text.find_first_not_of("0123456789", 1);
        if (end == std::string_view::npos || end == 1) return false;
        text.remove_prefix(end);
    }
    return is_offset(text);
}

std::string created_from_epoch(std::int64_t seconds) {
    constexpr std::int64_t kYear0 = -62167219200;
    constexpr std::int64_t kYear9999End = 253402300799;
    const std::chrono::sys_seconds time{std::chrono::seconds(std::clamp(seconds, kYear0, kYear9999End))};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<std::int64_t> parse_source_date_epoch(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "SOURCE_DATE_EPOCH is '" + printable(text.substr(0, 80)) + "'",
                     .hint = "give whole seconds since 1970, e.g. the output of 'git log -1 --format=%ct'"};
    }
    return value;
}

}  // namespace gadget::packager
