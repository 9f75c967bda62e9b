// SPDX-License-Identifier: Apache-2.0
// What the tests against the running kernel share: embedded objects, hooks that fire on demand, counts of
// what is open.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "gadget/runtime.h"
#include "gadget/support/files.h"

namespace gadget::runtime {

/// The embedded object `name` ("fire", "perf", ...).
Bytes object_bytes(const std::string& name);

template <class T>
Bytes bytes_of(const T& value) {
    return to_bytes(value);
}

/// A value of zeroes when there are too few bytes.
template <class T>
T value_of(std::span<const std::byte> bytes) {
    return from_bytes<T>(bytes).value_or(T{});
}

/// Indexes into the map `hits` of fire.bpf.c.
enum Hit : std::uint32_t { kHitTracepoint, kHitRaw, kHitBtf, kHitUprobe, kHitUretprobe, kHitPerfEvent };

/// A record of the ring buffer `events` of fire.bpf.c.
struct FireRecord {
    std::uint64_t argument;
    std::uint32_t tgid;
    std::uint32_t start;
    char label[8];
};

/// A spec of an embedded object, with constants so that it watches this process only.
ManagerSpec spec_of(const std::string& object);
ProbeSpec probe(std::string program, AttachTarget target = {}, std::string uid = {});

/// Makes the hooks of fire.bpf.c fire: `count` calls of getpgid(argument).
void fire(unsigned count = 1, long argument = 1);
/// The value of map[index].
std::uint64_t count_of(const Manager& manager, std::uint32_t index, const std::string& map = "hits");

/// Open descriptors of this process.
std::size_t open_fds();
/// True when the kernel knows the program.
bool program_exists(std::uint32_t id);
bool map_exists(std::uint32_t id);
/// Waits until the kernel, which frees in the background, has let go of it; false after minutes.
bool program_goes(std::uint32_t id);
bool map_goes(std::uint32_t id);

/// A Manager of the spec, loaded.
Result<Manager> init_manager(ManagerSpec spec);
/// And running.
Result<Manager> start_manager(ManagerSpec spec);

/// Counts one system call of this process from now on.
class SyscallCount {
  public:
    explicit SyscallCount(long number);
    [[nodiscard]] bool works() const { return manager_.has_value(); }
    /// Calls since the last time; reading takes some bpf() itself.
    std::uint64_t take();

  private:
    Result<Manager> manager_;
    std::uint64_t before_ = 0;
};

/// A bpf file system of its own in a temporary folder.
struct BpfFs {
    std::optional<TempDir> folder;
    bool mounted = false;

    BpfFs();
    ~BpfFs();
    [[nodiscard]] std::filesystem::path operator/(const char* name) const { return folder->path() / name; }
};

/// True in a machine without hardware of its own, where everything takes many times as long.
bool kernel_is_emulated();

/// True when GADGET_STRESS=full asks for every cycle and record: minutes, not seconds.
bool stress_is_full();

/// True when this kernel is older.
bool kernel_before(int major, int minor);

/// Runs `work` in a child process and waits for it; true when it returned true.
bool in_child(const std::function<bool()>& work);

/// The function that uprobes of the tests hook.
extern "C" int gadget_test_target(int value);
extern "C" int gadget_test_target_with_a_name_that_is_longer_than_an_event_may_be_called(int value);
/// Calls the functions gadget_many_00() to gadget_many_99() once each; returns 100.
int call_hundred();
/// Passes the USDT probe gadgetkit:tested with this argument.
extern "C" void gadget_test_usdt(long value);
/// Hooks gadget_test_target() of this executable.
UserFunction own_function(std::string symbol = "gadget_test_target");

/// Skips everything where programs cannot be loaded at all.
class KernelTest : public testing::Test {
  protected:
    void SetUp() override;
};

/// Skips with the requirement's name when the error says that this kernel lacks something.
#define GADGET_SKIP_IF_UNSUPPORTED(result)                                                                  \
    do {                                                                                                    \
        if (!(result) && (result).error().requirement && (result).error().code == ErrorCode::unsupported) { \
            GTEST_SKIP() << "missing: " << (result).error().requirement->feature;                           \
        }                                                                                                   \
    } while (false)

#define EXPECT_OK(result)                                                                  \
    do {                                                                                   \
        const auto& expect_ok_result = (result);                                           \
        EXPECT_TRUE(expect_ok_result.has_value()) << expect_ok_result.error().to_string(); \
    } while (false)

/// A running Manager of the spec, in a variable of this name.
#define START_OR_SKIP(manager, spec)                \
    auto manager = Manager::create(spec);           \
    ASSERT_OK(manager);                             \
    {                                               \
        const auto init_result = manager->init();   \
        GADGET_SKIP_IF_UNSUPPORTED(init_result);    \
        ASSERT_OK(init_result);                     \
        const auto start_result = manager->start(); \
        GADGET_SKIP_IF_UNSUPPORTED(start_result);   \
        ASSERT_OK(start_result);                    \
    }

#define ASSERT_OK(result)                                                                  \
    do {                                                                                   \
        const auto& assert_ok_result = (result);                                           \
        ASSERT_TRUE(assert_ok_result.has_value()) << assert_ok_result.error().to_string(); \
    } while (false)

}  // namespace gadget::runtime
