// SPDX-License-Identifier: Apache-2.0
// What the test kit costs beside the boot that it cannot avoid. In turns, several times each:
//   raw      QEMU with the same kernel and machine, and an init that writes one line
//   first    run_tests() with one scenario, until the first test begins
//   whole    the same, until its result is there
//   further  each of ten more scenarios in the same machine, with a gadget that does nothing
//   memory   of the largest QEMU
// Usage: vm_bench CACHE RAW_INIT RUNNER [KERNEL] [ROUNDS]; prints medians with their bounds, exit status 1
// beyond one.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gadget/support/subprocess.h"
#include "gadget/testkit.h"
#include "machine.h"
#include "newc.h"

namespace {

using namespace gadget;
using namespace gadget::testkit;
using Clock = std::chrono::steady_clock;

constexpr double kLimitFirst = 1.15;   // times raw
constexpr double kLimitWhole = 1.5;    // times raw
constexpr double kLimitFurther = 150;  // ms
constexpr double kLimitMemory = 320;   // MiB
constexpr std::size_t kFurtherTests = 10;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// QEMU by hand, until "up" stands on its console.
Result<double> raw_boot(const Kernel& kernel, const Bytes& initramfs) {
    std::array<int, 2> console{};
    if (::pipe2(console.data(), O_CLOEXEC) != 0) return errno_error(errno, "pipe");
    const UniqueFd reader(console[0]);
    UniqueFd writer(console[1]);
    GADGET_TRY_ASSIGN(const UniqueFd file, memory_file("initramfs", initramfs));
    const MachineRequest request{.kernel = &kernel};
    SpawnOptions options;
    options.argv = qemu_command(request);
    // The same machine without the result port: that one is ours.
    const auto port = std::find_if(options.argv.begin(), options.argv.end(), [](const std::string& word) {
        return word.starts_with("virtio-serial-pci");
    });
    if (port == options.argv.end())
        return Error{.code = ErrorCode::internal, .message = "the machine has no result port any more"};
    options.argv.erase(port - 1, options.argv.end());
    options.fds = {{writer.get(), 1}, {file.get(), 3}};
    const auto start = Clock::now();
    GADGET_TRY_ASSIGN(Subprocess qemu, Subprocess::spawn(options));
    writer.reset();
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.find("up") == std::string::npos) {
        const auto count = ::read(reader.get(), buffer.data(), buffer.size());
        if (count <= 0) return Error{.code = ErrorCode::boot_failed, .message = "raw boot: " + text};
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return ms_since(start);
}

class FirstTest final : public TestObserver {
  public:
    void step(const KernelSelector&, std::string_view text) override {
        if (first < 0 && text.starts_with("running")) first = ms_since(start);
    }
    void finished(const TestResult&) override {}
    Clock::time_point start = Clock::now();
    double first = -1;
};

struct Times {
    std::vector<double> raw, first, whole, further;
};

/// The scenario `count` times; the observer knows when the first began.
Result<double> test_run(TestRequest request, std::size_t count, FirstTest& observer) {
    const Scenario scenario = request.scenarios.at(0);
    for (std::size_t i = 1; i < count; ++i) {
        request.scenarios.push_back(scenario);
        request.scenarios.back().name += std::to_string(i);
    }
    GADGET_TRY_ASSIGN(const auto results, run_tests(request, observer, CancelToken{}));
    const double whole = ms_since(observer.start);
    for (const auto& result : results) {
        if (result.outcome != Outcome::passed)
            return Error{.code = ErrorCode::internal, .message = result.scenario + ": " + result.message};
    }
    return whole;
}

Result<void> round(const Kernel& kernel, const Bytes& raw_initramfs, const TestRequest& request,
                   Times& times) {
    GADGET_TRY_ASSIGN(const double raw, raw_boot(kernel, raw_initramfs));
    FirstTest one;
    GADGET_TRY_ASSIGN(const double whole, test_run(request, 1, one));
    FirstTest many;
    GADGET_TRY_ASSIGN(const double all, test_run(request, 1 + kFurtherTests, many));
    // From the first test on: how long a boot took does not matter.
    const double further = ((all - many.first) - (whole - one.first)) / kFurtherTests;
    times.raw.push_back(raw);
    times.first.push_back(one.first);
    times.whole.push_back(whole);
    times.further.push_back(further);
    std::printf("raw %6.0f ms   first test %6.0f ms   whole test %6.0f ms   further test %6.1f ms\n", raw,
                one.first, whole, further);
    return {};
}

/// Prints a value with its bound; false beyond it.
bool judge(const char* name, double value, double limit, const char* unit) {
    std::printf("%-24s %8.2f %-4s (limit %.2f) %s\n", name, value, unit, limit,
                value <= limit ? "ok" : "BEYOND");
    return value <= limit;
}

Result<Times> measure(int argc, char** argv) {
    const std::string id = argc > 4 ? argv[4] : "6.12";
    const int rounds = argc > 5 ? std::atoi(argv[5]) : 5;
    NoProgress silent;
    KernelStore store(argv[1]);
    GADGET_TRY_ASSIGN(const Kernel kernel, store.fetch(id, model::host_arch(), silent, CancelToken{}));
    GADGET_TRY_ASSIGN(const Bytes init, read_file(argv[2]));
    NewcWriter archive;
    archive.directory("dev");
    archive.file("init", init, 0755);
    const Bytes initramfs = archive.finish();

    Scenario scenario{.name = "one", .file = "one", .params = {{"emit", "{}"}}};
    scenario.steps = {{"o", "open", {{"path", "${tmp}/x"}, {"error", "ENOENT"}}}};
    scenario.expectations.push_back({});
    TestRequest request{.gadget = "bench",
                        .objects = {},
                        .scenarios = {scenario},
                        .kernels = {{id, model::host_arch()}},
                        .cache = argv[1]};
    request.objects[model::host_arch()] = Bytes(16);
    request.runners[model::host_arch()] = argv[3];
    Times times;
    for (int i = 0; i < rounds; ++i) GADGET_TRY(round(kernel, initramfs, request, times));
    return times;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: vm_bench CACHE RAW_INIT RUNNER [KERNEL] [ROUNDS]\n");
        return 2;
    }
    const auto times = measure(argc, argv);
    if (!times) {
        std::fprintf(stderr, "vm_bench: %s\n", times.error().to_string().c_str());
        return 4;
    }
    const double raw = median(times->raw);
    rusage usage{};
    (void)::getrusage(RUSAGE_CHILDREN, &usage);
    bool good = judge("ratio vm-first-test", median(times->first) / raw, kLimitFirst, "");
    good &= judge("ratio vm-whole-test", median(times->whole) / raw, kLimitWhole, "");
    good &= judge("vm-further-test", median(times->further), kLimitFurther, "ms");
    good &= judge("vm-memory", static_cast<double>(usage.ru_maxrss) / 1024, kLimitMemory, "MiB");
    return good ? 0 : 1;
}
