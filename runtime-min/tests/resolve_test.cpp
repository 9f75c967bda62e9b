// SPDX-License-Identifier: Apache-2.0
// Finding things by name: CPUs, system calls, functions of binaries.
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <optional>

#include "elf_symbols.h"
#include "gadget/support/files.h"
#include "kernel_symbols.h"
#include "perf_event.h"

extern "C" __attribute__((noinline, used)) int runtime_resolve_target(int value) {
    asm volatile("" : "+r"(value));
    return value;
}

namespace gadget::runtime {
namespace {

TEST(CpuList, ReadsSinglesAndRanges) {
    const auto cpus = parse_cpu_list("0-3,8,10-11\n");
    ASSERT_TRUE(cpus);
    EXPECT_EQ(*cpus, (std::vector<int>{0, 1, 2, 3, 8, 10, 11}));
    EXPECT_EQ(*parse_cpu_list("0"), std::vector<int>{0});
}

TEST(CpuList, RefusesWhatIsNotAList) {
    for (const char* const text : {"", "a", "1-", "-1", "3-1", "0,", "0-99999999", "1x", "0-2-4"}) {
        EXPECT_FALSE(parse_cpu_list(text)) << text;
    }
}

/// A list of symbols in a temporary file.
struct SymbolList {
    std::optional<TempDir> folder;
    std::filesystem::path path;

    explicit SymbolList(const std::string& text) {
        auto made = TempDir::create("gadget-symbols");
        if (!made) return;
        folder.emplace(std::move(*made));
        path = folder->path() / "kallsyms";
        std::ofstream(path) << text;
    }
    [[nodiscard]] std::string find(const std::string& name) const {
        return find_syscall(path, name).value_or("");
    }
};

TEST(FindSyscall, Case093_TheFormOfTheArchitectureBeatsOthers) {
    const SymbolList arm(
        "ffff800008f0 T do_sys_open\nffff800008f4 T __arm64_sys_open\nffff80000900 T __arm64_sys_openat\n");
    EXPECT_EQ(arm.find("open"), "__arm64_sys_open");
    EXPECT_EQ(arm.find("openat"), "__arm64_sys_openat");
    const SymbolList both("ffff1 T __sys_connect\nffff2 T __sys_connect_file\nffff3 T __arm64_sys_connect\n");
    EXPECT_EQ(both.find("connect"), "__arm64_sys_connect");
    EXPECT_EQ(SymbolList("ffff1 T __SyS_bind\nffff2 T __sys_bind\n").find("bind"), "__SyS_bind");
    EXPECT_EQ(SymbolList("ffff2 T __sys_bind\nffff1 T __SyS_bind\n").find("bind"), "__sys_bind");
}

TEST(FindSyscall, Case094_OldKernelsAndListsWithoutIt) {
    EXPECT_EQ(SymbolList("ffff1 T sys_open\nffff2 T sys_openat\n").find("open"), "sys_open");
    EXPECT_EQ(SymbolList("ffff1 t sys_open\t[module]\n").find("open"), "sys_open");
    const SymbolList empty("");
    EXPECT_EQ(find_syscall(empty.path, "open").error().code, ErrorCode::not_found);
    EXPECT_NE(find_syscall(empty.path, "open").error().message.find("'open'"), std::string::npos);
    EXPECT_EQ(SymbolList("ffff1 T do_sys_open\nxx\n\nffff2 T\n").find("open"), "");
    EXPECT_FALSE(find_syscall("/nonexistent/kallsyms", "open"));
    // Different lists in one process: nothing is remembered.
    EXPECT_EQ(SymbolList("ffff1 T __x64_sys_open\n").find("open"), "__x64_sys_open");
    EXPECT_EQ(SymbolList("ffff1 T __arm64_sys_open\n").find("open"), "__arm64_sys_open");
}

TEST(SyscallSymbols, EveryFormLeadsToTheSameNames) {
    const auto expected = syscall_symbols("openat");
    ASSERT_FALSE(expected.empty());
    EXPECT_TRUE(expected.front().ends_with("_sys_openat") || expected.front() == "sys_openat");
    for (const char* const form :
         {"sys_openat", "__x64_sys_openat", "__arm64_sys_openat", "__se_sys_openat", "SyS_openat"}) {
        EXPECT_EQ(syscall_symbols(form), expected) << form;
    }
}

TEST(FunctionOffset, PointsAtTheCodeInTheFile) {
    const auto offset = function_offset("/proc/self/exe", "runtime_resolve_target");
    ASSERT_TRUE(offset) << offset.error().to_string();
    const auto file = read_file(std::filesystem::read_symlink("/proc/self/exe"));
    ASSERT_TRUE(file);
    ASSERT_LT(*offset + 4, file->size());
    const auto* const code =
        reinterpret_cast<const std::byte*>(reinterpret_cast<std::uintptr_t>(&runtime_resolve_target));
    EXPECT_TRUE(std::equal(code, code + 4, file->begin() + static_cast<std::ptrdiff_t>(*offset)));
}

TEST(FunctionOffset, MissingFunctionGetsASuggestion) {
    const auto offset = function_offset("/proc/self/exe", "runtime_resolve_targte");
    ASSERT_FALSE(offset);
    EXPECT_EQ(offset.error().code, ErrorCode::not_found);
    EXPECT_NE(offset.error().hint.find("runtime_resolve_target"), std::string::npos);
}

TEST(FunctionOffset, DamagedFilesAreRefused) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    const auto path = folder->path() / "file";
    EXPECT_EQ(function_offset(path, "main").error().code, ErrorCode::not_found);
    std::ofstream(path) << "not ELF at all";
    EXPECT_EQ(function_offset(path, "main").error().code, ErrorCode::corrupt_data);
    const auto whole = read_file(std::filesystem::read_symlink("/proc/self/exe"));
    ASSERT_TRUE(whole);
    for (const std::size_t size :
         {std::size_t{16}, std::size_t{64}, std::size_t{4096}, whole->size() / 2, whole->size() - 64}) {
        ASSERT_TRUE(write_file_atomic(path, std::span(*whole).first(size)));
        EXPECT_FALSE(function_offset(path, "no_such_function")) << size;
    }
}

TEST(FindBinary, PathsStayAndNamesAreLookedUp) {
    if (!std::filesystem::exists("/bin/sh")) GTEST_SKIP() << "missing: a shell to look up";
    EXPECT_EQ(*find_binary("/x/y"), "/x/y");
    EXPECT_EQ(*find_binary("./y"), "./y");
    const auto shell = find_binary("sh");
    ASSERT_TRUE(shell);
    EXPECT_TRUE(shell->is_absolute());
    EXPECT_FALSE(find_binary("no-such-program-anywhere"));
    EXPECT_FALSE(find_binary("libnothing.so.77"));
    EXPECT_FALSE(find_binary(""));
}

}  // namespace
}  // namespace gadget::runtime
