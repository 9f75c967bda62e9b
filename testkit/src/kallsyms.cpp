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
#include <array>
#include <cstring>
#include <optional>

#include "gadget/testkit/kernels.h"

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
    Tokens tokens{.start = start, .text = {}};
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
        if (table + sizeof offsets <= image.size() &&
            std::memcmp(image.data() + table, offsets.data(), sizeof offsets) == 0)
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
            if (are_names(image, at + header, count, tokens)) return Names{at + header, count};
        }
    }
    return std::nullopt;
}

}  // namespace

Result<model::SymbolList> extract_symbols(Image image) {
    const auto tokens = find_tokens(image);
    const auto names = tokens ? find_names(image, *tokens) : std::nullopt;
    if (!names) {
        return Error{.code = ErrorCode::not_found,
                     .message = "the kernel image carries no list of its symbols (CONFIG_KALLSYMS)"};
    }
    std::vector<model::KernelSymbol> symbols;
    symbols.reserve(names->count);
    NameReader reader(image, names->start, tokens->start);
    for (std::size_t i = 0; i < names->count; ++i) {
        std::string text;
        for (const auto token : reader.next()) text += tokens->text[std::to_integer<std::size_t>(token)];
        symbols.push_back({.name = text.substr(1), .type = text[0]});
    }
    return model::SymbolList::of(std::move(symbols));
}

}  // namespace gadget::testkit
