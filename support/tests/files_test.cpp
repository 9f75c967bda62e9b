// SPDX-License-Identifier: Apache-2.0
#include "gadget/support/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace gadget {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(Files, AtomicWriteReplacesTheWholeFileAndLeavesNoTemporary) {
    const TempDir folder = TempDir::create().value();
    const auto path = folder.path() / "out";
    ASSERT_TRUE(write_file_atomic(path, "first", 0600));
    ASSERT_TRUE(write_file_atomic(path, "second", 0640));
    EXPECT_EQ(read_text_file(path).value(), "second");
    EXPECT_EQ(entries(folder.path()), 1U);
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0640U);
}

TEST(Files, FailedWriteLeavesTheOldContentAndNoTemporary) {
    const TempDir folder = TempDir::create().value();
    const auto path = folder.path() / "out";
    std::filesystem::create_directory(path);  // a rename onto a folder fails
    EXPECT_FALSE(write_file_atomic(path, "text"));
    EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(Files, FullDiskIsTold) {
    const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    if (!full) GTEST_SKIP() << "missing: /dev/full";
    const auto written = write_all(full.get(), as_bytes("x"), "cannot write 'f'");
    ASSERT_FALSE(written);
    EXPECT_NE(written.error().message.find("no space left on device (ENOSPC)"), std::string::npos);
    EXPECT_FALSE(written.error().hint.empty());
}

TEST(Files, RefusesFoldersPipesAndTooLargeFiles) {
    const TempDir folder = TempDir::create().value();
    EXPECT_EQ(read_file(folder.path()).error().code, ErrorCode::invalid_argument);
    const auto pipe = folder.path() / "pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(read_file(pipe).error().code, ErrorCode::invalid_argument);
    const auto file = folder.path() / "file";
    ASSERT_TRUE(write_file_atomic(file, "123456"));
    EXPECT_EQ(read_file(file, 5).error().code, ErrorCode::corrupt_data);
    EXPECT_TRUE(read_file(file, 6));
    EXPECT_EQ(read_file(folder.path() / "none").error().code, ErrorCode::not_found);
}

TEST(Files, MemoryFileGivesItsContentBack) {
    const auto fd = memory_file("test", as_bytes("hello"));
    ASSERT_TRUE(fd);
    EXPECT_EQ(as_text(read_all(fd->get(), 100, "m").value()), "hello");
}

TEST(TempDir, IsRemovedWithItsContentAndMovesKeepOneOwner) {
    std::filesystem::path first_path;
    std::filesystem::path second_path;
    {
        TempDir first = TempDir::create().value();
        TempDir second = TempDir::create().value();
        first_path = first.path();
        second_path = second.path();
        std::ofstream(first_path / "file") << "x";
        second = std::move(first);
        EXPECT_EQ(second.path(), first_path);
    }
    EXPECT_FALSE(std::filesystem::exists(first_path));
    EXPECT_FALSE(std::filesystem::exists(second_path));
}

}  // namespace
}  // namespace gadget
