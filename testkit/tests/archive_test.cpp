// SPDX-License-Identifier: Apache-2.0
// The archive formats: newc is written, tar is read.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include <cstdio>
#include <map>

#include "module_order.h"
#include "newc.h"
#include "tar_reader.h"
#include "tar_text.h"

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

/// A module with the sections .BTF and .text, and a signature of `signature` bytes.
Bytes module_with_btf(std::size_t signature) {
    Bytes module(sizeof(Elf64_Ehdr));
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 4;
    header.e_shstrndx = 1;
    header.e_shoff = sizeof header + 32;
    std::memcpy(module.data(), &header, sizeof header);
    const std::string names("\0.BTF\0.text\0.shstrtab\0", 24);
    const auto append = [&module](std::span<const std::byte> bytes) {
        module.insert(module.end(), bytes.begin(), bytes.end());
    };
    append(as_bytes(names));
    module.resize(header.e_shoff);
    for (const unsigned name : {0U, 12U, 1U, 6U}) {
        Elf64_Shdr section{};
        section.sh_name = name;
        section.sh_offset = sizeof header;
        section.sh_size = names.size();
        append(std::as_bytes(std::span(&section, 1)));
    }
    if (signature != 0) {
        module.resize(module.size() + signature, std::byte{'s'});
        append(as_bytes(std::string("\1\2\3\0\0\0\0\0\0\0\1\4", 12)));
        append(as_bytes("~Module signature appended~\n"));
    }
    return module;
}

std::uint32_t name_of_section(const Bytes& module, std::size_t index) {
    Elf64_Shdr section{};
    std::memcpy(&section, module.data() + sizeof(Elf64_Ehdr) + 32 + index * sizeof section, sizeof section);
    return section.sh_name;
}

TEST(PlainModule, HasNoSignatureAndNoBtf) {
    const auto unsigned_module = module_with_btf(0);
    const auto plain = plain_module(module_with_btf(260));
    ASSERT_EQ(plain.size(), unsigned_module.size());
    EXPECT_EQ(name_of_section(plain, 2), 0U);
    EXPECT_EQ(name_of_section(plain, 3), 6U);
    EXPECT_EQ(plain_module(unsigned_module), plain);
    EXPECT_EQ(plain_module(plain), plain);
}

TEST(PlainModule, OfWhatIsNoModuleIsTheSame) {
    const auto good = module_with_btf(0);
    for (std::size_t size = 0; size < good.size(); size += 5) {
        const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(plain_module(cut), cut) << size;
    }
    for (const std::string text :
         {"~Module signature appended~\n", "", "1234567890~Module signature appended~\n"}) {
        const Bytes bytes(as_bytes(text).begin(), as_bytes(text).end());
        EXPECT_EQ(plain_module(bytes), bytes);
    }
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
