// SPDX-License-Identifier: Apache-2.0
// gadget::testkit: runs the scenarios of a gadget on real kernels - this one, and others in virtual machines
// - and says what each of them made of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/cancel.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/testkit/kernels.h"
#include "gadget/testkit/scenario.h"

namespace gadget::testkit {

enum class Outcome : std::uint8_t {
    passed,
    failed,   ///< the gadget is wrong, or its kernel crashed under it
    skipped,  ///< the kernel lacks what the scenario requires; the message names it
    error,    ///< the test could not be run
};
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// What went wrong, coarse enough to act on.
enum class FailureClass : std::uint8_t {
    none,
    wrong_events,     ///< the expectations do not hold
    load_refused,     ///< the kernel refused to load a program or map
    attach_refused,   ///< a program could not be attached
    missing_feature,  ///< skipped, or the gadget found that the kernel lacks something
    gadget_crashed,   ///< the runner died of a signal
    gadget_failed,    ///< the runner ended with an error, or too early
    gadget_hung,      ///< it did not become ready, or did not end when told to
    stimulus_failed,  ///< a step did not go as the scenario says
    bad_output,       ///< rows that are not JSON objects
    kernel_problem,   ///< BUG, WARNING, lockup in the kernel's log
    out_of_memory,    ///< the kernel of the machine killed for lack of memory
    guest_panic,
    boot_failed,
    timed_out,
    truncated_result,  ///< the machine ended or garbled its report before the test was over
    no_kernel,         ///< the kernel could not be had
    no_machine,        ///< no QEMU, no runner, no object for the architecture
    no_permission,
};
[[nodiscard]] std::string_view to_string(FailureClass failure);  ///< "wrong-events"

struct TestResult {
    std::string scenario;
    KernelSelector kernel;
    std::string release;  ///< uname -r, when the kernel came up
    Outcome outcome = Outcome::error;
    FailureClass failure = FailureClass::none;
    std::string message;     ///< one sentence; empty when passed
    std::string suggestion;  ///< what to do about it; may be empty
    std::chrono::milliseconds duration{0};
    std::vector<std::filesystem::path> logs;  ///< what was kept: console, rows, the gadget's messages
};

/// Is told how a run goes on. Calls come one at a time, from several threads.
class TestObserver {
  public:
    virtual ~TestObserver() = default;
    virtual void step(const KernelSelector& kernel,
                      std::string_view text) = 0;  ///< "booting", "fetching ..."
    virtual void finished(const TestResult& result) = 0;
};

struct TestRequest {
    std::string gadget;                    ///< its name
    std::map<model::Arch, Bytes> objects;  ///< the gadget's programs for each architecture
    std::string manifest;                  ///< text of gadget.yaml; may be empty
    std::vector<Scenario> scenarios;
    std::vector<KernelSelector> kernels;
    std::map<model::Arch, std::filesystem::path> runners;  ///< static gadget-run for each architecture
    std::filesystem::path cache;                           ///< of the KernelStore
    std::filesystem::path logs;  ///< a folder for what the machines said; empty: nothing is kept
    std::chrono::milliseconds boot_timeout{300'000};  ///< generous: a busy host is not a broken kernel
    unsigned memory_mib = 256;                        ///< of a machine
    unsigned patience = 4;  ///< the time limits of scenarios are multiplied by it in machines
    unsigned gdb_port = 0;  ///< machines wait there for a debugger; 0 = none
    unsigned parallel = 0;  ///< machines side by side; 0 = as many as cores and memory of this host allow
};

/// Runs every scenario on every kernel, all scenarios of a kernel in one machine. There is a result for each
/// pair, in the order of `kernels`, then `scenarios`; whatever goes wrong with a kernel is told in its
/// results. Returns an Error only for `invalid_argument` and `cancelled`.
Result<std::vector<TestResult>> run_tests(const TestRequest& request, TestObserver& observer,
                                          const CancelToken& cancel);

/// The command line of the machine that would run the scenarios on `kernel`, for looking into it by hand: its
/// initramfs is written to `initramfs`, what the agent reports comes on the console. `invalid_argument` for
/// the host.
Result<std::vector<std::string>> machine_command_line(const TestRequest& request,
                                                      const KernelSelector& kernel,
                                                      const std::filesystem::path& initramfs,
                                                      const CancelToken& cancel);

/// The exit status of `gadget test`: 0 all passed or skipped; 7 a time limit, 6 a crashed kernel, 5 a machine
/// that did not boot, 3 something missing (in this order of precedence); else 1 when a test failed, 4 when
/// one could not be run.
[[nodiscard]] int exit_status(std::span<const TestResult> results);

/// Reports, complete documents. `gadget` names the suite.
[[nodiscard]] std::string junit_report(std::string_view gadget, std::span<const TestResult> results);
/// {"version":1,"gadget":...,"results":[{"scenario","kernel","arch","release","outcome","failure","message",...}]}
[[nodiscard]] std::string json_report(std::string_view gadget, std::span<const TestResult> results);
/// A table kernel x scenario and the messages of what did not pass.
[[nodiscard]] std::string markdown_report(std::string_view gadget, std::span<const TestResult> results);

}  // namespace gadget::testkit
