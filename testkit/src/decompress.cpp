// SPDX-License-Identifier: Apache-2.0
#include "decompress.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

namespace gadget::testkit {
namespace {

constexpr std::uint32_t kLz4LegacyMagic = 0x184c2102;
constexpr std::size_t kLz4BlockSize = std::size_t{8} << 20;

Error corrupt(const char* why) {
    return Error{.code = ErrorCode::corrupt_data, .message = why};
}

/// Reads one lz4 block (sequences of literals and matches) and appends what it stands for. The format is
/// lz4's "Block Format Description": token with two 4-bit lengths, 255-continued; offset of 16 bits, little
/// endian.
class Lz4Block {
  public:
    Lz4Block(std::span<const std::byte> in, Bytes& out) : in_(in), out_(out), start_(out.size()) {}

    bool unpack() {
        while (position_ < in_.size()) {
            const auto token = std::to_integer<unsigned>(in_[position_++]);
            std::size_t literals = token >> 4;
            if (!extend(literals) || literals > in_.size() - position_ || !fits(literals)) return false;
            const auto from = in_.subspan(position_, literals);
            out_.insert(out_.end(), from.begin(), from.end());
            position_ += literals;
            if (position_ == in_.size()) return true;  // the last sequence has no match
            if (in_.size() - position_ < 2) return false;
            const std::size_t offset = std::to_integer<std::size_t>(in_[position_]) |
                                       std::to_integer<std::size_t>(in_[position_ + 1]) << 8;
            position_ += 2;
            std::size_t length = token & 15;
            if (!extend(length)) return false;
            length += 4;
            if (offset == 0 || offset > out_.size() - start_ || !fits(length)) return false;
            copy_match(offset, length);
        }
        return false;
    }

  private:
    /// A length of 15 goes on in the following bytes, as long as they are 255.
    bool extend(std::size_t& length) {
        if (length != 15) return true;
        while (position_ < in_.size()) {
            const auto byte = std::to_integer<std::size_t>(in_[position_++]);
            length += byte;
            if (byte != 255) return true;
        }
        return false;
    }
    [[nodiscard]] bool fits(std::size_t more) const { return more <= kLz4BlockSize - (out_.size() - start_); }

    /// Source and target may overlap: the match then repeats its own output.
    void copy_match(std::size_t offset, std::size_t length) {
        const std::size_t from = out_.size() - offset;
        out_.resize(out_.size() + length);
        std::byte* target = out_.data() + out_.size() - length;
        const std::byte* source = out_.data() + from;
        if (offset >= length) {
            std::copy_n(source, length, target);
        } else {
            for (std::size_t i = 0; i < length; ++i) target[i] = source[i];
        }
    }

    std::span<const std::byte> in_;
    Bytes& out_;
    std::size_t start_;
    std::size_t position_ = 0;
};

std::uint32_t little_endian32(std::span<const std::byte> bytes) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
    return value;
}

}  // namespace

Result<Bytes> unpack_lz4_legacy(std::span<const std::byte> packed) {
    if (packed.size() < 4 || little_endian32(packed) != kLz4LegacyMagic)
        return corrupt("no lz4 legacy frame");
    packed = packed.subspan(4);
    Bytes out;
    while (packed.size() >= 4) {
        const auto size = little_endian32(packed);
        packed = packed.subspan(4);
        if (size == kLz4LegacyMagic) continue;  // a frame may follow a frame
        if (size > packed.size()) return corrupt("the lz4 stream is cut off");
        if (out.size() > kMaxUnpacked - kLz4BlockSize) return corrupt("the lz4 stream unpacks to too much");
        if (!Lz4Block(packed.first(size), out).unpack())
            return corrupt("a block of the lz4 stream is damaged");
        packed = packed.subspan(size);
    }
    return out;
}

Result<Bytes> unpack_zstd(std::span<const std::byte> packed) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    if (context == nullptr) return Error{.code = ErrorCode::internal, .message = "no memory for zstd"};
    // The kernel is packed with a window larger than what zstd accepts by itself.
    (void)ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 28);
    Bytes out;
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    const std::size_t chunk = ZSTD_DStreamOutSize();
    while (true) {
        const auto used = out.size();
        if (used > kMaxUnpacked) return corrupt("the zstd stream unpacks to too much");
        out.resize(used + std::max(chunk, used));
        ZSTD_outBuffer buffer{out.data() + used, out.size() - used, 0};
        const auto left = ZSTD_decompressStream(context.get(), &buffer, &in);
        out.resize(used + buffer.pos);
        if (ZSTD_isError(left) != 0) return corrupt("the zstd stream is damaged");
        if (left == 0) return out;
        if (in.pos == in.size && buffer.pos < buffer.size) return corrupt("the zstd stream is cut off");
    }
}

}  // namespace gadget::testkit
