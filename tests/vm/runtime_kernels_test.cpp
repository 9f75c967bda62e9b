// SPDX-License-Identifier: Apache-2.0
// The tests of runtime-min on this kernel and in machines with others. What ran where is kept in
// RESULTS_FOLDER; the table in docs/ is made of that.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>

#include "gadget/support/subprocess.h"
#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "machine.h"
#include "module_order.h"
#include "newc.h"

namespace gadget::testkit {
namespace {

using namespace std::chrono_literals;

std::filesystem::path cache_folder() {
    const char* const given = std::getenv("GADGET_CACHE");
    if (given != nullptr && *given != '\0') return given;
    const char* const home = std::getenv("HOME");
    return std::filesystem::path(home == nullptr ? "/tmp" : home) / ".cache/gadgetkit";
}

/// What network tests attach to, where it is not built in.
constexpr std::array<std::string_view, 5> kModules{"sch_ingress", "cls_bpf", "act_bpf", "veth", "tun"};
/// Loaded or not, a machine gets there; what never ends is the only failure.
constexpr std::chrono::milliseconds kPatience = 1200s;

/// GADGET_STRESS=full: only the tests that repeat, with every cycle and record. Up to an hour when emulated.
bool stress_is_full() {
    const char* const wish = std::getenv("GADGET_STRESS");
    return wish != nullptr && std::string_view(wish) == "full";
}

/// Without the one of four threads, whose uprobes take hours to go where nothing is real.
constexpr const char* kRepeating = "--gtest_filter=*Case082*:Stress.Case018*:Killed*";

Result<Bytes> machine_archive(const Kernel& kernel, const std::filesystem::path& program) {
    GADGET_TRY_ASSIGN(const Bytes init, read_file(program));
    NewcWriter archive;
    for (const auto* folder : {"dev", "proc", "sys", "tmp", "run", "machine", "modules"})
        archive.directory(folder);
    archive.file("init", init, 0755);
    std::string modules;
    if (!kernel.modules.empty()) {
        GADGET_TRY_ASSIGN(const auto order, order_modules(kernel.modules, kModules));
        for (const auto& path : order) {
            GADGET_TRY_ASSIGN(const Bytes module, read_file(path));
            const std::string name = "modules/" + path.filename().string();
            archive.file(name, module);
            modules += "/" + name + "\n";
        }
    }
    archive.file("machine/modules", as_bytes(modules));
    if (stress_is_full()) archive.file("machine/arguments", as_bytes(std::string_view(kRepeating)));
    return archive.finish();
}

Result<void> run_to_file(const std::vector<std::string>& argv, std::vector<FdMapping> fds,
                         const std::filesystem::path& output, std::chrono::milliseconds timeout) {
    const UniqueFd file(open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return errno_error(errno, "writing '" + output.string() + "'");
    fds.push_back({file.get(), 1});
    fds.push_back({file.get(), 2});
    GADGET_TRY_ASSIGN(Subprocess process, Subprocess::spawn({.argv = argv, .fds = fds}));
    GADGET_TRY(process.wait(timeout));
    return {};
}

Result<void> run_in_machine(const Kernel& kernel, const std::filesystem::path& program,
                            const std::filesystem::path& output) {
    GADGET_TRY_ASSIGN(const Bytes archive, machine_archive(kernel, program));
    const UniqueFd memory(memfd_create("initramfs", MFD_CLOEXEC));
    if (write(memory.get(), archive.data(), archive.size()) != static_cast<ssize_t>(archive.size()))
        return errno_error(errno, "writing the initramfs");
    std::array<int, 2> port{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, port.data()) != 0)
        return errno_error(errno, "socketpair");
    const UniqueFd ours(port[0]);
    const UniqueFd theirs(port[1]);
    MachineRequest request;
    request.kernel = &kernel;
    request.memory_mib = 768;
    std::vector<std::string> argv = qemu_command(request);
    for (std::size_t i = 0; i + 1 < argv.size(); ++i) {
        if (argv[i] == "-append")
            argv[i + 1] += stress_is_full() ? " lsm=bpf GADGET_STRESS=full" : " lsm=bpf";
        // A precaution: with a thread for each CPU, Linux 7 was seen to end with "Oops: int3" when
        // tracepoints come and go quickly. The cause is not known; a translation that outlives code which the
        // kernel patches would explain it, and cannot happen on one thread.
        if (argv[i] == "-accel" && argv[i + 1] == "tcg") argv[i + 1] += ",thread=single";
    }
    argv.insert(argv.end(), {"-smp", "2"});
    return run_to_file(argv, {{memory.get(), 3}, {theirs.get(), 4}}, output,
                       stress_is_full() ? 6 * kPatience : kPatience);
}

struct Place {
    const char* kernel;
    model::Arch arch;
};

class RuntimeOnKernel : public testing::TestWithParam<Place> {};

TEST_P(RuntimeOnKernel, EveryTestThatCanRunPasses) {
    const Place place = GetParam();
    const bool host = std::string_view(place.kernel) == "host";
    const bool cross = place.arch != model::host_arch();
    const std::filesystem::path program(cross ? OTHER_PROGRAM : PROGRAM);
    if (!std::filesystem::exists(program))
        GTEST_SKIP() << "missing: '" << program.string() << "', see tests/kernel/README.md";
    std::filesystem::create_directories(RESULTS_FOLDER);
    const std::string name = std::string(place.kernel) + "-" + std::string(model::to_string(place.arch));
    const auto output =
        std::filesystem::path(RESULTS_FOLDER) / (name + (stress_is_full() ? "+stress.log" : ".log"));
    if (host) {
        const auto ran = run_to_file({program.string(), stress_is_full() ? kRepeating : "--gtest_filter=*"},
                                     {}, output, 3 * kPatience);
        ASSERT_TRUE(ran) << ran.error().to_string();
        // One case is about functions that an executable imports, which takes one that is linked.
        const auto linked =
            run_to_file({LINKED_PROGRAM, "--gtest_filter=*Case098*"}, {},
                        std::filesystem::path(RESULTS_FOLDER) / (name + "+linked.log"), kPatience);
        ASSERT_TRUE(linked) << linked.error().to_string();
    } else {
        NoProgress silent;
        if (const auto qemu = check_machine(place.arch, {}); !qemu)
            GTEST_SKIP() << "missing: " << qemu.error().requirement->feature;
        const auto kernel = KernelStore(cache_folder()).fetch(place.kernel, place.arch, silent, {});
        if (!kernel && kernel.error().requirement)
            GTEST_SKIP() << "missing: " << kernel.error().requirement->feature;
        ASSERT_TRUE(kernel) << kernel.error().to_string();
        const auto ran = run_in_machine(*kernel, program, output);
        EXPECT_TRUE(ran) << ran.error().to_string();
    }
    std::ifstream log(output);
    std::size_t passed = 0;
    std::size_t count = 0;
    bool ended = false;
    for (std::string line; std::getline(log, line);) {
        const auto words = split(trim(std::string_view(line)), ' ');
        if (words.size() >= 3 && words[0] == "@case") {
            ++count;
            passed += words[2] == "ok";
            EXPECT_NE(words[2], "failed") << line;
        }
        if (words.size() == 2 && words[0] == "@end") ended = words[1] == std::to_string(count);
    }
    EXPECT_TRUE(ended) << "the tests did not come to their end, see " << output;
    EXPECT_GE(passed, stress_is_full() ? 3U : 100U);
}

INSTANTIATE_TEST_SUITE_P(Case, RuntimeOnKernel,
                         testing::Values(Place{"host", model::host_arch()}, Place{"5.10", model::Arch::amd64},
                                         Place{"6.1", model::Arch::amd64}, Place{"6.12", model::Arch::amd64},
                                         Place{"7.3", model::Arch::amd64}, Place{"6.12", model::Arch::arm64}),
                         [](const auto& parameter) {
                             std::string name = std::string(parameter.param.kernel) + "_" +
                                                std::string(model::to_string(parameter.param.arch));
                             std::ranges::replace(name, '.', '_');
                             return name;
                         });

}  // namespace
}  // namespace gadget::testkit
