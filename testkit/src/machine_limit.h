// SPDX-License-Identifier: Apache-2.0
// How many test machines this host takes side by side.
#pragma once

#include <cstdint>
#include <filesystem>

namespace gadget::testkit {

struct HostResources {
    unsigned cores = 1;
    std::uint64_t memory_mib = 0;  ///< that may still be used; 0 = not known
};

/// What this process may use: processors by affinity and the quota of its control group, memory that is
/// available and within the control group's limit. `root` is where proc and sys/fs/cgroup are looked for.
[[nodiscard]] HostResources host_resources(const std::filesystem::path& root = "/");

/// At least one; an emulated machine keeps one core busy, and QEMU takes some memory beside that of the
/// guest.
[[nodiscard]] unsigned machines_at_once(const HostResources& host, unsigned guest_mib);

}  // namespace gadget::testkit
