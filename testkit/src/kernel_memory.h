// SPDX-License-Identifier: Apache-2.0
// The memory of a kernel as its image has it: which address is where in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gadget::testkit {

class KernelMemory {
    struct Segment {
        std::uint64_t address = 0;
        std::uint64_t size = 0;
        std::uint64_t offset = 0;
    };

  public:
    /// `image` is an uncompressed vmlinux of amd64 or Image of arm64, and must outlive the object.
    explicit KernelMemory(std::span<const std::byte> image);

    /// Address of the kernel's first byte; 0 when it cannot be told.
    [[nodiscard]] std::uint64_t base() const { return segments_.empty() ? 0 : segments_.front().address; }
    /// Address of a byte of the file; 0 when it is not part of the memory.
    [[nodiscard]] std::uint64_t address_of(std::uint64_t offset) const;
    [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const;

    /// The pointer stored at `address`, relocations applied; 0 when there is none.
    [[nodiscard]] std::uint64_t pointer(std::uint64_t address) const;
    /// Calls `visit(address, pointer)` for every aligned place in memory that could hold a pointer.
    template <class Visit>
    void each_pointer(Visit&& visit) const {
        for (const auto& segment : segments_) {
            for (std::uint64_t at = (segment.address + 7) / 8 * 8; at + 8 <= segment.address + segment.size;
                 at += 8)
                visit(at, pointer_in(segment, at));
        }
    }

    /// The word at `address`, of letters, digits, '_' and '-'; empty when there is none.
    [[nodiscard]] std::string_view word(std::uint64_t address) const;

  private:
    [[nodiscard]] std::uint64_t pointer_in(const Segment& segment, std::uint64_t address) const;
    void read_segments();
    void read_raw();

    std::span<const std::byte> image_;
    std::vector<Segment> segments_;
    std::unordered_map<std::uint64_t, std::uint64_t> relocated_;
};

}  // namespace gadget::testkit
