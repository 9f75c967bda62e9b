// SPDX-License-Identifier: Apache-2.0
// Any program inside each kernel: tests in any language.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/testkit/kernels.h"

namespace gadget::testkit {

struct CommandRequest {
    std::filesystem::path program;  ///< an ELF executable; its libraries go with it into machines
    std::vector<std::string> arguments;
    std::map<model::Arch, Bytes> objects;  ///< of a gadget, as $GADGET_OBJECT; may be empty
    std::string manifest;                  ///< as $GADGET_MANIFEST; may be empty
    std::vector<KernelSelector> kernels;
    std::map<model::Arch, std::filesystem::path> runners;
    std::filesystem::path cache;
    std::chrono::milliseconds timeout{
        300'000};  ///< of the program, on each kernel; four times as long in machines
    unsigned memory_mib = 256;
};

/// How it ended on one kernel.
struct CommandResult {
    KernelSelector kernel;
    std::string release;
    int status = 0;                ///< exit status
    int signal = 0;                ///< that ended it, 0 = it exited
    bool hung = false;             ///< it was killed after the time limit
    std::optional<Error> failure;  ///< why it did not run; `guest_panic` and `boot_failed` among others
};

class CommandObserver {
  public:
    virtual ~CommandObserver() = default;
    virtual void step(const KernelSelector& kernel, std::string_view text) = 0;
    /// A line that the program wrote.
    virtual void line(const KernelSelector& kernel, std::string_view text, bool is_error) = 0;
};

/// Runs the program on one kernel after the other, as root, in a folder of its own, with $GADGET_KERNEL and
/// $GADGET_RUN (gadget-run). `not_found`, `corrupt_data` for a program that is none; an Error only for what
/// concerns all kernels.
Result<std::vector<CommandResult>> run_command_on_kernels(const CommandRequest& request,
                                                          CommandObserver& observer,
                                                          const CancelToken& cancel);

struct ShellRequest {
    std::filesystem::path shell;                  ///< an ELF executable of the kernel's architecture
    std::vector<std::filesystem::path> programs;  ///< more of them, for /bin; what is none is left out
    std::map<model::Arch, std::filesystem::path> runners;
    std::filesystem::path cache;
    std::filesystem::path initramfs;  ///< is written
    unsigned memory_mib = 512;
};

/// The command line of a machine whose console is a terminal with the shell in it, as root. It ends with the
/// shell. `unsupported` for a shell of another architecture and what fetching a kernel needs.
Result<std::vector<std::string>> shell_command_line(const ShellRequest& request, const KernelSelector& kernel,
                                                    const CancelToken& cancel);

/// The exit status of `gadget test --exec`: that of the program where it is not 0 first; 7 when it hung, 6,
/// 5, 3 and 4 as for scenarios when it did not run; 128 + signal.
[[nodiscard]] int exit_status(const std::vector<CommandResult>& results);

}  // namespace gadget::testkit
