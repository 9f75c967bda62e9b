// SPDX-License-Identifier: Apache-2.0
#include "kernel_session.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "gadget/support/text.h"
#include "host_run.h"

namespace gadget::testkit {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kKvmBootTimeout{15'000};

class FetchProgress final : public Progress {
  public:
    explicit FetchProgress(const Tell& tell) : tell_(tell) {}
    void step(std::string_view text) override { tell_(text); }
    void update(std::uint64_t, std::uint64_t) override {}

  private:
    const Tell& tell_;
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

Result<RunEnd> in_machine(const KernelSelector& selector, const KernelPlace& place, Cargo& cargo,
                          const FrameHandler& handler, const Tell& tell, const CancelToken& cancel) {
    FetchProgress progress(tell);
    KernelStore store(place.cache);
    // Before a download; a stored kernel needs no look, starting the machine tells as well.
    if (!store.find(selector.id, selector.arch)) GADGET_TRY(check_machine(selector.arch, cancel));
    GADGET_TRY_ASSIGN(const Kernel kernel, store.fetch(selector.id, selector.arch, progress, cancel));
    GADGET_TRY_ASSIGN(const Bytes runner, read_file(place.runners.at(selector.arch)));
    const Job job = at_place(std::move(cargo.job), "/gadgetkit", kGuestProgram);
    for (auto& file : cargo.files) {
        if (!file.name.starts_with('/')) file.name.insert(0, "gadgetkit/");
    }
    GADGET_TRY_ASSIGN(const Bytes initramfs, make_initramfs(kernel, runner, job, cargo.files));

    MachineRequest machine{.kernel = &kernel,
                           .initramfs = initramfs,
                           .nonce = job.nonce,
                           .memory_mib = place.memory_mib,
                           .boot_timeout = place.boot_timeout,
                           .run_timeout = cargo.limit,
                           .debug = place.debug};
    bool came_up = false;
    const FrameHandler watch = [&](const Record& record) {
        came_up = true;
        return handler(record);
    };
    const auto boot = [&]() -> Result<RunEnd> {
        tell(machine.kvm ? "booting (KVM)" : "booting (emulated)");
        GADGET_TRY_ASSIGN(MachineEnd end, run_machine(machine, watch, cancel));
        return RunEnd{std::move(end.failure), std::move(end.console), end.damaged_frames, end.lost_frames};
    };
    const Accelerator accelerator(place.cache);
    machine.kvm = accelerator.use_kvm(selector.arch);
    if (!machine.kvm) return boot();
    machine.boot_timeout = std::min(machine.boot_timeout, kKvmBootTimeout);
    auto end = boot();
    const bool failed = end && !came_up && end->failure && end->failure->code == ErrorCode::boot_failed;
    if (!failed) return end;
    accelerator.remember_broken();
    machine.kvm = false;
    machine.boot_timeout = place.boot_timeout;
    return boot();
}

}  // namespace

Result<std::vector<std::string>> machine_command(const KernelSelector& selector, const KernelPlace& place,
                                                 Cargo cargo, const std::filesystem::path& initramfs,
                                                 const CancelToken& cancel) {
    if (selector.is_host()) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "the host is no machine: there is no command line"};
    }
    GADGET_TRY(check_runner(place.runners, selector.arch));
    NoProgress silent;
    GADGET_TRY_ASSIGN(const Kernel kernel,
                      KernelStore(place.cache).fetch(selector.id, selector.arch, silent, cancel));
    GADGET_TRY_ASSIGN(const Bytes runner, read_file(place.runners.at(selector.arch)));
    cargo.job.program = "@program";
    cargo.job.nonce = make_nonce();
    for (auto& file : cargo.files) {
        if (!file.name.starts_with('/')) file.name.insert(0, "gadgetkit/");
    }
    GADGET_TRY_ASSIGN(
        const Bytes archive,
        make_initramfs(kernel, runner, at_place(std::move(cargo.job), "/gadgetkit", kGuestProgram),
                       cargo.files));
    GADGET_TRY(write_file_atomic(initramfs, archive));
    MachineRequest machine{.kernel = &kernel, .memory_mib = place.memory_mib, .debug = place.debug};
    machine.debug.initramfs = initramfs;
    return qemu_command(machine);
}

Job at_place(Job job, const std::string& folder, const std::string& program) {
    const auto place = [&](std::string& text) {
        if (text.starts_with("@/")) text.replace(0, 1, folder);
        if (text == "@program") text = program;
    };
    place(job.program);
    for (auto& test : job.tests) {
        place(test.object);
        place(test.manifest);
        place(test.recording);
        for (auto& word : test.argv) place(word);
        for (auto& variable : test.environment) {
            const auto equals = variable.find('=') + 1;
            auto value = variable.substr(equals);
            place(value);
            variable.replace(equals, std::string::npos, value);
        }
    }
    return job;
}

Result<void> check_runner(const std::map<model::Arch, std::filesystem::path>& runners, model::Arch arch) {
    const std::string name(model::to_string(arch));
    const auto runner = runners.find(arch);
    std::error_code ignored;
    if (runner != runners.end() && std::filesystem::exists(runner->second, ignored)) return {};
    return Error{.code = ErrorCode::unsupported,
                 .message = "there is no 'gadget-run' for " + name,
                 .hint = "it stands beside 'gadget' where GadgetKit was built for both architectures",
                 .requirement = Requirement{"gadget-run for " + name, ""}};
}

Result<RunEnd> run_on_kernel(const KernelSelector& kernel, const KernelPlace& place, Cargo cargo,
                             const FrameHandler& handler, const Tell& tell, const CancelToken& cancel) {
    GADGET_TRY(check_runner(place.runners, kernel.arch));
    cargo.job.program = "@program";
    cargo.job.nonce = make_nonce();
    if (!kernel.is_host()) return in_machine(kernel, place, cargo, handler, tell, cancel);
    return run_on_host({.runner = place.runners.at(kernel.arch),
                        .job = std::move(cargo.job),
                        .files = std::move(cargo.files),
                        .limit = cargo.limit},
                       handler, cancel);
}

}  // namespace gadget::testkit
