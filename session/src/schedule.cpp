// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#include <charconv>

#include "gadget/support/text.h"

namespace gadget::session {
namespace {

struct Unit {
    std::string_view name;
    double nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3}, {"µs", 1e3},  {"ms", 1e6},
                           {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
constexpr double kYear = 365.0 * 24 * 3600e9;

/// The unit that `text` starts with: up to the next digit.
const Unit* unit_at(std::string_view text) {
    const std::string_view name = text.substr(0, text.find_first_of("0123456789."));
    for (const auto& unit : kUnits) {
        if (unit.name == name) return &unit;
    }
    return nullptr;
}

}  // namespace

Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    const Error wrong{.code = ErrorCode::invalid_argument,
                      .message = "'" + printable(text) + "' is not a duration",
                      .hint = "write for instance 500ms, 1s or 1m30s"};
    if (text == "0") return std::chrono::nanoseconds(0);
    if (text.empty()) return wrong;
    double total = 0;
    while (!text.empty()) {
        double number = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (error != std::errc() || number < 0) return wrong;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const Unit* unit = unit_at(text);
        if (unit == nullptr) return wrong;
        text.remove_prefix(unit->name.size());
        total += number * unit->nanoseconds;
        if (!(total <= kYear)) return wrong;
    }
    return std::chrono::nanoseconds(static_cast<std::int64_t>(total));
}

void Schedule::start(Clock::time_point now) {
    started_ = true;
    if (spec_.interval.count() > 0) {
        due_ = now + spec_.first.value_or(spec_.interval);
    } else if (spec_.count == 1) {
        due_ = now;
    }
}

void Schedule::fetched(Clock::time_point now) {
    ++done_;
    if (!due_) return;
    if (spec_.interval.count() == 0 || (spec_.count > 0 && done_ >= spec_.count)) {
        due_.reset();
        return;
    }
    *due_ += spec_.interval;
    if (*due_ < now) due_ = now + spec_.interval;
}

}  // namespace gadget::session
