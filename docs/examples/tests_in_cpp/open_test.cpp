// SPDX-License-Identifier: Apache-2.0
// The gadget trace_open, tested from C++: what this process does must be what the gadget tells.
#include <fcntl.h>
#include <gadget/testkit/gtest.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace {

using namespace gadget::testkit;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::EndsWith;
using testing::Not;

class TraceOpen : public GadgetTest {
  protected:
    const std::string pid_ = std::to_string(::getpid());
};

TEST_F(TraceOpen, TellsWhyAnOpenFails) {
    GADGET_REQUIRE("tracepoint");
    ASSERT_TRUE(start({{"pid", pid_}}));
    ASSERT_EQ(::open("/nothing-here", O_RDONLY | O_CLOEXEC), -1);
    EXPECT_TRUE(eventually(Contains(
        AllOf(HasField("fname", "/nothing-here"), HasField("error", "ENOENT"), HasField("fd", -1)))));
    EXPECT_TRUE(stop());
    EXPECT_THAT(rows(), Each(HasField("proc.pid", ::getpid())));
}

TEST_F(TraceOpen, SeesEveryThread) {
    GADGET_REQUIRE("tracepoint");
    constexpr int kThreads = 8;
    ASSERT_TRUE(start({{"pid", pid_}}));
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([i] { (void)::open(("/missing-" + std::to_string(i)).c_str(), O_RDONLY); });
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < kThreads; ++i)
        EXPECT_TRUE(eventually(Contains(HasField("fname", EndsWith("-" + std::to_string(i))))));
    EXPECT_TRUE(stop());
}

TEST_F(TraceOpen, TellsNothingOfAnotherProcess) {
    GADGET_REQUIRE("tracepoint");
    ASSERT_TRUE(start({{"pid", "1"}}));
    (void)::open("/nothing-here", O_RDONLY | O_CLOEXEC);
    ASSERT_TRUE(stop());
    EXPECT_THAT(rows(), Not(Contains(HasField("fname", "/nothing-here"))));
}

}  // namespace
