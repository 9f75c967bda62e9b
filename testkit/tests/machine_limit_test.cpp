// SPDX-License-Identifier: Apache-2.0
#include "machine_limit.h"

#include <gtest/gtest.h>

#include <thread>

#include "gadget/support/files.h"

namespace gadget::testkit {
namespace {

TEST(MachinesAtOnce, AreBoundByCoresAndByMemory) {
    EXPECT_EQ(machines_at_once({.cores = 2, .memory_mib = 100'000}, 256), 2U);
    EXPECT_EQ(machines_at_once({.cores = 8, .memory_mib = 1000}, 256), 3U);
    EXPECT_EQ(machines_at_once({.cores = 8, .memory_mib = 1000}, 512), 1U);
    EXPECT_EQ(machines_at_once({.cores = 8, .memory_mib = 1}, 256), 1U);
    EXPECT_EQ(machines_at_once({.cores = 8, .memory_mib = 0}, 256), 8U);  // not known
}

class HostResourcesTest : public testing::Test {
  protected:
    void SetUp() override {
        auto folder = TempDir::create();
        ASSERT_TRUE(folder);
        folder_.emplace(std::move(*folder));
    }
    void put(const std::string& name, const std::string& text) const {
        const auto file = folder_->path() / name;
        ASSERT_TRUE(gadget::create_directories(file.parent_path()));
        ASSERT_TRUE(write_file_atomic(file, text));
    }
    [[nodiscard]] HostResources read() const { return host_resources(folder_->path()); }
    std::optional<TempDir> folder_;
};

TEST_F(HostResourcesTest, WithoutFilesAreTheCoresAlone) {
    EXPECT_EQ(read().cores, std::max(1U, std::thread::hardware_concurrency()));
    EXPECT_EQ(read().memory_mib, 0U);
}

TEST_F(HostResourcesTest, AreThoseOfTheControlGroupWhereItHasLess) {
    put("proc/meminfo", "MemTotal:       8192000 kB\nMemAvailable:   4096000 kB\n");
    EXPECT_EQ(read().memory_mib, 4000U);
    put("sys/fs/cgroup/memory.max", "max\n");
    put("sys/fs/cgroup/memory.current", "1048576\n");
    EXPECT_EQ(read().memory_mib, 4000U);
    put("sys/fs/cgroup/memory.max", "105906176\n");
    EXPECT_EQ(read().memory_mib, 100U);
    put("sys/fs/cgroup/memory.max", "1000\n");
    EXPECT_EQ(read().memory_mib, 1U);
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    EXPECT_EQ(read().cores, 1U);
}

TEST_F(HostResourcesTest, IgnoreWhatTheyDoNotUnderstand) {
    put("proc/meminfo", "MemAvailable: lots\n");
    for (const char* text : {"", "max 100000", "x y", "100000", "100000 0"}) {
        put("sys/fs/cgroup/cpu.max", text);
        EXPECT_EQ(read().cores, std::max(1U, std::thread::hardware_concurrency())) << text;
    }
    EXPECT_EQ(read().memory_mib, 0U);
}

}  // namespace
}  // namespace gadget::testkit
