// SPDX-License-Identifier: Apache-2.0
#include "kernel_image.h"

#include <array>
#include <cstring>
#include <string_view>

#include "decompress.h"
#include "gadget/testkit/kernels.h"

namespace gadget::testkit {
namespace {

using namespace std::string_view_literals;

// Documentation/arch/x86/boot.rst and Documentation/arch/arm64/booting.rst of Linux.
constexpr std::size_t kSetupSectors = 0x1f1;
constexpr std::size_t kHeaderMagic = 0x202;
constexpr std::size_t kPayloadOffset = 0x248;
constexpr std::size_t kPayloadLength = 0x24c;
constexpr std::size_t kArm64Magic = 56;

constexpr std::string_view kElf =
    "\x7f"
    "ELF";
constexpr std::string_view kLz4 = "\x02\x21\x4c\x18";
constexpr std::string_view kZstd = "\x28\xb5\x2f\xfd";
constexpr std::string_view kXz =
    "\xfd"
    "7zXZ";
constexpr std::string_view kGzip = "\x1f\x8b";

std::uint32_t read32(std::span<const std::byte> bytes, std::size_t offset) {
    std::uint32_t value = 0;
    if (offset + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
    return as_text(bytes).starts_with(magic);
}

Error not_a_kernel(std::string_view why) {
    return Error{.code = ErrorCode::corrupt_data, .message = "not a kernel image: " + std::string(why)};
}

Result<Bytes> unpack_payload(std::span<const std::byte> payload) {
    // The last four bytes are the unpacked size, appended by the kernel's build; they are not part of the
    // stream.
    const auto stream = payload.first(payload.size() - 4);
    if (starts_with(payload, kLz4)) return unpack_lz4_legacy(stream);
    if (starts_with(payload, kZstd)) return unpack_zstd(stream);
    const char* name = starts_with(payload, kXz)     ? "xz"
                       : starts_with(payload, kGzip) ? "gzip"
                                                     : "an unknown method";
    return Error{
        .code = ErrorCode::unsupported,
        .message = "the kernel is packed with " + std::string(name) + ", only lz4 and zstd are unpacked here",
        .hint = "give the uncompressed 'vmlinux' of this kernel"};
}

Result<Bytes> unpack_bzimage(std::span<const std::byte> image) {
    if (image.size() < kPayloadLength + 4 || as_text(image.subspan(kHeaderMagic, 4)) != "HdrS") {
        return not_a_kernel("no boot protocol header of x86");
    }
    auto sectors = std::to_integer<std::size_t>(image[kSetupSectors]);
    if (sectors == 0) sectors = 4;  // what old images mean
    const std::size_t start = (sectors + 1) * 512 + read32(image, kPayloadOffset);
    const std::size_t length = read32(image, kPayloadLength);
    if (start > image.size() || length > image.size() - start || length < 16) {
        return not_a_kernel("its payload lies outside of the file");
    }
    GADGET_TRY_ASSIGN(Bytes vmlinux, unpack_payload(image.subspan(start, length)));
    if (!starts_with(vmlinux, kElf)) return not_a_kernel("its payload is no ELF file");
    return vmlinux;
}

}  // namespace

Result<Bytes> bootable_image(std::span<const std::byte> image, model::Arch arch) {
    if (arch == model::Arch::amd64) {
        if (starts_with(image, kElf)) return Bytes(image.begin(), image.end());
        return unpack_bzimage(image);
    }
    if (image.size() < kArm64Magic + 4 || as_text(image.subspan(kArm64Magic, 4)) != "ARM\x64"sv) {
        return not_a_kernel("no Image header of arm64");
    }
    return Bytes(image.begin(), image.end());
}

std::span<const std::byte> find_btf(std::span<const std::byte> image) {
    // struct btf_header: magic, version 1, flags 0, hdr_len, type_off, type_len, str_off, str_len.
    constexpr std::string_view kStart("\x9f\xeb\x01\x00\x18\x00\x00\x00\x00\x00\x00\x00", 12);
    constexpr std::size_t kHeader = 24;
    constexpr std::size_t kSmallest = 100'000;  // BTF of a kernel is far larger; a stray header is not
    const auto text = as_text(image);
    for (auto at = text.find(kStart); at != std::string_view::npos; at = text.find(kStart, at + 1)) {
        if (image.size() - at < kHeader) return {};
        const std::uint64_t types = read32(image, at + 12);
        const std::uint64_t strings_offset = read32(image, at + 16);
        const std::uint64_t strings = read32(image, at + 20);
        const auto end = at + kHeader + strings_offset + strings;
        if (strings_offset != types || types < kSmallest || strings == 0 || end > image.size()) continue;
        if (text[at + kHeader + strings_offset] != '\0' || text[end - 1] != '\0') continue;
        return image.subspan(at, end - at);
    }
    return {};
}

Result<Bytes> extract_btf(std::span<const std::byte> image) {
    std::span<const std::byte> view = image;
    Bytes unpacked;
    if (!starts_with(image, kElf) && image.size() > kHeaderMagic + 4 &&
        as_text(image.subspan(kHeaderMagic, 4)) == "HdrS") {
        GADGET_TRY_ASSIGN(unpacked, unpack_bzimage(image));
        view = unpacked;
    }
    const auto btf = find_btf(view);
    if (btf.empty()) return Error{.code = ErrorCode::not_found, .message = "the kernel image has no BTF"};
    return Bytes(btf.begin(), btf.end());
}

}  // namespace gadget::testkit
