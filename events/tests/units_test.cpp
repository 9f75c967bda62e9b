// SPDX-License-Identifier: Apache-2.0
#include "units.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>

#include <limits>
#include <random>
#include <string>

#include "numbers.h"

namespace gadget::events::detail {
namespace {

template <class Write, class... Value>
std::string text(Write write, Value... value) {
    char buffer[512];
    return std::string(buffer, write(buffer, value...));
}

TEST(WriteUnsigned, AgreesWithTheStandardLibrary) {
    std::mt19937_64 random(7);
    for (std::uint64_t value :
         {0ULL, 9ULL, 10ULL, 99ULL, 100ULL, 4294967295ULL, 4294967296ULL, 18446744073709551615ULL}) {
        EXPECT_EQ(text(write_unsigned, value), std::to_string(value));
    }
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t value = random() >> (random() % 64);
        ASSERT_EQ(text(write_unsigned, value), std::to_string(value));
        ASSERT_EQ(text(write_signed, static_cast<std::int64_t>(value)),
                  std::to_string(static_cast<std::int64_t>(value)));
    }
    for (const std::uint64_t power : kPowersOf10) {
        EXPECT_EQ(text(write_unsigned, power), std::to_string(power));
        EXPECT_EQ(text(write_unsigned, power - 1), std::to_string(power - 1));
    }
}

TEST(WriteSize, RoundsLikeTheGoLibrary) {
    EXPECT_EQ(text(write_size, std::uint64_t{0}), "0 B");
    EXPECT_EQ(text(write_size, std::uint64_t{999}), "999 B");
    EXPECT_EQ(text(write_size, std::uint64_t{1000}), "1.0 kB");
    EXPECT_EQ(text(write_size, std::uint64_t{1550}), "1.6 kB");
    EXPECT_EQ(text(write_size, std::uint64_t{82500}), "82 kB");
    EXPECT_EQ(text(write_size, std::uint64_t{83500}), "84 kB");
    EXPECT_EQ(text(write_size, std::uint64_t{82854982}), "83 MB");
    EXPECT_EQ(text(write_size, std::uint64_t{999999}), "1000 kB");
    EXPECT_EQ(text(write_size, std::numeric_limits<std::uint64_t>::max()), "18 EB");
}

TEST(WriteDuration, ChangesUnitWithSize) {
    EXPECT_EQ(text(write_duration, std::uint64_t{0}), "0ns");
    EXPECT_EQ(text(write_duration, std::uint64_t{999}), "999ns");
    EXPECT_EQ(text(write_duration, std::uint64_t{1500}), "1.50\xc2\xb5s");
    EXPECT_EQ(text(write_duration, std::uint64_t{2049999}), "2.05ms");
    EXPECT_EQ(text(write_duration, std::uint64_t{1500000000}), "1.5s");
    EXPECT_EQ(text(write_duration, std::uint64_t{63000000000}), "1m3s");
    EXPECT_EQ(text(write_duration, std::uint64_t{3600000000000}), "1h0m0s");
    EXPECT_EQ(text(write_duration, std::uint64_t{3661000000001}), "1h1m1.000000001s");
    EXPECT_EQ(text(write_duration, std::numeric_limits<std::uint64_t>::max()), "-1ns");
}

TEST(WriteFileMode, ShowsPermissionsOnly) {
    EXPECT_EQ(text(write_file_mode, 0100644U), "-rw-r--r--");
    EXPECT_EQ(text(write_file_mode, 0U), "----------");
    EXPECT_EQ(text(write_file_mode, 0777U), "-rwxrwxrwx");
}

TEST(WriteFileFlags, NamesAccessAndFlags) {
    using enum model::Arch;
    EXPECT_EQ(text(write_file_flags, 0U, amd64), "O_RDONLY");
    EXPECT_EQ(text(write_file_flags, 01101U, amd64), "O_WRONLY|O_CREAT|O_TRUNC");
    EXPECT_EQ(text(write_file_flags, 02U, arm64), "O_RDWR");
}

TEST(WriteFileFlags, KnowsTheBitsOfEachArchitecture) {
    using enum model::Arch;
    EXPECT_EQ(text(write_file_flags, 02200000U, amd64), "O_RDONLY|O_DIRECTORY|O_CLOEXEC");
    EXPECT_EQ(text(write_file_flags, 02040000U, arm64), "O_RDONLY|O_DIRECTORY|O_CLOEXEC");
    EXPECT_EQ(text(write_file_flags, 0140000U, amd64), "O_RDONLY|O_DIRECT|O_LARGEFILE");
    EXPECT_EQ(text(write_file_flags, 0600000U, arm64), "O_RDONLY|O_DIRECT|O_LARGEFILE");
}

TEST(WriteIpv6, AgreesWithTheCLibrary) {
    std::mt19937 random(11);
    for (int i = 0; i < 5000; ++i) {
        unsigned char address[16];
        for (unsigned char& byte : address)
            byte = random() % 3 == 0 ? static_cast<unsigned char>(random()) : 0;
        address[0] = 0x20;  // outside the forms that the C library writes with dots
        char expected[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, address, expected, sizeof expected);
        ASSERT_EQ(text(write_ipv6, static_cast<const unsigned char*>(address)), expected);
    }
    const unsigned char zero[16] = {};
    EXPECT_EQ(text(write_ipv6, zero + 0), "::");
    const unsigned char mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4};
    EXPECT_EQ(text(write_ipv6, mapped + 0), "1.2.3.4");
}

TEST(WriteDouble, StaysWithinItsRoom) {
    EXPECT_LE(text(write_double, std::numeric_limits<double>::denorm_min()).size(), kMaxUnit);
    EXPECT_LE(text(write_fixed, std::numeric_limits<double>::max(), 20).size(), kMaxUnit);
}

}  // namespace
}  // namespace gadget::events::detail
