// SPDX-License-Identifier: Apache-2.0
#include "gadget/runtime/values.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace gadget::runtime {
namespace {

struct Sample {
    std::uint32_t pid;
    std::uint16_t port;
    std::uint16_t padding;
    friend bool operator==(const Sample&, const Sample&) = default;
};

TEST(Values, ThereAndBackAgain) {
    const Sample sample{1, 2, 0};
    Bytes bytes = to_bytes(sample);
    EXPECT_EQ(bytes.size(), sizeof(sample));
    EXPECT_EQ(from_bytes<Sample>(bytes), sample);
    bytes.resize(bytes.size() + 4);
    EXPECT_EQ(from_bytes<Sample>(bytes), sample) << "records are padded";
}

TEST(Values, TooFewBytesAreNoValue) {
    const Bytes bytes(sizeof(Sample) - 1);
    EXPECT_EQ(from_bytes<Sample>(bytes), std::nullopt);
    EXPECT_EQ(from_bytes<std::uint8_t>(std::span<const std::byte>()), std::nullopt);
}

TEST(Values, EachCpuTakesAMultipleOfEight) {
    const std::array<std::uint64_t, 3> element{7, 8, 9};
    EXPECT_EQ(cpu_values<std::uint64_t>(std::as_bytes(std::span(element))),
              (std::vector<std::uint64_t>{7, 8, 9}));
    EXPECT_EQ(cpu_values<std::uint32_t>(std::as_bytes(std::span(element))),
              (std::vector<std::uint32_t>{7, 8, 9}));
    EXPECT_EQ(cpu_values<Sample>(std::as_bytes(std::span(element).first(1))).size(), 1U);
    EXPECT_TRUE(cpu_values<std::uint64_t>(std::as_bytes(std::span(element)).first(7)).empty());
}

}  // namespace
}  // namespace gadget::runtime
