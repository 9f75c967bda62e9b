// SPDX-License-Identifier: Apache-2.0
// Names that tell who made what stays in the kernel, and who may remove it.
#include "owner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>

#include "gadget/support/files.h"
#include "tracefs.h"

namespace gadget::runtime {
namespace {

const Owner kSomebody{4711, 0x1f3a, 0xfffffc};

TEST(EventNames, Case091_ShortLongAndTooLong) {
    EXPECT_EQ(event_name({false, "do_open", "uid", kSomebody, 0}).value_or(""),
              "p_do_open_uid_4711_1f3a_fffffc_0");
    EXPECT_EQ(event_name({true, "do.open:x", "", kSomebody, 7}).value_or(""),
              "r_do_open_x_4711_1f3a_fffffc_7");
    const std::string symbol(200, 'x');
    const auto cut = event_name({false, symbol, "uid", kSomebody, 0});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->size(), kMaxEventName);
    EXPECT_TRUE(cut->ends_with("x_uid_4711_1f3a_fffffc_0"));
    const auto refused = event_name({false, symbol, std::string(60, 'u'), kSomebody, 0});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    // Ten characters of the symbol are the least.
    const std::size_t rest = std::string("p__4711_1f3a_fffffc_0").size() + 10;
    EXPECT_TRUE(event_name({false, symbol, std::string(kMaxEventName - rest - 1, 'u'), kSomebody, 0}));
    EXPECT_FALSE(event_name({false, symbol, std::string(kMaxEventName - rest, 'u'), kSomebody, 0}));
}

TEST(EventNames, Case137_OnlyOurGrammarIsOurs) {
    for (const char* const uid : {"", "plain", "a_b", ".*", "[0-9]+", "(x|y)$"}) {
        const auto name = event_name({false, "function", uid, kSomebody, 3});
        ASSERT_TRUE(name) << uid;
        EXPECT_EQ(event_owner(*name), kSomebody) << *name;
    }
    for (const char* const foreign :
         {"", "p_x_0", "p_vfs_read_0", "p_vfs_read_uid_1234", "x_f_1_2_3_4", "p_f_0_1_2_3", "p_f_1_zz_3_4",
          "p_f_99999999999_1_2_3", "p_f_1_2_3_", "r_____"}) {
        EXPECT_FALSE(event_owner(foreign)) << foreign;
    }
}

TEST(FilterNames, Case137_UidsAreTakenLiterally) {
    for (const char* const probe : {"on_x", "on_x#uid", "on_x#.*", "on_x#a:b:1:2:3", "on_x#"}) {
        const auto parsed = parse_filter_name(filter_name(probe, kSomebody));
        ASSERT_TRUE(parsed) << probe;
        EXPECT_EQ(parsed->probe, probe);
        EXPECT_EQ(parsed->owner, kSomebody);
    }
    for (const char* const foreign : {"", "gadgetkit:", "gadgetkit:a:b", "classifier_uid_123",
                                      "gadgetkit:x:0:1:2", "other:on_x:1:2:3", "gadgetkit:x:1:2:zz"}) {
        EXPECT_FALSE(parse_filter_name(foreign)) << foreign;
    }
}

/// A proc file system of files, in which this process is number `self`.
struct FakeProc {
    std::optional<TempDir> folder;

    explicit FakeProc(const std::string& self) {
        auto made = TempDir::create("gadget-proc");
        if (!made) return;
        folder.emplace(std::move(*made));
        std::filesystem::create_symlink(self, path() / "self");
        std::filesystem::create_directories(path() / "1/ns");
        std::ofstream(path() / "1/ns/pid") << "\n";
    }
    [[nodiscard]] std::filesystem::path path() const { return folder->path(); }
    void process(const std::string& pid, const std::string& start) const {
        std::filesystem::create_directories(path() / pid);
        std::ofstream(path() / pid / "stat")
            << pid << " (a ) name) S 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 " << start << " 1000 2000\n";
    }
};

TEST(Owners, Case140_TheHostsNumberOfThisProcess) {
    const FakeProc host("987654");
    host.process("987654", "4242");
    const auto owner = find_owner(host.path());
    ASSERT_TRUE(owner) << owner.error().to_string();
    EXPECT_EQ(owner->pid, 987654U);
    EXPECT_EQ(owner->start, 4242U);
    EXPECT_EQ(find_owner("/proc")->pid, static_cast<std::uint32_t>(getpid()));
    const auto wrong = find_owner("/nonexistent");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find("/nonexistent"), std::string::npos);
    EXPECT_FALSE(find_owner(FakeProc("no-number").path()));
}

TEST(Owners, Case139_DeadIsWhoIsCertainlyGone) {
    const FakeProc proc("9");
    proc.process("9", "400");
    proc.process("10", "500");
    const std::uint32_t here = find_owner(proc.path())->space;
    ASSERT_NE(here, 0U);
    EXPECT_FALSE(is_dead({10, 500, here}, proc.path()));
    EXPECT_TRUE(is_dead({10, 501, here}, proc.path())) << "the number went to somebody else";
    EXPECT_TRUE(is_dead({11, 500, here}, proc.path()));
    EXPECT_FALSE(is_dead({11, 500, here ^ 1U}, proc.path()))
        << "another namespace's numbers say nothing here";
    EXPECT_FALSE(is_dead({11, 500, here}, "/nonexistent"));
    EXPECT_FALSE(is_dead({11, 500, 0}, "/nonexistent"));
    EXPECT_FALSE(is_dead(*find_owner("/proc"), "/proc"));
}

TEST(Tracefs, Case141_TheFirstFolderThatIsOne) {
    constexpr std::array kNone{"/nonexistent", "/proc", "/"};
    EXPECT_FALSE(find_tracefs(kNone)) << "neither";
    const auto found = open_tracefs();
    if (!found) GTEST_SKIP() << "missing: tracefs";
    constexpr std::array kMount{"/sys/kernel/tracing", "/nonexistent"};
    constexpr std::array kFallback{"/nonexistent", "/sys/kernel/debug/tracing"};
    // What is mounted is found; when nothing is, a mount of our own has served.
    const bool mounted = find_tracefs(kMount).valid() || find_tracefs(kFallback).valid();
    EXPECT_TRUE(read_small_file(found->get(), "available_events")) << (mounted ? "mounted" : "our own");
}

}  // namespace
}  // namespace gadget::runtime
