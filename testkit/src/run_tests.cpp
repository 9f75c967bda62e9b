// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "gadget/support/text.h"
#include "gadget/testkit.h"
#include "host_run.h"
#include "initramfs.h"
#include "kernel_run.h"
#include "machine.h"

namespace gadget::testkit {
namespace {

using std::chrono::milliseconds;

constexpr const char* kGuestObject = "gadgetkit/gadget.bpf.o";
constexpr const char* kGuestManifest = "gadgetkit/gadget.yaml";
constexpr milliseconds kKvmBootTimeout{15'000};

/// Serialises the calls of several machines.
class SharedObserver {
  public:
    explicit SharedObserver(TestObserver& observer) : observer_(observer) {}
    void step(const KernelSelector& kernel, std::string_view text) {
        const std::lock_guard lock(mutex_);
        observer_.step(kernel, text);
    }
    void finished(const TestResult& result) {
        const std::lock_guard lock(mutex_);
        observer_.finished(result);
    }

  private:
    TestObserver& observer_;
    std::mutex mutex_;
};

class FetchProgress final : public Progress {
  public:
    FetchProgress(SharedObserver& observer, const KernelSelector& kernel)
        : observer_(observer), kernel_(kernel) {}
    void step(std::string_view text) override { observer_.step(kernel_, text); }
    void update(std::uint64_t, std::uint64_t) override {}

  private:
    SharedObserver& observer_;
    const KernelSelector& kernel_;
};

/// Whether KVM does what it promises is only known after a boot: a nested or emulated one may hang. What was
/// found out is kept in the cache, for this host kernel.
class Accelerator {
  public:
    explicit Accelerator(const std::filesystem::path& cache) : file_(cache / "kvm") {
        utsname name{};
        (void)::uname(&name);
        host_ = name.release;
    }

    [[nodiscard]] bool use_kvm(model::Arch arch) const {
        if (arch != model::host_arch() || ::access("/dev/kvm", R_OK | W_OK) != 0 || !hardware_support())
            return false;
        const auto known = read_text_file(file_);
        return !known || trim(*known) != "broken " + host_;
    }
    void remember_broken() const { (void)write_file_atomic(file_, "broken " + host_ + "\n"); }

  private:
    /// Without these processor flags a /dev/kvm is not backed by hardware, and stock kernels do not boot on
    /// it.
    static bool hardware_support() {
        if (model::host_arch() != model::Arch::amd64) return true;
        const auto info = read_text_file("/proc/cpuinfo");
        return info && (info->find(" vmx") != std::string::npos || info->find(" svm") != std::string::npos);
    }

    std::filesystem::path file_;
    std::string host_;
};

class Run {
  public:
    Run(const TestRequest& request, TestObserver& observer, const CancelToken& cancel)
        : request_(request),
          observer_(observer),
          cancel_(cancel),
          accelerator_(request.cache),
          results_(request.kernels.size()) {}

    Result<std::vector<TestResult>> all() {
        const auto workers =
            std::clamp<std::size_t>(request_.parallel, 1, std::max<std::size_t>(1, request_.kernels.size()));
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
        }
        if (cancelled_) return Error{.code = ErrorCode::cancelled, .message = "the tests were interrupted"};
        std::vector<TestResult> results;
        for (auto& some : results_) std::move(some.begin(), some.end(), std::back_inserter(results));
        return results;
    }

  private:
    void work() {
        for (auto index = next_++; index < request_.kernels.size() && !cancelled_; index = next_++) {
            results_[index] = test_kernel(request_.kernels[index]);
            for (const auto& result : results_[index]) {
                if (!cancelled_) observer_.finished(result);
            }
        }
    }

    std::vector<TestResult> test_kernel(const KernelSelector& kernel) {
        const auto tell = [&](std::string_view text) { observer_.step(kernel, text); };
        KernelRun run(kernel, request_.scenarios, tell);
        auto end = kernel.is_host() ? on_host(kernel, run) : in_machine(kernel, run);
        if (!end) return not_run(kernel, end.error());
        if (end->failure && end->failure->code == ErrorCode::cancelled) cancelled_ = true;
        const auto folder = kernel.id + "-" + std::string(model::to_string(kernel.arch));
        return run.finish(*end, request_.logs.empty() ? request_.logs : request_.logs / folder);
    }

    Result<RunEnd> on_host(const KernelSelector& kernel, KernelRun& run) {
        GADGET_TRY(check_inputs(kernel.arch));
        return run_on_host(request_, request_.runners.at(kernel.arch), run, cancel_);
    }

    Result<void> check_inputs(model::Arch arch) const {
        const std::string name(model::to_string(arch));
        if (!request_.objects.contains(arch)) {
            return Error{.code = ErrorCode::unsupported,
                         .message = "the gadget has no object for " + name,
                         .hint = "build it with '--arch " + name + "'",
                         .requirement = Requirement{name + " object", ""}};
        }
        const auto runner = request_.runners.find(arch);
        std::error_code ignored;
        if (runner == request_.runners.end() || !std::filesystem::exists(runner->second, ignored)) {
            return Error{.code = ErrorCode::unsupported,
                         .message = "there is no 'gadget-run' for " + name,
                         .hint = "it stands beside 'gadget' where GadgetKit was built for both architectures",
                         .requirement = Requirement{"gadget-run for " + name, ""}};
        }
        return {};
    }

    Result<RunEnd> in_machine(const KernelSelector& selector, KernelRun& run) {
        GADGET_TRY(check_inputs(selector.arch));
        FetchProgress progress(observer_, selector);
        KernelStore store(request_.cache);
        // Before a download; a stored kernel needs no look, starting the machine tells as well.
        if (!store.find(selector.id, selector.arch)) GADGET_TRY(check_machine(selector.arch, cancel_));
        GADGET_TRY_ASSIGN(const Kernel kernel, store.fetch(selector.id, selector.arch, progress, cancel_));
        GADGET_TRY_ASSIGN(const Bytes runner, read_file(request_.runners.at(selector.arch)));
        Job job = make_job(request_.scenarios, kGuestProgram, "/" + std::string(kGuestObject),
                           request_.manifest.empty() ? "" : "/" + std::string(kGuestManifest));
        job.nonce = make_nonce();
        std::vector<InitramfsFile> files{{kGuestObject, request_.objects.at(selector.arch)}};
        if (!request_.manifest.empty()) files.push_back({kGuestManifest, as_bytes(request_.manifest)});
        GADGET_TRY_ASSIGN(const Bytes initramfs, make_initramfs(kernel, runner, job, files));

        MachineRequest machine{.kernel = &kernel,
                               .initramfs = initramfs,
                               .nonce = job.nonce,
                               .memory_mib = request_.memory_mib,
                               .boot_timeout = request_.boot_timeout,
                               .run_timeout = run_timeout()};
        machine.kvm = accelerator_.use_kvm(selector.arch);
        if (machine.kvm) machine.boot_timeout = std::min(machine.boot_timeout, kKvmBootTimeout);
        auto end = boot(machine, selector, run);
        if (machine.kvm && end && !run.came_up() && end->failure &&
            end->failure->code == ErrorCode::boot_failed) {
            accelerator_.remember_broken();
            machine.kvm = false;
            machine.boot_timeout = request_.boot_timeout;
            end = boot(machine, selector, run);
        }
        return end;
    }

    Result<RunEnd> boot(const MachineRequest& machine, const KernelSelector& selector, KernelRun& run) {
        observer_.step(selector, machine.kvm ? "booting (KVM)" : "booting (emulated)");
        GADGET_TRY_ASSIGN(
            MachineEnd end,
            run_machine(machine, [&run](const Record& record) { return run.frame(record); }, cancel_));
        return RunEnd{std::move(end.failure), std::move(end.console), end.damaged_frames, end.lost_frames};
    }

    [[nodiscard]] milliseconds run_timeout() const {
        milliseconds total{10'000};
        for (const auto& scenario : request_.scenarios)
            total += milliseconds(scenario.timeout_seconds * 1000 + 15'000);
        return total;
    }

    std::vector<TestResult> not_run(const KernelSelector& kernel, const Error& error) {
        if (error.code == ErrorCode::cancelled) cancelled_ = true;
        std::vector<TestResult> results;
        for (const auto& scenario : request_.scenarios) {
            TestResult result{.scenario = scenario.name, .kernel = kernel, .outcome = Outcome::error};
            result.failure = error.code == ErrorCode::not_found || is_network(error)
                                 ? FailureClass::no_kernel
                                 : FailureClass::no_machine;
            result.message = error.message;
            result.suggestion = error.hint;
            if (error.code == ErrorCode::permission_denied && kernel.is_host()) {
                result.outcome = Outcome::skipped;
                result.failure = FailureClass::no_permission;
                result.message = "missing: " + error.message;
            }
            results.push_back(std::move(result));
        }
        return results;
    }

    static bool is_network(const Error& error) {
        return error.requirement && error.requirement->feature.find("mirror") != std::string::npos;
    }

    const TestRequest& request_;
    SharedObserver observer_;
    const CancelToken& cancel_;
    Accelerator accelerator_;
    std::vector<std::vector<TestResult>> results_;
    std::atomic<std::size_t> next_ = 0;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

Result<std::vector<TestResult>> run_tests(const TestRequest& request, TestObserver& observer,
                                          const CancelToken& cancel) {
    if (request.scenarios.empty() || request.kernels.empty()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = request.kernels.empty() ? "there is no kernel to test on"
                                                        : "there is no scenario to run"};
    }
    return Run(request, observer, cancel).all();
}

int exit_status(std::span<const TestResult> results) {
    const auto any = [&](std::initializer_list<FailureClass> classes) {
        return std::any_of(results.begin(), results.end(), [&](const TestResult& result) {
            const bool bad = result.outcome == Outcome::failed || result.outcome == Outcome::error;
            return bad && std::find(classes.begin(), classes.end(), result.failure) != classes.end();
        });
    };
    const auto any_outcome = [&](Outcome outcome) {
        return std::any_of(results.begin(), results.end(),
                           [&](const TestResult& result) { return result.outcome == outcome; });
    };
    if (any({FailureClass::timed_out})) return 7;
    if (any({FailureClass::guest_panic, FailureClass::out_of_memory})) return 6;
    if (any({FailureClass::boot_failed})) return 5;
    if (any({FailureClass::no_kernel, FailureClass::no_machine, FailureClass::no_permission})) return 3;
    if (any_outcome(Outcome::failed)) return 1;
    return any_outcome(Outcome::error) ? 4 : 0;
}

}  // namespace gadget::testkit
