// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include "gadget/session/session.h"

namespace gadget::session {
namespace {

std::int64_t now_ns(clockid_t clock) {
    timespec time{};
    (void)::clock_gettime(clock, &time);  // cannot fail for these clocks
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

int utc_offset(std::int64_t unix_seconds) {
    const time_t seconds = unix_seconds;
    tm local{};
    return ::localtime_r(&seconds, &local) == nullptr ? 0 : static_cast<int>(local.tm_gmtoff);
}

std::optional<events::NameTable> name_table(const char* file) {
    const auto text = read_text_file(file);
    if (!text) return std::nullopt;
    return events::parse_name_table(*text);
}

}  // namespace

events::Environment machine_environment() {
    events::Environment environment;
    environment.boot_to_wall_ns = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
    environment.utc_offset = utc_offset;
    environment.users = name_table("/etc/passwd");
    environment.groups = name_table("/etc/group");
    return environment;
}

}  // namespace gadget::session
