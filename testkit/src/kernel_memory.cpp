// SPDX-License-Identifier: Apache-2.0
#include "kernel_memory.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "gadget/support/files.h"

namespace gadget::testkit {
namespace {

using Image = std::span<const std::byte>;

constexpr std::uint64_t kArm64Relative = 0x403;  // R_AARCH64_RELATIVE
constexpr std::uint64_t kArm64Kernel = 0xffff'8000'0000'0000;
constexpr std::uint64_t kArm64Reach = std::uint64_t{4} << 30;  // of the addresses that kernels are linked to
constexpr unsigned kBaseShift = 21;                            // they begin at a multiple of 2 MiB

template <class T>
std::optional<T> read(Image image, std::uint64_t offset) {
    if (offset > image.size() || sizeof(T) > image.size() - offset) return std::nullopt;
    T value;
    std::memcpy(&value, image.data() + offset, sizeof value);
    return value;
}

// An Image does not say which address it was linked to, but holds many pointers to itself: the lowest 2 MiB
// that many of them point into is where it begins.
std::uint64_t guess_base(Image image) {
    constexpr std::uint32_t kMany = 500;
    std::array<std::uint32_t, (kArm64Reach >> kBaseShift)> pointers{};
    for (std::uint64_t at = 0; at + 8 <= image.size(); at += 8) {
        const auto value = *read<std::uint64_t>(image, at);
        if (value >= kArm64Kernel && value - kArm64Kernel < kArm64Reach)
            ++pointers[(value - kArm64Kernel) >> kBaseShift];
    }
    const auto* first =
        std::find_if(pointers.begin(), pointers.end(), [](std::uint32_t count) { return count >= kMany; });
    if (first == pointers.end()) return 0;
    return kArm64Kernel + (static_cast<std::uint64_t>(first - pointers.begin()) << kBaseShift);
}

}  // namespace

KernelMemory::KernelMemory(Image image) : image_(image) {
    if (as_text(image).starts_with("\x7f"
                                   "ELF"))
        read_segments();
    else
        read_raw();
}

void KernelMemory::read_segments() {
    const auto header = read<Elf64_Ehdr>(image_, 0);
    if (!header || header->e_phentsize != sizeof(Elf64_Phdr)) return;
    for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
        const auto entry = read<Elf64_Phdr>(image_, header->e_phoff + i * sizeof(Elf64_Phdr));
        if (!entry) return;
        if (entry->p_type == PT_LOAD) segments_.push_back({entry->p_vaddr, entry->p_filesz, entry->p_offset});
    }
}

// The pointers of an Image may be zero, to be filled in by relocations, which stand somewhere in it as
// triples of address, type and value.
void KernelMemory::read_raw() {
    const auto base = guess_base(image_);
    if (base == 0) return;
    segments_.push_back({base, image_.size(), 0});
    for (std::uint64_t at = 0; at + 24 <= image_.size(); at += 8) {
        if (*read<std::uint64_t>(image_, at + 8) != kArm64Relative) continue;
        const auto address = *read<std::uint64_t>(image_, at);
        const auto value = *read<std::uint64_t>(image_, at + 16);
        if (offset_of(address)) relocated_.emplace(address, value);
    }
}

std::uint64_t KernelMemory::address_of(std::uint64_t offset) const {
    for (const auto& segment : segments_) {
        if (offset >= segment.offset && offset - segment.offset < segment.size)
            return segment.address + (offset - segment.offset);
    }
    return 0;
}

std::optional<std::uint64_t> KernelMemory::offset_of(std::uint64_t address) const {
    for (const auto& segment : segments_) {
        if (address >= segment.address && address - segment.address < segment.size)
            return segment.offset + (address - segment.address);
    }
    return std::nullopt;
}

std::uint64_t KernelMemory::pointer(std::uint64_t address) const {
    for (const auto& segment : segments_) {
        if (address >= segment.address && address - segment.address < segment.size)
            return pointer_in(segment, address);
    }
    return 0;
}

std::uint64_t KernelMemory::pointer_in(const Segment& segment, std::uint64_t address) const {
    const auto value = read<std::uint64_t>(image_, segment.offset + (address - segment.address));
    if (value && *value != 0) return *value;
    const auto relocated = relocated_.find(address);
    return relocated == relocated_.end() ? 0 : relocated->second;
}

std::string_view KernelMemory::word(std::uint64_t address) const {
    constexpr std::size_t kLongest = 64;
    const auto offset = offset_of(address);
    if (!offset || *offset >= image_.size()) return {};
    const auto text = as_text(image_).substr(*offset, kLongest);
    const auto word = text.substr(0, text.find('\0'));
    const bool plain =
        word.size() < text.size() && std::all_of(
                                         word.begin(), word.end(),
                                         [](char c) {
                                             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                                    (c >= '0' && c <= '9') || c == '_' || c == '-';
                                         });
    return plain ? word : std::string_view{};
}

}  // namespace gadget::testkit
