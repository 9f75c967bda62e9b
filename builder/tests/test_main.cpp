// SPDX-License-Identifier: Apache-2.0
// main() of the builder's tests: the compiler processes are this executable, and no test may leave a process
// or a descriptor behind.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>

#include "gadget/builder.h"

namespace {

class LeakCheck final : public testing::EmptyTestEventListener {
  public:
    void OnTestStart(const testing::TestInfo&) override { before_ = open_descriptors(); }
    void OnTestEnd(const testing::TestInfo& info) override {
        EXPECT_EQ(open_descriptors(), before_) << info.name() << " leaves descriptors open";
        siginfo_t child{};
        const int result = ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT);
        EXPECT_TRUE(result == -1 && errno == ECHILD) << info.name() << " leaves a process behind";
    }

  private:
    static std::size_t open_descriptors() {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
            ++count;
        return count;
    }
    std::size_t before_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (gadget::builder::is_compiler_child(argc, argv))
        return gadget::builder::compiler_child_main(argc, argv);
    testing::InitGoogleTest(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(new LeakCheck);  // owned by the list
    return RUN_ALL_TESTS();
}
