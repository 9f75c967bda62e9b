// SPDX-License-Identifier: Apache-2.0
// The names of a kernel's symbols, out of its image. A kernel carries them for /proc/kallsyms: each name is a
// sequence of tokens, a table says what each of 256 tokens stands for. Nothing in the image says where the
// tables are, but they are so regular that they can be found (scripts/kallsyms.c and kernel/kallsyms.c of
// Linux):
//
//     u32 number of symbols, padding to 8 bytes in some versions
//     names: for each symbol its number of tokens (one byte; two, low seven bits first, from 128 on), tokens
//     u32 for every 256th symbol: where it stands in the names ("markers")
//     ...
//     256 strings: the tokens; digits and letters mostly stand for themselves
//     u16[256]: where each of the strings begins
//
// Addresses are 32-bit numbers, which stand before all that (before Linux 6.4) or behind it: offsets from a
// base, or from the place of the number itself.
#include "kallsyms.h"

#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "gadget/support/files.h"

namespace gadget::testkit {
namespace {

using Image = std::span<const std::byte>;

constexpr std::size_t kTokens = 256;
constexpr std::size_t kMarkerStep = 256;
constexpr std::size_t kLeastSymbols = 5'000;  // a kernel has far more; arbitrary data rarely passes for them
constexpr std::size_t kMostSymbols = 2'000'000;
constexpr std::size_t kReach = std::size_t{64} << 20;  // names lie at most this far before the tokens

struct Tokens {
    std::size_t start = 0;  ///< in the image
    std::size_t end = 0;    ///< behind the offsets of the strings
    std::array<std::string_view, kTokens> text;
};

template <class T>
T read(Image image, std::size_t offset) {
    T value;
    std::memcpy(&value, image.data() + offset, sizeof value);
    return value;
}

std::size_t align(std::size_t offset, std::size_t to) {
    return (offset + to - 1) / to * to;
}

// The tokens beginning at `start`, when the table of offsets that must follow says the same.
std::optional<Tokens> tokens_at(Image image, std::size_t start) {
    const auto all = as_text(image);
    Tokens tokens{.start = start, .end = 0, .text = {}};
    std::array<std::uint16_t, kTokens> offsets{};
    auto at = start;
    for (std::size_t i = 0; i < kTokens; ++i) {
        const auto end = all.find('\0', at);
        if (end == std::string_view::npos || end == at || end - start > 0xffff) return std::nullopt;
        offsets[i] = static_cast<std::uint16_t>(at - start);
        tokens.text[i] = all.substr(at, end - at);
        at = end + 1;
    }
    for (const std::size_t alignment : {8U, 4U, 2U}) {
        const auto table = align(at, alignment);
        if (table + sizeof offsets > image.size() ||
            std::memcmp(image.data() + table, offsets.data(), sizeof offsets) != 0)
            continue;
        tokens.end = table + sizeof offsets;
        return tokens;
    }
    return std::nullopt;
}

std::optional<Tokens> find_tokens(Image image) {
    using namespace std::string_view_literals;
    constexpr auto kDigits = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0"sv;
    constexpr std::size_t kBeforeDigits = '0';
    const auto all = as_text(image);
    for (auto at = all.find(kDigits); at != std::string_view::npos; at = all.find(kDigits, at + 1)) {
        auto start = at;
        for (std::size_t i = 0; i < kBeforeDigits && start > 1; ++i) {
            const auto end = all.rfind('\0', start - 2);
            start = end == std::string_view::npos ? 0 : end + 1;
        }
        if (start == 0) continue;
        if (auto tokens = tokens_at(image, start)) return tokens;
    }
    return std::nullopt;
}

/// Reads the token counts and tokens of names, one after another.
class NameReader {
  public:
    NameReader(Image image, std::size_t start, std::size_t end) : image_(image), at_(start), end_(end) {}

    /// The tokens of the next name; empty when the data does not read as names.
    Image next() {
        if (at_ + 2 > end_) return {};
        std::size_t length = std::to_integer<std::size_t>(image_[at_++]);
        if (length >= 128) length = (length - 128) | std::to_integer<std::size_t>(image_[at_++]) << 7;
        if (length > end_ - at_) return {};
        const auto tokens = image_.subspan(at_, length);
        at_ += length;
        return tokens;
    }
    [[nodiscard]] std::size_t position() const { return at_; }

