// SPDX-License-Identifier: Apache-2.0
// Damaged objects give an error or facts, and never a crash, a hang or a read out of bounds (run with the
// sanitizers).
#include <elf.h>
#include <linux/btf.h>

#include <cstring>
#include <random>

#include "sample.h"

namespace gadget::validator {
namespace {

void inspect_and_validate(std::span<const std::byte> object) {
    const auto facts = inspect(object, {.object_name = "hostile"});
    if (!facts) {
        EXPECT_FALSE(facts.error().message.empty());
        return;
    }
    DiagnosticList findings;
    validate(*facts, nullptr, {}, findings);
}

// Debug sections are not read: without them the loops below spend their time on what is.
struct Place {
    std::size_t begin = 0;
    std::size_t end = 0;
};

std::vector<Place> read_parts(const Bytes& object) {
    Elf64_Ehdr header;
    std::memcpy(&header, object.data(), sizeof(header));
    std::vector<Place> parts{{0, sizeof(header)}, {header.e_shoff, object.size()}};
    std::vector<Elf64_Shdr> sections(header.e_shnum);
    std::memcpy(sections.data(), object.data() + header.e_shoff, sections.size() * sizeof(Elf64_Shdr));
    const auto* names = reinterpret_cast<const char*>(object.data() + sections[header.e_shstrndx].sh_offset);
    for (const auto& section : sections) {
        const std::string_view name = names + section.sh_name;
        if (section.sh_type == SHT_NOBITS || name.find("debug") != std::string_view::npos) continue;
        parts.push_back({section.sh_offset, section.sh_offset + section.sh_size});
    }
    return parts;
}

TEST(HostileObject, EmptyAndForeignFilesAreRefused) {
    EXPECT_FALSE(inspect({}, {}).has_value());
    EXPECT_FALSE(inspect(as_bytes("#!/bin/sh\n"), {}).has_value());
    Bytes object = sample_object();
    object[EI_CLASS] = std::byte{ELFCLASS32};
    EXPECT_EQ(inspect(object, {}).error().code, ErrorCode::corrupt_data);
    object = sample_object();
    object[offsetof(Elf64_Ehdr, e_machine)] = std::byte{EM_X86_64};
    object[offsetof(Elf64_Ehdr, e_machine) + 1] = std::byte{0};
    const auto result = inspect(object, {.object_name = "amd64 object"});
    ASSERT_FALSE(result.has_value());
    EXPECT_NE(result.error().to_string().find("amd64 object"), std::string::npos);
}

TEST(HostileObject, EveryTruncationIsAnError) {
    const Bytes object = sample_object();
    for (std::size_t size = 0; size < object.size(); ++size)
        ASSERT_FALSE(inspect(std::span(object).first(size), {}).has_value()) << size;
}

TEST(HostileObject, BitFlipsDoNoHarm) {
    Bytes object = sample_object();
    for (const auto& place : read_parts(object)) {
        for (std::size_t i = place.begin; i < place.end; i += 1) {
            const auto bit = std::byte{1} << (i * 5 % 8);
            object[i] ^= bit;
            inspect_and_validate(object);
            object[i] ^= bit;
        }
    }
}

TEST(HostileObject, RandomDamageDoesNoHarm) {
    const Bytes good = sample_object();
    const auto parts = read_parts(good);
    std::mt19937 random(20);  // NOLINT(cert-msc51-cpp): the same damage in every run
    for (int round = 0; round < 4000; ++round) {
        Bytes object = good;
        for (int i = 0; i < 1 + round % 16; ++i) {
            const auto& place = parts[random() % parts.size()];
            if (place.begin == place.end) continue;
            object[place.begin + random() % (place.end - place.begin)] = static_cast<std::byte>(random());
        }
        inspect_and_validate(object);
    }
}

// An object whose only sections are names and .BTF.
Bytes object_with_btf(const Bytes& btf) {
    constexpr std::string_view kNames{"\0.shstrtab\0.BTF\0", 16};
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_machine = EM_BPF;
    header.e_shoff = sizeof(header);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 3;
    header.e_shstrndx = 1;
    std::array<Elf64_Shdr, 3> sections{};
    sections[1].sh_name = 1;
    sections[1].sh_type = SHT_STRTAB;
    sections[1].sh_offset = sizeof(header) + sizeof(sections);
    sections[1].sh_size = kNames.size();
    sections[2].sh_name = 11;
    sections[2].sh_type = SHT_PROGBITS;
    sections[2].sh_offset = sections[1].sh_offset + kNames.size();
    sections[2].sh_size = btf.size();
    Bytes object(sections[2].sh_offset + btf.size());
    std::memcpy(object.data(), &header, sizeof(header));
    std::memcpy(object.data() + sizeof(header), sections.data(), sizeof(sections));
    std::memcpy(object.data() + sections[1].sh_offset, kNames.data(), kNames.size());
    std::memcpy(object.data() + sections[2].sh_offset, btf.data(), btf.size());
    return object;
}

// Types as words, names as text with NULs between.
Bytes make_btf(const std::vector<std::uint32_t>& types, std::string_view strings) {
    btf_header header{};
    header.magic = BTF_MAGIC;
    header.version = BTF_VERSION;
    header.hdr_len = sizeof(header);
    header.type_len = static_cast<std::uint32_t>(types.size() * 4);
    header.str_off = header.type_len;
    header.str_len = static_cast<std::uint32_t>(strings.size());
    Bytes btf(sizeof(header) + header.type_len + header.str_len);
    std::memcpy(btf.data(), &header, sizeof(header));
    if (!types.empty()) std::memcpy(btf.data() + sizeof(header), types.data(), header.type_len);
    std::memcpy(btf.data() + sizeof(header) + header.type_len, strings.data(), strings.size());
    return btf;
}

constexpr std::uint32_t info(std::uint32_t kind, std::uint32_t count) {
    return kind << 24 | count;
}

TEST(HostileBtf, HugeSectionIsRefusedByName) {
    const auto result = inspect(object_with_btf(Bytes(kMaxBtfSize + 4)), {});
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::corrupt_data);
    EXPECT_NE(result.error().message.find(".BTF"), std::string::npos);
}

TEST(HostileBtf, HundredMegabytesAreRefusedWithTheLimit) {
    const auto result = inspect(object_with_btf(Bytes(100'000'000)), {.object_name = "amd64 object"});
    ASSERT_FALSE(result.has_value());
    EXPECT_NE(result.error().to_string().find("more than the limit"), std::string::npos);
    EXPECT_NE(result.error().to_string().find("amd64 object"), std::string::npos);
}

TEST(HostileBtf, LengthsThatOverflowAreErrors) {
    auto btf = make_btf({}, std::string_view{"\0", 1});
    btf_header header;
    std::memcpy(&header, btf.data(), sizeof(header));
    header.type_off = 0xfffffff0;
    header.type_len = 0x20;
    std::memcpy(btf.data(), &header, sizeof(header));
    EXPECT_EQ(inspect(object_with_btf(btf), {}).error().code, ErrorCode::corrupt_data);
}

// A section ".maps" with one map "m" whose struct is type 3 of `types`.
std::vector<std::uint32_t> with_map(std::vector<std::uint32_t> types) {
    std::vector<std::uint32_t> all{1, info(BTF_KIND_DATASEC, 1), 0, 2, 0, 0, 7, info(BTF_KIND_VAR, 0), 3, 1};
    all.insert(all.end(), types.begin(), types.end());
    return all;
}
constexpr std::string_view kMapStrings{"\0.maps\0m\0key\0", 13};

TEST(HostileBtf, TypesThatContainThemselvesEnd) {
    // typedef -> itself, as definition of the map
    auto facts =
        inspect(object_with_btf(make_btf(with_map({9, info(BTF_KIND_TYPEDEF, 0), 3}), kMapStrings)), {});
    ASSERT_TRUE(facts.has_value()) << facts.error().to_string();
    // struct { T *key; } where T = array of itself, and T = struct that contains itself
    for (const auto& target : {std::vector<std::uint32_t>{0, info(BTF_KIND_ARRAY, 0), 0, 5, 5, 4000000000},
                               std::vector<std::uint32_t>{9, info(BTF_KIND_STRUCT, 1), 100, 9, 5, 0}}) {
        std::vector<std::uint32_t> types{9, info(BTF_KIND_STRUCT, 1), 8, 9, 4, 0,
                                         0, info(BTF_KIND_PTR, 0),    5};
        types.insert(types.end(), target.begin(), target.end());
        facts = inspect(object_with_btf(make_btf(with_map(types), kMapStrings)), {});
        ASSERT_TRUE(facts.has_value()) << facts.error().to_string();
        ASSERT_EQ(facts->maps.size(), 1U);
    }
}

TEST(HostileBtf, StructsThatUnfoldWithoutEndAreRefused) {
    // Each struct has 200 members of the next: 200^8 fields in a few kilobytes.
    std::vector<std::uint32_t> types{9, info(BTF_KIND_STRUCT, 1), 8, 9, 4, 0, 0, info(BTF_KIND_PTR, 0), 5};
    constexpr std::uint32_t kMembers = 200;
    for (std::uint32_t id = 5; id < 13; ++id) {
        types.insert(types.end(), {9, info(BTF_KIND_STRUCT, kMembers), 1U << 20});
        for (std::uint32_t i = 0; i < kMembers; ++i) types.insert(types.end(), {9, id + 1, 0});
    }
    types.insert(types.end(), {9, info(BTF_KIND_INT, 0), 4, 32});
    const auto facts = inspect(object_with_btf(make_btf(with_map(types), kMapStrings)), {});
    ASSERT_FALSE(facts.has_value());
    EXPECT_EQ(facts.error().code, ErrorCode::corrupt_data);
}

TEST(HostileBtf, KeysWithEndlessBitFieldsAreRefused) {
    // struct { struct { 60000 bit-fields in one byte } parts[4096]; } *key: 245 million names in a megabyte.
    constexpr std::uint32_t kFields = 60000;
    constexpr std::uint32_t kParts = 4096;
    std::vector<std::uint32_t> types{9,
                                     info(BTF_KIND_STRUCT, 1),
                                     8,
                                     9,
                                     4,
                                     0,
                                     0,
                                     info(BTF_KIND_PTR, 0),
                                     5,
                                     9,
                                     info(BTF_KIND_STRUCT, 1),
                                     kParts,
                                     9,
                                     6,
                                     0,
                                     0,
                                     info(BTF_KIND_ARRAY, 0),
                                     0,
                                     7,
                                     8,
                                     kParts};
    types.insert(types.end(), {0, 1U << 31 | info(BTF_KIND_STRUCT, kFields), 1});
    for (std::uint32_t i = 0; i < kFields; ++i) types.insert(types.end(), {9, 8, 1U << 24});
    types.insert(types.end(), {9, info(BTF_KIND_INT, 0), 4, 32});
    const auto facts = inspect(object_with_btf(make_btf(with_map(types), kMapStrings)), {});
    ASSERT_FALSE(facts.has_value());
    EXPECT_NE(facts.error().to_string().find("more than could be read"), std::string::npos);
}

TEST(HostileBtf, UnknownKindsAreNamed) {
    const auto facts = inspect(object_with_btf(make_btf({0, info(25, 0), 0}, std::string_view{"\0", 1})), {});
    ASSERT_FALSE(facts.has_value());
    EXPECT_NE(facts.error().message.find("kind 25"), std::string::npos);
}

}  // namespace
}  // namespace gadget::validator
