// SPDX-License-Identifier: Apache-2.0
// Kernel enums from BTF, and the changes to objects for old kernels.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "kernel_enums.h"
#include "transform.h"

namespace gadget::session {
namespace {

void put(Bytes& bytes, std::uint32_t value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
}

/// A BTF section with an int, `enum color { RED = 1, BLUE = -2 }` and the 64-bit `enum wide { BIG }`.
Bytes sample_btf() {
    const std::string strings("\0int\0color\0RED\0BLUE\0wide\0BIG\0", 30);
    Bytes types;
    for (const std::uint32_t word : {1U, 1U << 24, 4U, 0x20U}) put(types, word);
    for (const std::uint32_t word : {5U, (1U << 31) | (6U << 24) | 2U, 4U, 11U, 1U, 15U, 0xfffffffeU})
        put(types, word);
    for (const std::uint32_t word : {20U, (19U << 24) | 1U, 8U, 25U, 7U, 1U}) put(types, word);
    Bytes btf;
    put(btf, 0x0001eb9f);
    put(btf, 24);
    put(btf, 0);
    put(btf, static_cast<std::uint32_t>(types.size()));
    put(btf, static_cast<std::uint32_t>(types.size()));
    put(btf, static_cast<std::uint32_t>(strings.size()));
    btf.insert(btf.end(), types.begin(), types.end());
    for (const char c : strings) btf.push_back(static_cast<std::byte>(c));
    return btf;
}

TEST(KernelEnums, FindsWhatIsWanted) {
    const auto found = find_enums(sample_btf(), {"color", "wide", "absent"});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found.at("color").at(0).name, "RED");
    EXPECT_EQ(found.at("color").at(1).value, -2);
    EXPECT_EQ(found.at("wide").at(0).value, (std::int64_t{1} << 32) + 7);
}

TEST(KernelEnums, DamagedBytesGiveNothingWrong) {
    const Bytes whole = sample_btf();
    for (std::size_t size = 0; size < whole.size(); ++size)
        (void)find_enums(std::span(whole).first(size), {"color", "wide"});
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (const auto value : {std::byte{0}, std::byte{0x7f}, std::byte{0xff}}) {
            Bytes bytes = whole;
            bytes[at] = value;
            for (const auto& [name, enumerators] : find_enums(bytes, {"color", "wide"}))
                EXPECT_LE(enumerators.size(), 65536U);
        }
    }
}

/// An ELF file with one executable section that holds `code`.
Bytes object_with(const std::vector<std::uint64_t>& code) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_shoff = sizeof header;
    header.e_shnum = 1;
    Elf64_Shdr section{};
    section.sh_type = SHT_PROGBITS;
    section.sh_flags = SHF_EXECINSTR;
    section.sh_offset = sizeof header + sizeof section;
    section.sh_size = code.size() * 8;
    Bytes bytes(section.sh_offset + section.sh_size);
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, &section, sizeof section);
    std::memcpy(bytes.data() + section.sh_offset, code.data(), section.sh_size);
    return bytes;
}

std::uint64_t instruction(const Bytes& object, std::size_t index) {
    std::uint64_t value = 0;
    std::memcpy(&value, object.data() + sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + index * 8, sizeof value);
    return value;
}

constexpr std::uint64_t kCallBootClock = (std::uint64_t{125} << 32) | 0x85;
constexpr std::uint64_t kCallOther = (std::uint64_t{5} << 32) | 0x85;
constexpr std::uint64_t kCallFunction = (std::uint64_t{125} << 32) | 0x1085;  // a function of the object
constexpr std::uint64_t kZeroR0 = 0xb7;

TEST(Transform, OnlyCallsOfTheBootClockAreReplaced) {
    Bytes object = object_with({kCallOther, kCallBootClock, kCallFunction, kCallBootClock});
    EXPECT_EQ(replace_boot_clock(object), 2U);
    EXPECT_EQ(instruction(object, 0), kCallOther);
    EXPECT_EQ(instruction(object, 1), kZeroR0);
    EXPECT_EQ(instruction(object, 2), kCallFunction);
    EXPECT_EQ(instruction(object, 3), kZeroR0);
}

TEST(Transform, DamagedObjectsAreLeftAlone) {
    Bytes object = object_with({kCallBootClock});
    for (std::size_t size = 0; size + 8 < object.size(); ++size) {
        Bytes part(object.begin(), object.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(replace_boot_clock(part), 0U);
    }
    const std::uint64_t huge = ~std::uint64_t{0};
    std::memcpy(object.data() + sizeof(Elf64_Ehdr) + offsetof(Elf64_Shdr, sh_size), &huge, sizeof huge);
    EXPECT_EQ(replace_boot_clock(object), 0U);
}

}  // namespace
}  // namespace gadget::session
