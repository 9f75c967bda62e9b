// SPDX-License-Identifier: Apache-2.0
// A user without root: which capabilities are enough, and which are named when they are missing.
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gadget_run.h"

namespace gadget::tests {
namespace {

constexpr unsigned kNobody = 65534;

/// This thread becomes nobody, who has these capabilities and passes them on.
bool become_nobody(const std::vector<unsigned>& capabilities) {
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::syscall(SYS_setgroups, 0, nullptr) != 0 ||
        ::syscall(SYS_setresgid, kNobody, kNobody, kNobody) != 0 ||
        ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0)
        return false;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    for (const unsigned capability : capabilities) {
        auto& word = data.at(capability / 32);
        word.permitted |= 1U << (capability % 32);
    }
    for (auto& word : data) word.effective = word.inheritable = word.permitted;
    if (::syscall(SYS_capset, &header, data.data()) != 0) return false;
    for (const unsigned capability : capabilities) {
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return false;
    }
    return true;
}

class Capabilities : public GadgetRun {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "missing: root, to give capabilities up";
        GadgetRun::SetUp();
        std::filesystem::permissions(file(""), std::filesystem::perms::all);
        // Before Linux 5.11 maps count as locked memory of their user.
        const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
        (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);
        // Debian's kernels want CAP_SYS_ADMIN for perf events, unless they are told otherwise.
        if (in_test_machine()) std::ofstream("/proc/sys/kernel/perf_event_paranoid") << 2;
    }

    CommandOutput run_with(const std::vector<unsigned>& capabilities) const {
        CommandOutput result;
        std::thread([&] {
            ASSERT_TRUE(become_nobody(capabilities)) << errno;
            auto output = run_command(
                {.argv = command({"-o", only("ring", "json"), "--count", "3", "--timeout", "120"})},
                std::chrono::minutes(3));
            ASSERT_TRUE(output) << output.error().to_string();
            result = std::move(*output);
        }).join();
        return result;
    }
};

TEST_F(Capabilities, BpfAndPerfmonAreEnough) {
    const auto result = run_with({CAP_BPF, CAP_PERFMON});
    if (result.err.find("the security policy of this kernel does not permit perf events") !=
        std::string::npos)
        GTEST_SKIP() << "missing: perf events for users with CAP_PERFMON";
    EXPECT_EQ(result.status.to_string(), "exit status 0") << result.err;
    EXPECT_EQ(lines_of(result.out).size(), 3U) << result.out;
}

TEST_F(Capabilities, WhatIsMissingIsNamed) {
    const auto bpf = run_with({CAP_BPF});
    EXPECT_EQ(bpf.status.code, 3) << bpf.err;
    EXPECT_NE(bpf.err.find("CAP_PERFMON, or root"), std::string::npos) << bpf.err;
    EXPECT_EQ(bpf.err.find("CAP_BPF"), std::string::npos) << bpf.err;
    const auto none = run_with({});
    EXPECT_EQ(none.status.code, 3) << none.err;
    EXPECT_NE(none.err.find("CAP_BPF and CAP_PERFMON, or root"), std::string::npos) << none.err;
}

}  // namespace
}  // namespace gadget::tests
