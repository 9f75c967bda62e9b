// SPDX-License-Identifier: Apache-2.0
// Tables as scripts/kallsyms.c of Linux writes them, made here without its compression: every letter is its
// own token, and so is every pair "tX".
#include <gtest/gtest.h>

#include <cstring>

#include "gadget/model/kernel_facts.h"
#include "gadget/support/files.h"
#include "kallsyms.h"

namespace gadget::testkit {
namespace {

struct Layout {
    std::size_t header = 8;      ///< bytes of the number of symbols
    std::size_t long_name = 0;   ///< length of one name, more than 127 tokens
    std::size_t lost_names = 0;  ///< bytes cut out of the names
};

void append(std::string& image, const void* data, std::size_t size) {
    image.append(static_cast<const char*>(data), size);
}

Result<model::SymbolList> extract_symbols(std::span<const std::byte> image) {
    GADGET_TRY_ASSIGN(const auto symbols, read_kallsyms(image, KernelMemory(image)));
    std::vector<model::KernelSymbol> names;
    for (const auto& symbol : symbols) names.push_back({symbol.name, symbol.type});
    return model::SymbolList::of(std::move(names));
}

std::string make_image(const Layout& layout) {
    std::string image(4096, 'x');
    const std::uint32_t count = 6000;
    append(image, &count, sizeof count);
    image.resize(image.size() + layout.header - sizeof count);
    const auto start = image.size();
    std::vector<std::uint32_t> markers;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (i % 256 == 0) markers.push_back(static_cast<std::uint32_t>(image.size() - start));
        auto name = "Tsymbol_" + std::to_string(i);
        if (i == 77 && layout.long_name > 0) name = "t" + std::string(layout.long_name, 'z');
        if (name.size() < 128) {
            image += static_cast<char>(name.size());
        } else {
            image += static_cast<char>(128 + name.size() % 128);
            image += static_cast<char>(name.size() / 128);
        }
        image += name;
    }
    image.resize(image.size() - layout.lost_names);
    image.resize((image.size() + 7) / 8 * 8);
    append(image, markers.data(), markers.size() * 4);
    image.resize((image.size() + 7) / 8 * 8);
    std::vector<std::uint16_t> offsets;
    const auto tokens = image.size();
    for (int i = 0; i < 256; ++i) {
        offsets.push_back(static_cast<std::uint16_t>(image.size() - tokens));
        const bool own = i >= '0' && i <= 'z';
        image += own ? std::string(1, static_cast<char>(i)) : "pair" + std::to_string(i);
        image += '\0';
    }
    image.resize((image.size() + 7) / 8 * 8);
    append(image, offsets.data(), offsets.size() * 2);
    return image + std::string(100, 'y');
}

TEST(Kallsyms, ReadsTheTablesOfAnImage) {
    for (const std::size_t header : {4U, 8U}) {
        const auto image = make_image({.header = header});
        const auto symbols = extract_symbols(as_bytes(image));
        ASSERT_TRUE(symbols.has_value()) << symbols.error().to_string();
        EXPECT_TRUE(symbols->has_function("symbol_0"));
        EXPECT_TRUE(symbols->has_function("symbol_5999"));
        EXPECT_FALSE(symbols->has("symbol_6000"));
    }
}

TEST(Kallsyms, ReadsNamesOfMoreThan127Tokens) {
    const auto image = make_image({.long_name = 300});
    const auto symbols = extract_symbols(as_bytes(image));
    ASSERT_TRUE(symbols.has_value());
    EXPECT_TRUE(symbols->has_function(std::string(300, 'z')));
    EXPECT_TRUE(symbols->has_function("symbol_5999"));
}

TEST(Kallsyms, WithoutTablesThereIsNothing) {
    for (const auto& image : {std::string(), std::string(1 << 16, '\0'), make_image({.lost_names = 12})}) {
        const auto symbols = extract_symbols(as_bytes(image));
        ASSERT_FALSE(symbols.has_value());
        EXPECT_EQ(symbols.error().code, ErrorCode::not_found);
    }
}

TEST(Kallsyms, ImagesThatAreCutOffAreHarmless) {
    const auto image = make_image({});
    for (std::size_t size = 0; size < image.size(); size += 997)
        EXPECT_FALSE(extract_symbols(as_bytes(std::string_view(image).substr(0, size))).has_value());
}

}  // namespace
}  // namespace gadget::testkit
