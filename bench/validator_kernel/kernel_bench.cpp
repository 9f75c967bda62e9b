// SPDX-License-Identifier: Apache-2.0
// What one more kernel costs 'gadget validate --kernel', beside bpftool, which also relocates an object for
// the BTF of a kernel. In turns, several times each:
//   bpftool  bpftool gen min_core_btf BTF OUT OBJECT, as a process
//   check    the facts of the kernel from the cache, check_kernel(), report_kernels()
// Usage: validator_kernel_bench CACHE OBJECT ROUNDS KERNEL...; prints medians and ratios, exit status 1 when
// a ratio is beyond the limit, 3 when bpftool or a kernel is missing.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "gadget/support/subprocess.h"
#include "gadget/testkit/kernels.h"
#include "gadget/validator.h"

namespace {

using namespace gadget;
using Clock = std::chrono::steady_clock;

constexpr double kLimit = 1.5;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Job {
    std::filesystem::path cache;
    std::filesystem::path object;
    Bytes bytes;
    model::ObjectFacts facts;
    int rounds = 0;
};

Result<double> time_bpftool(const Job& job, const testkit::Kernel& kernel, const std::filesystem::path& out) {
    const auto start = Clock::now();
    GADGET_TRY_ASSIGN(const auto end,
                      run_command({.argv = {"bpftool", "gen", "min_core_btf", kernel.btf.string(),
                                            out.string(), job.object.string()}}));
    if (!end.status.success()) return Error{.code = ErrorCode::io, .message = "bpftool failed: " + end.err};
    return ms_since(start);
}

Result<double> time_check(const Job& job, const testkit::Kernel& kernel) {
    const auto start = Clock::now();
    GADGET_TRY_ASSIGN(const auto facts, testkit::kernel_facts(kernel, job.cache));
    GADGET_TRY_ASSIGN(const auto row, validator::check_kernel(job.bytes, job.facts, facts));
    DiagnosticList findings;
    validator::report_kernels(job.facts, {&row, 1}, findings);
    return ms_since(start);
}

Result<bool> measure(const Job& job, const testkit::Kernel& kernel) {
    GADGET_TRY_ASSIGN(const auto folder, TempDir::create("bench"));
    std::vector<double> bpftool;
    std::vector<double> check;
    GADGET_TRY(time_check(job, kernel));  // the first one fills the cache
    for (int i = 0; i < job.rounds; ++i) {
        GADGET_TRY_ASSIGN(const double theirs, time_bpftool(job, kernel, folder.path() / "min.btf"));
        GADGET_TRY_ASSIGN(const double ours, time_check(job, kernel));
        bpftool.push_back(theirs);
        check.push_back(ours);
    }
    const double ratio = median(check) / median(bpftool);
    std::printf("%-6s %-6s bpftool %7.1f ms   check %7.1f ms   ratio %.2f (limit %.1f)\n", kernel.id.c_str(),
                std::string(model::to_string(kernel.arch)).c_str(), median(bpftool), median(check), ratio,
                kLimit);
    return ratio <= kLimit;
}

int fail(const Error& error) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return 3;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(stderr, "usage: validator_kernel_bench CACHE OBJECT ROUNDS KERNEL...\n");
        return 2;
    }
    Job job{.cache = argv[1], .object = argv[2]};
    const std::string rounds = argv[3];
    std::from_chars(rounds.data(), rounds.data() + rounds.size(), job.rounds);
    job.rounds = std::max(job.rounds, 1);
    auto bytes = read_file(job.object);
    if (!bytes) return fail(bytes.error());
    job.bytes = *std::move(bytes);
    auto facts = validator::inspect(job.bytes, {.object_name = argv[2]});
    if (!facts) return fail(facts.error());
    job.facts = *std::move(facts);
    bool fine = true;
    const testkit::KernelStore store(job.cache);
    for (int i = 4; i < argc; ++i) {
        const auto kernel = store.find(argv[i], model::Arch::amd64);
        if (!kernel) return fail(kernel.error());
        const auto measured = measure(job, *kernel);
        if (!measured) return fail(measured.error());
        fine = fine && *measured;
    }
    return fine ? 0 : 1;
}
