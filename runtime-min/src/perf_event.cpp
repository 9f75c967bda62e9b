// SPDX-License-Identifier: Apache-2.0
#include "perf_event.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

#include "gadget/support/text.h"
#include "tracefs.h"

namespace gadget::runtime {

UniqueFd open_perf_event(perf_event_attr& attributes, pid_t pid, int cpu) {
    attributes.size = sizeof(attributes);
    return UniqueFd(
        static_cast<int>(syscall(SYS_perf_event_open, &attributes, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
}

Result<std::vector<int>> parse_cpu_list(const std::string& text) {
    constexpr int kMaxCpu = 65535;
    std::vector<int> cpus;
    for (const std::string_view part : split(trim(text), ',')) {
        int first = 0;
        auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), first);
        int last = first;
        if (error == std::errc{} && end != part.data() + part.size() && *end == '-') {
            const auto tail = std::from_chars(end + 1, part.data() + part.size(), last);
            end = tail.ptr;
            error = tail.ec;
        }
        if (error != std::errc{} || end != part.data() + part.size() || first < 0 || last < first ||
            last > kMaxCpu) {
            return Error{ErrorCode::corrupt_data, "'" + printable(text) + "' is not a list of CPUs"};
        }
        for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    }
    return cpus;
}

Result<std::vector<int>> online_cpus() {
    GADGET_TRY_ASSIGN(const std::string text, read_small_file(AT_FDCWD, "/sys/devices/system/cpu/online"));
    return parse_cpu_list(text);
}

}  // namespace gadget::runtime
