// SPDX-License-Identifier: Apache-2.0
// Every program of bpf-api/tests in real kernels: the verifier takes them, and those that check themselves
// return 0. Together they use every macro, type and function of the headers (unit.ApiCoverage.* sees to
// that), so each header is known to work on each of these kernels, or is refused there for the reason that is
// written down here.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "api_pack.h"
#include "gadget/support/text.h"
#include "gadget/testkit.h"
#include "machine.h"
#include "test_cache.h"

namespace gadget::testkit {
namespace {

/// What a kernel must refuse. A kernel that takes it all the same is a failure as well: the list would be
/// wrong.
struct Refusal {
    std::string_view name;
    std::string_view kernel;
    std::string_view reason;
    std::string_view message;  ///< what the refusal says, in part
};
constexpr std::string_view kNoProfiler =
    "the profiler has no entry for tracepoints, and asking for it is to fail";
constexpr std::string_view kTracepoint = "program 'from_tracepoint'";
constexpr std::array kRefusals{
    Refusal{"bpf_helpers_iterators", "6.1", "open-coded iterators are functions of Linux 6.4 and newer",
            "program 'with_other_names'"},
    Refusal{"user_stack_map, with the profiler", "6.1", kNoProfiler, kTracepoint},
    Refusal{"user_stack_map, with the profiler", "6.12", kNoProfiler, kTracepoint},
};

/// A program with parameters that a user may set: what the verifier removes by default is verified as well.
struct Variant {
    std::string_view program;
    std::string_view name;
    std::array<std::string_view, 6> settings;
};
constexpr std::array kVariants{
    Variant{"mntns_filter", "mntns_filter, set", {"gadget_filter_by_mntns=1/1"}},
    Variant{"filter",
            "filter, set",
            {"gadget_filter_by_mntns=1/1", "targ_pid=1/4", "targ_tid=1/4", "targ_uid=0/4", "targ_gid=0/4",
             "targ_comm=97/16"}},
    Variant{"sockets_map_networking",
            "sockets_map_networking, set",
            {"gadget_filter_by_mntns=1/1", "targ_pid=1/4", "targ_tid=1/4", "targ_uid=0/4", "targ_gid=0/4",
             "targ_comm=97/16"}},
    Variant{"user_stack_map", "user_stack_map, set", {"collect_ustack=1/1", "collect_build_id=1/1"}},
    Variant{"user_stack_map",
            "user_stack_map, with the profiler",
            {"collect_ustack=1/1", "collect_build_id=1/1", "collect_otel_stack=1/1"}},
};

/// A map whose size userspace chooses: the object says 0.
constexpr std::string_view kSizedMap = "ig_build_id";

class Quiet final : public TestObserver {
  public:
    void step(const KernelSelector&, std::string_view) override {}
    void finished(const TestResult&) override {}
};

const Refusal* refusal(std::string_view name, std::string_view kernel) {
    const auto* found = std::find_if(kRefusals.begin(), kRefusals.end(), [&](const Refusal& one) {
        return one.name == name && one.kernel == kernel;
    });
    return found == kRefusals.end() ? nullptr : found;
}

Scenario scenario(std::string_view program, std::string_view name, std::string_view kernel) {
    Scenario result{.name = std::string(name), .file = "bpf_api_test.cpp"};
    result.params.emplace_back("object", program);
    if (program.starts_with("user_stack_map")) result.params.emplace_back("sized-map", kSizedMap);
    if (program.starts_with("sockets_map")) result.params.emplace_back("socket-layout", "yes");
    result.timeout_seconds = 60;  // the heaviest programs, in an emulated machine
    const Refusal* known = refusal(name, kernel);
    if (known != nullptr) result.params.emplace_back("refusal", known->message);
    // One row, with any outcome, ends the test; and it has the right one.
    result.expectations.push_back(
        {.fields = {{.field = "outcome", .kind = FieldMatch::Kind::regex, .values = {".+"}}}});
    result.expectations.push_back(
        {.fields = {{.field = "outcome",
                     .kind = FieldMatch::Kind::not_equals,
                     .values = {known == nullptr ? "loaded" : "refused as expected"}}},
         .minimum = 0,
         .maximum = 0});
    return result;
}

class BpfApiTest : public testing::TestWithParam<KernelSelector> {};

TEST_P(BpfApiTest, EveryProgramLoadsOrIsRefusedForAKnownReason) {
    const KernelSelector& kernel = GetParam();
    const CancelToken never{};
    if (const auto qemu = check_machine(kernel.arch, never); !qemu)
        GTEST_SKIP() << "missing: " << qemu.error().requirement->feature;
    NoProgress silent;
    KernelStore store(cache_folder());
    const auto fetched = store.fetch(kernel.id, kernel.arch, silent, never);
    if (!fetched && fetched.error().requirement)
        GTEST_SKIP() << "missing: " << fetched.error().requirement->feature;
    ASSERT_TRUE(fetched) << fetched.error().to_string();

    TestRequest request;
    request.gadget = "bpf_api";
    const std::filesystem::path loader =
        kernel.arch == model::host_arch() ? BPF_API_LOADER : BPF_API_OTHER_LOADER;
    if (!std::filesystem::exists(loader))
        GTEST_SKIP() << "missing: bpf_api_loader for " << model::to_string(kernel.arch)
                     << " (./dev test compiles it)";
    request.runners[kernel.arch] = loader;
    request.kernels = {kernel};
    request.cache = cache_folder();
    request.memory_mib = 768;  // one map of gadget/sockets-map.h alone takes 140 MiB
    Bytes& pack = request.objects[kernel.arch];
    for (const auto program : split(BPF_API_PROGRAMS, ',')) {
        const auto path = std::filesystem::path(BPF_API_OBJECTS) / program /
                          (std::string(model::to_string(kernel.arch)) + ".bpf.o");
        const auto object = read_file(path);
        ASSERT_TRUE(object) << object.error().to_string();
        vm_tests::append_object(pack, program, *object);
        request.scenarios.push_back(scenario(program, program, kernel.id));
    }
    for (const auto& variant : kVariants) {
        auto& added = request.scenarios.emplace_back(scenario(variant.program, variant.name, kernel.id));
        for (const auto setting : variant.settings) {
            if (!setting.empty()) added.params.emplace_back("set", setting);
        }
    }
    ASSERT_FALSE(request.scenarios.empty());

    const auto logs = TempDir::create("bpf_api");
    ASSERT_TRUE(logs) << logs.error().to_string();
    request.logs = logs->path();
    Quiet quiet;
    const auto results = run_tests(request, quiet, never);
    ASSERT_TRUE(results) << results.error().to_string();
    EXPECT_EQ(results->size(), request.scenarios.size());
    for (const auto& result : *results) {
        EXPECT_EQ(result.outcome, Outcome::passed)
            << result.scenario << " on " << result.release << ": " << result.message;
        if (result.outcome == Outcome::passed) continue;
        for (const auto& log : result.logs) {
            const auto text = read_text_file(log);
            if (text) ADD_FAILURE() << log.filename() << ":\n" << *text;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Kernels, BpfApiTest,
                         testing::Values(KernelSelector{"6.1", model::Arch::amd64},
                                         KernelSelector{"6.12", model::Arch::amd64},
                                         KernelSelector{"6.12", model::Arch::arm64}),
                         [](const auto& kernel) {
                             std::string name = kernel.param.to_string();
                             std::replace_if(
                                 name.begin(), name.end(), [](char c) { return c == '/' || c == '.'; }, '_');
                             return name;
                         });

}  // namespace
}  // namespace gadget::testkit
