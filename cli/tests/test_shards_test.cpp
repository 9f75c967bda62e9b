// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "cmd_test.h"

namespace gadget::cli {
namespace {

std::vector<testkit::KernelSelector> kernels() {
    return {{"5.10", model::Arch::amd64},
            {"5.10", model::Arch::arm64},
            {"6.1", model::Arch::amd64},
            {"6.1", model::Arch::arm64},
            {"host", model::Arch::amd64}};
}

TEST(Shards, TogetherHaveEveryKernelOnce) {
    for (const std::size_t count : {1U, 2U, 3U, 7U}) {
        std::multiset<std::string> seen;
        for (std::size_t i = 1; i <= count; ++i) {
            const auto part = shard_of(std::to_string(i) + "/" + std::to_string(count), kernels());
            ASSERT_TRUE(part);
            for (const auto& kernel : *part) seen.insert(kernel.to_string());
        }
        EXPECT_EQ(seen.size(), kernels().size());
        EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), kernels().size());
    }
    EXPECT_EQ(shard_of("", kernels())->size(), 5U);
}

TEST(Shards, OthersAreRefused) {
    for (const char* word : {"0/3", "4/3", "1", "1/", "/3", "a/b", "1/0", "1/3x", "-1/3"}) {
        const auto part = shard_of(word, kernels());
        ASSERT_FALSE(part) << word;
        EXPECT_EQ(part.error().code, ErrorCode::invalid_argument);
    }
}

TEST(Matrix, IsWhatGithubTakes) {
    EXPECT_EQ(
        github_matrix({{"6.1", model::Arch::amd64}, {"6.1", model::Arch::arm64}}),
        "{\"include\":[{\"kernel\":\"6.1\",\"arch\":\"amd64\"},{\"kernel\":\"6.1\",\"arch\":\"arm64\"}]}\n");
}

}  // namespace
}  // namespace gadget::cli
