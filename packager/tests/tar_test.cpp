// SPDX-License-Identifier: Apache-2.0
// Hostile and unusual tars, built block by block.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "gadget/packager/layout.h"
#include "tar_format.h"
#include "test_image.h"

namespace gadget::packager {
namespace {

/// A header block with a valid checksum.
std::string header(const std::string& name, std::uint64_t size, char type = '0',
                   const std::string& prefix = {}) {
    std::string block(kTarBlock, '\0');
    block.replace(0, name.size(), name);
    block.replace(100, 7, "0000644");
    block.replace(124, 11, fmt::format("{:011o}", size));
    block[156] = type;
    block.replace(257, 8, std::string("ustar\00000", 8));
    block.replace(345, prefix.size(), prefix);
    block.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    block.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
    return block;
}

std::string member(const std::string& name, const std::string& content, char type = '0') {
    std::string out = header(name, content.size(), type) + content;
    out.resize(out.size() + tar_padding(content.size()), '\0');
    return out;
}

const std::string kEnd(2 * kTarBlock, '\0');

struct Scan {
    std::vector<TarMember> members;
    std::optional<Error> error;
};

Scan scan(const std::string& archive) {
    const auto fd = memory_file("tar", as_bytes(archive));
    Scan result;
    const auto done = scan_tar(fd->get(), archive.size(), "'a.tar'",
                               [&](TarMember m) { result.members.push_back(std::move(m)); });
    if (!done) result.error = done.error();
    return result;
}

TEST(Tar, ReadsPlainMembersAndCleansTheirNames) {
    const auto result = scan(member("./", "", '5') + member("./a//b/./c", "content") +
                             header("tail", 0, '0', "a/long") + kEnd);
    ASSERT_FALSE(result.error) << result.error->message;
    ASSERT_EQ(result.members.size(), 2U);
    EXPECT_EQ(result.members[0].name, "a/b/c");
    EXPECT_EQ(result.members[0].offset, 2 * kTarBlock);
    EXPECT_EQ(result.members[0].size, 7U);
    EXPECT_EQ(result.members[1].name, "a/long/tail");
}

TEST(Tar, ReadsLongNamesOfBothKinds) {
    const std::string name = std::string(90, 'd') + "/" + std::string(90, 'f');
    const auto gnu = scan(member("././@LongLink", name + '\0', 'L') + member("short", "x") + kEnd);
    ASSERT_EQ(gnu.members.size(), 1U);
    EXPECT_EQ(gnu.members[0].name, name);
    const auto pax =
        scan(std::string(as_text(tar_file_header(name, 1))) + std::string(kTarBlock, 'x') + kEnd);
    ASSERT_FALSE(pax.error) << pax.error->message;
    ASSERT_EQ(pax.members.size(), 1U);
    EXPECT_EQ(pax.members[0].name, name);
    EXPECT_EQ(pax.members[0].size, 1U);
}

TEST(Tar, ReadsBase256Sizes) {
    std::string block = header("a", 0);
    block[124] = '\x80';
    std::memset(block.data() + 125, 0, 11);
    block[135] = 5;
    block.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    block.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
    const auto result = scan(block + std::string(kTarBlock, 'x') + kEnd);
    ASSERT_EQ(result.members.size(), 1U);
    EXPECT_EQ(result.members[0].size, 5U);
}

struct Hostile {
    const char* name;
    std::string archive;
    std::string says;
};

std::string pax(const std::string& record, char type = 'x') {
    return member("pax", record, type) + member("a", "x");
}

class HostileTar : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileTar, IsRefused) {
    const auto result = scan(GetParam().archive + kEnd);
    ASSERT_TRUE(result.error);
    EXPECT_NE(result.error->message.find(GetParam().says), std::string::npos) << result.error->message;
    EXPECT_TRUE(result.error->message.starts_with("'a.tar': ")) << result.error->message;
}

INSTANTIATE_TEST_SUITE_P(
    All, HostileTar,
    ::testing::Values(Hostile{"Absolute", member("/etc/passwd", "x"), "'/etc/passwd' is an absolute name"},
                      Hostile{"Parent", member("blobs/../../x", "x"), "leads out of the archive"},
                      Hostile{"ParentFolder", member("../", "", '5'), "leads out of the archive"},
                      Hostile{"PaxParent", pax("14 path=../ab\n"), "leads out of the archive"},
                      Hostile{"LongParent", member("L", "../../x", 'L') + member("a", "x"),
                              "leads out of the archive"},
                      Hostile{"SymbolicLink", member("a", "", '2'), "is a symbolic link"},
                      Hostile{"HardLink", member("a", "", '1'), "is a hard link"},
                      Hostile{"CharacterDevice", member("a", "", '3'), "is a device"},
                      Hostile{"BlockDevice", member("a", "", '4'), "is a device"},
                      Hostile{"Pipe", member("a", "", '6'), "is a named pipe"},
                      Hostile{"Sparse", member("a", "", 'S'), "is a sparse file"},
                      Hostile{"PaxSparse", pax("22 GNU.sparse.major=1\n"), "sparse file"},
                      Hostile{"UnknownType", member("a", "", 'Z'), "unknown type 0x5a"},
                      Hostile{"Twice", member("a/b", "x") + member("./a//b", "y"), "appears twice"},
                      Hostile{"NoName", member("", "x"), "no name"},
                      Hostile{"Folder", member("./", "x"), "no name"},
                      Hostile{"Oversize", header("a", 1 << 20), "larger than the file"},
                      Hostile{"OversizePax", header("p", 1 << 17, 'x') + std::string(1 << 17, 'x'),
                              "extended header is too large"},
                      Hostile{"PaxSize", pax("20 size=99999999999\n"), "larger than the file"},
                      Hostile{"PaxGlobalPath", pax("10 path=b\n", 'g'), "renames all members"},
                      Hostile{"PaxZeroLength", pax("0 path=b\n"), "damaged extended header"},
                      Hostile{"PaxLongLength", pax("99 path=b\n"), "damaged extended header"},
                      Hostile{"PaxNoEquals", pax("8 pathb\n"), "damaged extended header"},
                      Hostile{"PaxNoNewline", pax("10 path=bc"), "damaged extended header"},
                      Hostile{"BadChecksum", "x" + member("a", "x").substr(1), "damaged header"},
                      Hostile{"Text", std::string(1024, 'x'), "damaged header"}),
    [](const auto& row) { return row.param.name; });

TEST(Tar, SaysWhenAnArchiveIsCompressed) {
    const auto result = scan(std::string("\x1f\x8b\x08", 3) + std::string(1000, 'x'));
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->code, ErrorCode::unsupported);
    EXPECT_EQ(result.error->message, "'a.tar' is compressed with gzip");
}

TEST(Tar, SurvivesEveryTruncationAndEveryFlippedByteOfAnImage) {
    const auto dir = TempDir::create("tar-test");
    const auto path = dir->path() / "image.tar";
    const auto image = test::image("x");
    ASSERT_TRUE(write_tar(image, path, "v1"));
    const std::string good = test::slurp(path);
    const std::size_t useful = good.size() - 3 * kTarBlock;  // the last member has one block, mostly padding
    for (std::size_t length = 0; length < useful; length += 97) {
        test::put(path, good.substr(0, length));
        const auto layout = Layout::open(path);
        EXPECT_FALSE(layout) << length << ": the index comes last, so a cut archive has none";
    }
    for (std::size_t at = 0; at < good.size(); at += 61) {
        std::string changed = good;
        changed[at] = static_cast<char>(changed[at] ^ 0x15);
        test::put(path, changed);
        const auto layout = Layout::open(path);
        if (!layout || !layout->find("v1")) continue;
        const auto loaded = load_image(*layout, *layout->find("v1"));
        if (loaded && loaded->root.digest == image.root.digest) {
            EXPECT_EQ(loaded->blobs, image.blobs) << at;
        }
    }
}

}  // namespace
}  // namespace gadget::packager