  private:
    Image image_;
    std::size_t at_;
    std::size_t end_;
};

bool is_type_letter(char letter) {
    return std::string_view("AaBbCcDdGgIiNnRrSsTtUuVvWw?").find(letter) != std::string_view::npos;
}

// Whether `count` names begin at `start`: the markers behind them decide.
bool are_names(Image image, std::size_t start, std::size_t count, const Tokens& tokens) {
    NameReader reader(image, start, tokens.start);
    std::vector<std::uint32_t> markers;
    for (std::size_t i = 0; i < count; ++i) {
        if (i % kMarkerStep == 0) markers.push_back(static_cast<std::uint32_t>(reader.position() - start));
        const auto name = reader.next();
        if (name.empty()) return false;
        if (!is_type_letter(tokens.text[std::to_integer<std::size_t>(name[0])][0])) return false;
    }
    const auto size = markers.size() * sizeof(std::uint32_t);
    for (const std::size_t alignment : {8U, 4U}) {
        const auto table = align(reader.position(), alignment);
        if (table + size <= tokens.start && std::memcmp(image.data() + table, markers.data(), size) == 0)
            return true;
    }
    return false;
}

struct Names {
    std::size_t header = 0;  ///< where the number of symbols stands
    std::size_t start = 0;
    std::size_t count = 0;
};

std::optional<Names> find_names(Image image, const Tokens& tokens) {
    const auto lowest = tokens.start > kReach ? tokens.start - kReach : 0;
    for (auto at = tokens.start / 4 * 4; at >= lowest + 4;) {
        at -= 4;
        const auto count = read<std::uint32_t>(image, at);
        if (count < kLeastSymbols || count > kMostSymbols) continue;
        for (const std::size_t header : {4U, 8U}) {
            if (are_names(image, at + header, count, tokens)) return Names{at, at + header, count};
        }
    }
    return std::nullopt;
}

/// Turns the number of a symbol into its address.
class Addresses {
  public:
    /// `text` is the number of the symbol _text, which is where the kernel begins.
    Addresses(Image image, const KernelMemory& memory, const Tokens& tokens, const Names& names,
              std::optional<std::size_t> text)
        : image_(image), memory_(memory), count_(names.count) {
        const auto length = names.count * sizeof(std::uint32_t);
        const auto fits = [&] { return !text || memory.base() == 0 || of(*text) == memory.base(); };
        for (const std::size_t alignment : {4U, 8U}) {
            const auto behind = align(tokens.end, alignment);
            const auto base = align(behind + length, 8);
            if (base + sizeof base_ <= image.size() && take(behind, base) && fits()) return;
        }
        const auto header = names.header / 8 * 8;
        const auto size = align(length, 8);
        if (header >= size + sizeof base_ && take(header - sizeof base_ - size, header - sizeof base_) &&
            fits())
            return;
        scheme_ = Scheme::unknown;
    }

    /// 0 when it is not known.
    [[nodiscard]] std::uint64_t of(std::size_t index) const {
        const auto place = offsets_ + index * sizeof(std::uint32_t);
        switch (scheme_) {
            case Scheme::unknown:
                return 0;
            case Scheme::from_base:
                return base_ + read<std::uint32_t>(image_, place);
            case Scheme::from_place:
                return memory_.address_of(place) + static_cast<std::uint64_t>(number(index));
            case Scheme::split:
                // Positive ones are variables of each processor, negative ones count from base - 1.
                return number(index) >= 0 ? static_cast<std::uint64_t>(number(index))
                                          : base_ - 1 + static_cast<std::uint64_t>(-number(index));
        }
        return 0;
    }

  private:
    /// How the kernel's build wrote the offsets: the last since Linux 7.
    enum class Scheme { unknown, from_base, split, from_place };

    [[nodiscard]] std::int64_t number(std::size_t index) const {
        return read<std::int32_t>(image_, offsets_ + index * sizeof(std::uint32_t));
    }

    /// Whether the symbols are in order, as they are in every kernel, when their addresses are `address(i)`.
    template <class Address>
    [[nodiscard]] bool in_order(Address&& address) const {
        std::size_t wrong = 0;
        for (std::size_t i = 1; i < count_; ++i) wrong += address(i - 1) > address(i) ? 1 : 0;
        return wrong <= count_ / 100;
    }

    bool take(std::size_t offsets, std::size_t base) {
        scheme_ = Scheme::unknown;
        constexpr std::uint64_t kKernelSpace = 0xffff'0000'0000'0000;
        offsets_ = offsets;
        base_ = read<std::uint64_t>(image_, base);
        // A relocation may be what fills the base in.
        if (base_ == 0) base_ = memory_.pointer(memory_.address_of(base));
        const auto plain = [&](std::size_t i) { return static_cast<std::uint32_t>(number(i)); };
        const auto placed = [&](std::size_t i) {
            return number(i) + static_cast<std::int64_t>(i * sizeof(std::uint32_t));
        };
        const auto inverse = [&](std::size_t i) {
            return number(i) >= 0 ? number(i) - (std::int64_t{1} << 32) : -number(i);
        };
        if (in_order(plain) && base_ >= kKernelSpace)
            scheme_ = Scheme::from_base;
        else if (in_order(inverse) && base_ >= kKernelSpace)
            scheme_ = Scheme::split;
        else if (in_order(placed))
            scheme_ = Scheme::from_place;
        return scheme_ != Scheme::unknown;
    }

    Image image_;
    const KernelMemory& memory_;
    std::size_t count_;
    std::size_t offsets_ = 0;
    std::uint64_t base_ = 0;
    Scheme scheme_ = Scheme::unknown;
};

}  // namespace

Result<std::vector<ImageSymbol>> read_kallsyms(Image image, const KernelMemory& memory) {
    const auto tokens = find_tokens(image);
    const auto names = tokens ? find_names(image, *tokens) : std::nullopt;
    if (!names) {
        return Error{.code = ErrorCode::not_found,
                     .message = "the kernel image carries no list of its symbols (CONFIG_KALLSYMS)"};
    }
    std::vector<ImageSymbol> symbols;
    symbols.reserve(names->count);
    std::optional<std::size_t> text_number;
    NameReader reader(image, names->start, tokens->start);
    for (std::size_t i = 0; i < names->count; ++i) {
        std::string text;
        for (const auto token : reader.next()) text += tokens->text[std::to_integer<std::size_t>(token)];
        if (std::string_view(text).substr(1) == "_text") text_number = i;
        symbols.push_back({.name = text.substr(1), .type = text[0]});
    }
    const Addresses addresses(image, memory, *tokens, *names, text_number);
    for (std::size_t i = 0; i < symbols.size(); ++i) symbols[i].address = addresses.of(i);
    return symbols;
}

}  // namespace gadget::testkit
