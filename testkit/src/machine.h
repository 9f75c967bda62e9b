// SPDX-License-Identifier: Apache-2.0
// A test machine: QEMU with one kernel and one initramfs, its console, and the port on which results come.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/testkit/kernels.h"
#include "record.h"

namespace gadget::testkit {

/// For people who look into a machine.
struct MachineDebug {
    unsigned gdb_port = 0;              ///< of 127.0.0.1: the machine waits there for a debugger; 0 = none
    std::filesystem::path initramfs{};  ///< a file, not a descriptor; then there is no result port either
};

struct MachineRequest {
    const Kernel* kernel = nullptr;
    std::span<const std::byte> initramfs;
    std::string nonce;
    bool kvm = false;
    unsigned memory_mib = 256;
    std::chrono::milliseconds boot_timeout{300'000};  ///< until the first frame
    std::chrono::milliseconds run_timeout{300'000};   ///< from then on
    MachineDebug debug{};
};

/// How a machine ended. `failure` is boot_failed, guest_panic, timed_out, cancelled, corrupt_data or io.
struct MachineEnd {
    std::optional<Error> failure;
    std::string console;  ///< the last megabyte of what the kernel printed
    std::uint64_t damaged_frames = 0;
    std::uint64_t lost_frames = 0;
    std::chrono::milliseconds boot_time{0};  ///< start of QEMU to the first frame
};

/// Is given each frame and returns the frames to send to the guest.
using FrameHandler = std::function<std::vector<Record>(const Record&)>;

/// The command line of QEMU; descriptor 3 is the initramfs, 4 the socket of the result port.
[[nodiscard]] std::vector<std::string> qemu_command(const MachineRequest& request);

/// "qemu-system-x86_64".
[[nodiscard]] std::string qemu_program(model::Arch arch);
/// The Debian package that has it.
[[nodiscard]] std::string qemu_package(model::Arch arch);

/// `unsupported`, naming program and package, when QEMU for `arch` is not installed.
Result<void> check_machine(model::Arch arch, const CancelToken& cancel);

/// Boots, passes frames on until the guest says "done", and waits for the power-off. An Error means that
/// there was no machine
/// (`unsupported`: no QEMU); how a machine went wrong stands in MachineEnd.
Result<MachineEnd> run_machine(const MachineRequest& request, const FrameHandler& handler,
                               const CancelToken& cancel);

/// 16 random hexadecimal digits.
[[nodiscard]] std::string make_nonce();

}  // namespace gadget::testkit
