// SPDX-License-Identifier: Apache-2.0
// The archive formats: newc is written, tar is read.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "module_order.h"
#include "newc.h"
#include "tar_reader.h"

namespace gadget::testkit {
namespace {

std::string text_of(const Bytes& bytes) {
    return std::string(as_text(bytes));
}

struct NewcEntry {
    unsigned mode = 0;
    std::string content;
};

/// An independent reading of the format, strict about every field that matters.
std::map<std::string, NewcEntry> read_newc(const std::string& archive) {
    std::map<std::string, NewcEntry> entries;
    std::size_t at = 0;
    while (at + 110 <= archive.size()) {
        EXPECT_EQ(archive.substr(at, 6), "070701");
        const auto field = [&](std::size_t index) {
            return std::stoul(archive.substr(at + 6 + index * 8, 8), nullptr, 16);
        };
        const auto size = field(6);
        const auto name_size = field(11);
        const std::string name = archive.substr(at + 110, name_size - 1);
        EXPECT_EQ(archive[at + 110 + name_size - 1], '\0');
        const auto data = (at + 110 + name_size + 3) / 4 * 4;
        if (name == "TRAILER!!!") return entries;
        entries[name] = {static_cast<unsigned>(field(1)), archive.substr(data, size)};
        at = (data + size + 3) / 4 * 4;
    }
    ADD_FAILURE() << "the archive has no trailer";
    return entries;
}

TEST(NewcWriter, WritesWhatAReaderOfTheFormatFinds) {
    NewcWriter writer;
    writer.directory("bin");
    writer.file("init", as_bytes("program"), 0755);
    writer.file("empty", {});
    writer.symlink("bin/x", "/init");
    const auto archive = text_of(writer.finish());
    EXPECT_EQ(archive.size() % 4, 0U);
    const auto entries = read_newc(archive);
    ASSERT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries.at("bin").mode, 0040755U);
    EXPECT_EQ(entries.at("init").mode, 0100755U);
    EXPECT_EQ(entries.at("init").content, "program");
    EXPECT_EQ(entries.at("empty").content, "");
    EXPECT_EQ(entries.at("bin/x").mode, 0120777U);
    EXPECT_EQ(entries.at("bin/x").content, "/init");
}

TEST(NewcWriter, GivesTheSameBytesForTheSameEntries) {
    const auto make = [] {
        NewcWriter writer;
        writer.file("a", as_bytes("1"));
        return writer.finish();
    };
    EXPECT_EQ(make(), make());
}

/// A ustar header with its checksum.
std::string tar_entry(const std::string& name, const std::string& content, char type = '0',
                      const std::string& prefix = "") {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    header.replace(100, 7, "0000644");
    char size[13];
    std::snprintf(size, sizeof size, "%011zo", content.size());
    header.replace(124, 11, size, 11);
    header.replace(148, 8, "        ");
    header[156] = type;
    header.replace(257, 8,
                   std::string("ustar\0"
                               "00",
                               8));
    header.replace(345, prefix.size(), prefix);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    char checksum[8];
    std::snprintf(checksum, sizeof checksum, "%06o", sum);
    header.replace(148, 6, checksum, 6);
    header[154] = '\0';
    return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

const std::string kTarEnd(1024, '\0');

struct TarResult {
    Result<void> status;
    std::map<std::string, std::string> files;
};

TarResult read_tar(const std::string& stream, std::size_t step) {
    std::map<std::string, std::string> files;
    TarReader reader([](const std::string& name) { return !name.starts_with("skip"); },
                     [&](const std::string& name, Bytes content) -> Result<void> {
                         files[name] = text_of(content);
                         return {};
                     });
    for (std::size_t at = 0; at < stream.size(); at += step) {
        auto pushed = reader.push(std::string_view(stream).substr(at, step));
        if (!pushed) return {std::move(pushed), files};
    }
    return {reader.finish(), files};
}

TEST(TarReader, ReadsWantedFilesInAnyCuttingOfTheStream) {
    const std::string long_name = "usr/lib/modules/" + std::string(120, 'v') + "/x.ko";
    const auto stream =
        tar_entry("./boot/vmlinuz-6.1", std::string(1500, 'k')) + tar_entry("./skip", std::string(512, 's')) +
        tar_entry("./dir/", "", '5') + tar_entry("b", "deep", '0', "prefix/a") +
        tar_entry("././@LongLink", long_name + '\0', 'L') + tar_entry("cut", "long") + kTarEnd;
    for (const std::size_t step :
         {std::size_t{1}, std::size_t{7}, std::size_t{512}, std::size_t{700}, stream.size()}) {
        const auto result = read_tar(stream, step);
        ASSERT_TRUE(result.status) << result.status.error().to_string();
        EXPECT_EQ(result.files.size(), 3U);
        EXPECT_EQ(result.files.at("boot/vmlinuz-6.1"), std::string(1500, 'k'));
        EXPECT_EQ(result.files.at("prefix/a/b"), "deep");
        EXPECT_EQ(result.files.at(long_name), "long");
    }
}

TEST(TarReader, RefusesDamage) {
    const auto good = tar_entry("a", "content") + kTarEnd;
    auto wrong_checksum = good;
    wrong_checksum[0] = 'b';
    EXPECT_FALSE(read_tar(wrong_checksum, 512).status);
    EXPECT_FALSE(read_tar(good.substr(0, 600), 512).status);
    EXPECT_FALSE(read_tar(good.substr(0, 100), 512).status);
    EXPECT_FALSE(read_tar("", 512).status);
    EXPECT_FALSE(read_tar(std::string(2048, 'x'), 512).status);
}

TEST(ModuleDependencies, AreReadFromModinfo) {
    using namespace std::string_literals;
    const auto module = "\177ELF....\0license=GPL\0depends=virtio_ring,virtio-pci\0name=x\0"s;
    EXPECT_EQ(module_dependencies(as_bytes(module)), (std::vector<std::string>{"virtio_ring", "virtio_pci"}));
    EXPECT_TRUE(module_dependencies(as_bytes(std::string("\0depends=\0", 10))).empty());
    EXPECT_TRUE(module_dependencies(as_bytes("nothing here")).empty());
}

TEST(OrderModules, PutsDependenciesFirstAndToleratesCyclesAndGaps) {
    auto folder = TempDir::create();
    ASSERT_TRUE(folder);
    const auto add = [&](const std::string& name, const std::string& depends) {
        const std::string text = std::string("x\0depends=", 10) + depends + '\0';
        ASSERT_TRUE(write_file_atomic(folder->path() / (name + ".ko"), text));
    };
    add("top", "middle,absent");
    add("middle", "base,top");
    add("base", "");
    const std::vector<std::string_view> wanted{"top"};
    const auto order = order_modules(folder->path(), wanted);
    ASSERT_TRUE(order);
    ASSERT_EQ(order->size(), 3U);
    EXPECT_EQ((*order)[0].filename(), "base.ko");
    EXPECT_EQ((*order)[1].filename(), "middle.ko");
    EXPECT_EQ((*order)[2].filename(), "top.ko");
}

}  // namespace
}  // namespace gadget::testkit
