// SPDX-License-Identifier: Apache-2.0
#include "kernel_image.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "decompress.h"
#include "gadget/testkit/kernels.h"
#include "guest/kernel_btf.h"

namespace gadget::testkit {
namespace {

void put32(Bytes& bytes, std::size_t offset, std::uint32_t value) {
    for (unsigned i = 0; i < 4; ++i) bytes[offset + i] = static_cast<std::byte>(value >> (8 * i));
}

Bytes to_bytes(std::string_view text) {
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

/// BTF with one function, padded to a size that a kernel's would have.
Bytes make_btf() {
    constexpr std::uint32_t kTypes = 120'000;
    const std::string strings("\0vfs_rename\0", 12);
    Bytes btf(24 + kTypes + strings.size());
    put32(btf, 0, 0x0001eb9f);
    put32(btf, 4, 24);
    put32(btf, 8, 0);
    put32(btf, 12, kTypes);
    put32(btf, 16, kTypes);
    put32(btf, 20, static_cast<std::uint32_t>(strings.size()));
    // Type 1: FUNC_PROTO without parameters (12 bytes); type 2: FUNC "vfs_rename" of type 1; the rest: void
    // pointers.
    put32(btf, 24 + 4, 13U << 24);
    put32(btf, 36, 1);
    put32(btf, 36 + 4, 12U << 24);
    put32(btf, 36 + 8, 1);
    for (std::size_t at = 48; at + 12 <= 24 + kTypes; at += 12) put32(btf, at + 4, 2U << 24);
    std::copy_n(reinterpret_cast<const std::byte*>(strings.data()), strings.size(),
                btf.end() - static_cast<long>(strings.size()));
    return btf;
}

/// An "ELF" kernel: a magic number, noise, BTF, noise.
Bytes make_vmlinux() {
    Bytes image = to_bytes("\177ELF");
    image.resize(5000, std::byte{0x55});
    put32(image, 1000, 0x0001eb9f);  // a stray header that is none
    const auto btf = make_btf();
    image.insert(image.end(), btf.begin(), btf.end());
    image.resize(image.size() + 999, std::byte{0x66});
    return image;
}

Bytes pack_zstd(const Bytes& plain) {
    Bytes packed(ZSTD_compressBound(plain.size()));
    packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
    return packed;
}

/// lz4 without any match: one block of literals.
Bytes lz4_literals(const Bytes& plain) {
    Bytes block{std::byte{0xf0}};
    std::size_t left = plain.size() - 15;
    for (; left >= 255; left -= 255) block.push_back(std::byte{255});
    block.push_back(static_cast<std::byte>(left));
    block.insert(block.end(), plain.begin(), plain.end());
    Bytes frame(8);
    put32(frame, 0, 0x184c2102);
    put32(frame, 4, static_cast<std::uint32_t>(block.size()));
    frame.insert(frame.end(), block.begin(), block.end());
    return frame;
}

Bytes make_bzimage(const Bytes& payload) {
    Bytes image(3 * 512 + 100, std::byte{0});
    image[0x1f1] = std::byte{2};
    const auto magic = to_bytes("HdrS");
    std::copy(magic.begin(), magic.end(), image.begin() + 0x202);
    put32(image, 0x248, 100);
    put32(image, 0x24c, static_cast<std::uint32_t>(payload.size() + 4));
    image.insert(image.end(), payload.begin(), payload.end());
    image.resize(image.size() + 4);
    return image;
}

TEST(BootableImage, UnpacksAZstdAndAnLz4Payload) {
    const auto vmlinux = make_vmlinux();
    for (const auto& payload : {pack_zstd(vmlinux), lz4_literals(vmlinux)}) {
        const auto image = bootable_image(make_bzimage(payload), model::Arch::amd64);
        ASSERT_TRUE(image) << image.error().to_string();
        EXPECT_EQ(*image, vmlinux);
    }
}

TEST(BootableImage, TakesAnElfAndAnArm64ImageAsTheyAre) {
    EXPECT_TRUE(bootable_image(make_vmlinux(), model::Arch::amd64));
    Bytes image(100);
    put32(image, 56, 0x644d5241);
    EXPECT_EQ(*bootable_image(image, model::Arch::arm64), image);
}

TEST(BootableImage, RefusesWhatIsNoKernelOfTheArchitecture) {
    Bytes arm(2000);
    put32(arm, 56, 0x644d5241);
    EXPECT_EQ(bootable_image(arm, model::Arch::amd64).error().code, ErrorCode::corrupt_data);
    EXPECT_EQ(bootable_image(make_vmlinux(), model::Arch::arm64).error().code, ErrorCode::corrupt_data);
    EXPECT_FALSE(bootable_image({}, model::Arch::amd64));
    EXPECT_EQ(bootable_image(make_bzimage(pack_zstd(Bytes(100))), model::Arch::amd64).error().code,
              ErrorCode::corrupt_data);
}

TEST(BootableImage, NamesACompressionThatItDoesNotUnpack) {
    auto payload = to_bytes(
        "\xfd"
        "7zXZ");
    payload.resize(100);
    const auto image = bootable_image(make_bzimage(payload), model::Arch::amd64);
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, ErrorCode::unsupported);
    EXPECT_NE(image.error().message.find("xz"), std::string::npos);
}

TEST(BootableImage, SurvivesEveryTruncationAndLyingLengths) {
    const auto image = make_bzimage(pack_zstd(make_vmlinux()));
    for (std::size_t size = 0; size < image.size(); size += 37) {
        EXPECT_FALSE(bootable_image(std::span(image).first(size), model::Arch::amd64));
    }
    auto lying = image;
    put32(lying, 0x24c, 0xffffffff);
    EXPECT_FALSE(bootable_image(lying, model::Arch::amd64));
    put32(lying, 0x248, 0xffffffff);
    EXPECT_FALSE(bootable_image(lying, model::Arch::amd64));
}

TEST(Lz4Legacy, CopiesMatchesThatOverlap) {
    // literals "abc", match of 9 at offset 3; then the literal "!".
    const auto block =
        to_bytes(std::string("\x35"
                             "abc"
                             "\x03\x00"
                             "\x10!",
                             8));
    Bytes frame(8);
    put32(frame, 0, 0x184c2102);
    put32(frame, 4, static_cast<std::uint32_t>(block.size()));
    frame.insert(frame.end(), block.begin(), block.end());
    EXPECT_EQ(as_text(*unpack_lz4_legacy(frame)), "abcabcabcabc!");
}

TEST(Lz4Legacy, RefusesRandomBlocksWithoutReadingBeyondThem) {
    std::mt19937 random(7);  // NOLINT(cert-msc51-cpp)
    for (int round = 0; round < 3000; ++round) {
        Bytes frame(8);
        put32(frame, 0, 0x184c2102);
        for (auto i = random() % 60; i > 0; --i) frame.push_back(static_cast<std::byte>(random()));
        put32(frame, 4, static_cast<std::uint32_t>(frame.size() - 8));
        const auto result = unpack_lz4_legacy(frame);  // some are valid by chance
        EXPECT_LE(result ? result->size() : 0, kMaxUnpacked);
    }
}

TEST(Lz4Legacy, RefusesAnOffsetBeforeTheBlock) {
    const auto block =
        to_bytes(std::string("\x10"
                             "a"
                             "\x02\x00",
                             4));
    Bytes frame(8);
    put32(frame, 0, 0x184c2102);
    put32(frame, 4, static_cast<std::uint32_t>(block.size()));
    frame.insert(frame.end(), block.begin(), block.end());
    EXPECT_FALSE(unpack_lz4_legacy(frame));
}

TEST(ExtractBtf, FindsItInAnElfAndInABzImage) {
    const auto btf = make_btf();
    EXPECT_EQ(*extract_btf(make_vmlinux()), btf);
    EXPECT_EQ(*extract_btf(make_bzimage(pack_zstd(make_vmlinux()))), btf);
}

TEST(ExtractBtf, SaysThatThereIsNone) {
    EXPECT_EQ(extract_btf(Bytes(200'000, std::byte{1})).error().code, ErrorCode::not_found);
    const auto vmlinux = make_vmlinux();
    EXPECT_EQ(extract_btf(std::span(vmlinux).first(vmlinux.size() - 2000)).error().code,
              ErrorCode::not_found);
}

TEST(FindBtfFunction, GivesTheIdOfTheFunction) {
    const auto btf = make_btf();
    EXPECT_EQ(guest::find_btf_function(btf, "vfs_rename"), 2U);
    EXPECT_EQ(guest::find_btf_function(btf, "vfs_renam"), 0U);
    EXPECT_EQ(guest::find_btf_function(btf, "rename"), 0U);
}

TEST(FindBtfFunction, SurvivesDamage) {
    const auto btf = make_btf();
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{10}, std::size_t{24}, std::size_t{60}, btf.size() - 5}) {
        EXPECT_EQ(guest::find_btf_function(std::span(btf).first(size), "vfs_rename"), 0U);
    }
    auto damaged = btf;
    put32(damaged, 24 + 4, 31U << 24);  // an unknown kind: nothing behind it can be found
    EXPECT_EQ(guest::find_btf_function(damaged, "vfs_rename"), 0U);
}

}  // namespace
}  // namespace gadget::testkit
