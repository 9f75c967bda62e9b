// SPDX-License-Identifier: Apache-2.0
#include "names.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace gadget::events::detail {
namespace {

TEST(ErrnoName, AgreesWithTheCLibrary) {
    for (std::uint32_t number = 1; number < 134; ++number) {
        const char* name = strerrorname_np(static_cast<int>(number));
        EXPECT_EQ(errno_name(number), name == nullptr                          ? ""
                                      : std::string_view(name) == "EOPNOTSUPP" ? "ENOTSUP"
                                                                               : name)
            << number;
    }
    EXPECT_EQ(errno_name(0), "");
    EXPECT_EQ(errno_name(0xffffffff), "");
}

TEST(SignalName, AgreesWithTheCLibrary) {
    for (std::uint32_t number = 1; number < 32; ++number) {
        const char* name = sigabbrev_np(static_cast<int>(number));
        ASSERT_NE(name, nullptr);
        const std::string expected = std::string("SIG") + (std::string_view(name) == "POLL" ? "IO" : name);
        EXPECT_EQ(signal_name(number), expected);
    }
    EXPECT_EQ(signal_name(64), "");
}

TEST(SyscallName, DependsOnTheArchitecture) {
    EXPECT_EQ(syscall_name(model::Arch::amd64, 0), "SYS_READ");
    EXPECT_EQ(syscall_name(model::Arch::amd64, 257), "SYS_OPENAT");
    EXPECT_EQ(syscall_name(model::Arch::amd64, 435), "SYS_CLONE3");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 56), "SYS_OPENAT");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 63), "SYS_READ");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 25), "SYS_FCNTL");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 79), "SYS_NEWFSTATAT");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 84), "SYS_SYNC_FILE_RANGE");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 222), "SYS_MMAP");
    EXPECT_EQ(syscall_name(model::Arch::arm64, 403), "");  // clock_gettime64 is for 32-bit programs
    EXPECT_EQ(syscall_name(model::Arch::arm64, 435), "SYS_CLONE3");
    EXPECT_EQ(syscall_name(model::Arch::amd64, ~0ULL), "");
}

TEST(ProtocolName, KnowsTransportProtocols) {
    EXPECT_EQ(protocol_name(6), "TCP");
    EXPECT_EQ(protocol_name(17), "UDP");
    EXPECT_EQ(protocol_name(254), "");
}

}  // namespace
}  // namespace gadget::events::detail
