// SPDX-License-Identifier: Apache-2.0
#include "loader_cache.h"

#include <gtest/gtest.h>

#include <cstring>

#include "elf_symbols.h"
#include "gadget/support/files.h"

namespace gadget::runtime {
namespace {

#if defined(__aarch64__)
constexpr std::uint32_t kOurs = 0x0a03;
#else
constexpr std::uint32_t kOurs = 0x0303;
#endif
constexpr std::uint32_t kForeign = 0x0003;

struct Entry {
    std::uint32_t flags;
    std::string name;
    std::string path;
};

/// As ldconfig writes it.
std::string cache_of(const std::vector<Entry>& entries) {
    std::string head = "glibc-ld.so.cache1.1";
    const auto put = [](std::string& into, std::uint32_t value) {
        into.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    put(head, static_cast<std::uint32_t>(entries.size()));
    head.resize(48);
    std::string texts;
    const std::size_t texts_at = head.size() + entries.size() * 24;
    for (const auto& entry : entries) {
        put(head, entry.flags);
        put(head, static_cast<std::uint32_t>(texts_at + texts.size()));
        texts += entry.name + '\0';
        put(head, static_cast<std::uint32_t>(texts_at + texts.size()));
        texts += entry.path + '\0';
        head.resize(head.size() + 12);
    }
    return head + texts;
}

TEST(LoaderCache, NamesTheLibrariesOfThisArchitecture) {
    const auto found = cached_libraries(as_bytes(
        cache_of({{kForeign, "libc.so.6", "/lib32/libc.so.6"}, {kOurs, "libc.so.6", "/lib/libc.so.6"}})));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "libc.so.6");
    EXPECT_EQ(found[0].path, "/lib/libc.so.6");
}

TEST(LoaderCache, TheOlderFormatMayStandBefore) {
    const auto found =
        cached_libraries(as_bytes("ld.so-1.7.0 and so on" + cache_of({{kOurs, "libx.so", "/x"}})));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, "/x");
}

TEST(LoaderCache, DamagedOnesGiveWhatIsWhole) {
    const std::string whole = cache_of({{kOurs, "liba.so", "/a"}, {kOurs, "libb.so", "relative"}});
    EXPECT_EQ(cached_libraries(as_bytes(whole)).size(), 1U) << "a path that is not absolute";
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_LE(cached_libraries(as_bytes(whole.substr(0, size))).size(), 1U) << size;
    std::string wild = whole;
    std::memset(wild.data() + 20, 0xff, 4);  // the count
    std::memset(wild.data() + 52, 0xff, 8);  // a place
    EXPECT_TRUE(cached_libraries(as_bytes(wild)).empty());
    EXPECT_TRUE(cached_libraries({}).empty());
}

TEST(FindBinary, ALibraryIsAnElfFileNotATextForTheLinker) {
    const auto found = find_binary("libc");
    if (!found) GTEST_SKIP() << "missing: a shared C library";
    EXPECT_TRUE(function_offset(*found, "malloc")) << *found;
}

}  // namespace
}  // namespace gadget::runtime
