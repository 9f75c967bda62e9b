// SPDX-License-Identifier: Apache-2.0
#include "machine_limit.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <thread>

#include "gadget/support/files.h"
#include "gadget/support/text.h"

namespace gadget::testkit {
namespace {

/// Of QEMU itself: translated code, devices. bench/vm measures it.
constexpr std::uint64_t kQemuMib = 64;

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
    const auto text = read_text_file(file);
    return text ? number(trim(*text)) : std::nullopt;  // "max" is no number
}

/// MemAvailable of /proc/meminfo, in MiB.
std::optional<std::uint64_t> available_memory(const std::filesystem::path& file) {
    const auto text = read_text_file(file);
    if (!text) return std::nullopt;
    for (const auto line : split(*text, '\n')) {
        constexpr std::string_view kKey = "MemAvailable:";
        if (!line.starts_with(kKey)) continue;
        const auto kib = number(trim(line.substr(kKey.size())));
        return kib ? std::optional(*kib / 1024) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

HostResources host_resources(const std::filesystem::path& root) {
    HostResources host{.cores = std::max(1U, std::thread::hardware_concurrency())};  // knows the affinity
    const auto group = root / "sys/fs/cgroup";
    if (const auto text = read_text_file(group / "cpu.max")) {
        const auto words = split(trim(*text), ' ');  // "200000 100000": microseconds of a period
        const auto quota = number(words[0]);
        const auto period = words.size() == 2 ? number(words[1]) : std::nullopt;
        if (quota && period && *period > 0)
            host.cores = static_cast<unsigned>(std::clamp<std::uint64_t>(*quota / *period, 1, host.cores));
    }
    if (const auto memory = available_memory(root / "proc/meminfo")) host.memory_mib = *memory;
    const auto limit = number_in(group / "memory.max");
    const auto used = number_in(group / "memory.current");
    if (limit && used) {
        const auto left = *limit > *used ? (*limit - *used) >> 20 : 0;
        // A group that is full still gets one machine: 1, not "not known".
        host.memory_mib =
            std::max<std::uint64_t>(1, host.memory_mib == 0 ? left : std::min(host.memory_mib, left));
    }
    return host;
}

unsigned machines_at_once(const HostResources& host, unsigned guest_mib) {
    const auto cores = std::max(1U, host.cores);
    if (host.memory_mib == 0) return cores;
    const auto fitting = host.memory_mib / (guest_mib + kQemuMib);
    return static_cast<unsigned>(std::clamp<std::uint64_t>(fitting, 1, cores));
}

}  // namespace gadget::testkit
