// SPDX-License-Identifier: Apache-2.0
// Sections, symbols and relocations of a little-endian ELF64 eBPF object. Everything is checked when it is
// opened; the views stay valid as long as the bytes of the object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "byte_view.h"
#include "gadget/support/result.h"

namespace gadget::validator {

struct ElfSection {
    std::string_view name;
    std::uint32_t type = 0;   ///< SHT_*
    std::uint64_t flags = 0;  ///< SHF_*
    std::uint32_t link = 0;
    std::uint32_t info = 0;
    std::uint64_t size = 0;  ///< also for SHT_NOBITS
    ByteSpan data;           ///< empty for SHT_NOBITS

    /// Code of programs: PROGBITS that is executable.
    [[nodiscard]] bool is_code() const;
};

struct ElfSymbol {
    std::string_view name;
    std::uint32_t section = 0;  ///< index of its section; 0 when undefined, absolute or common
    std::uint8_t type = 0;      ///< STT_*
    std::uint8_t binding = 0;   ///< STB_*
    std::uint64_t value = 0;    ///< offset in its section
    std::uint64_t size = 0;
};

class ElfView {
  public:
    static Result<ElfView> open(ByteSpan object);

    [[nodiscard]] const std::vector<ElfSection>& sections() const { return sections_; }
    [[nodiscard]] const std::vector<ElfSymbol>& symbols() const { return symbols_; }

    /// The first section of that name, or nullptr.
    [[nodiscard]] const ElfSection* find_section(std::string_view name) const;
    /// Index of the first section of that name, 0 when there is none.
    [[nodiscard]] std::uint32_t section_index(std::string_view name) const;
    /// The data symbol (STT_OBJECT) of that name, global ones first, or nullptr.
    [[nodiscard]] const ElfSymbol* find_object(std::string_view name) const;
    /// The bytes of a symbol; empty for .bss and for symbols that leave their section.
    [[nodiscard]] ByteSpan data_of(const ElfSymbol& symbol) const;

  private:
    Result<void> read_sections(ByteSpan object);
    Result<void> read_symbols();

    std::vector<ElfSection> sections_;
    std::vector<ElfSymbol> symbols_;
    std::unordered_map<std::string_view, std::uint32_t> section_by_name_;
    std::unordered_map<std::string_view, std::uint32_t> object_by_name_;
};

}  // namespace gadget::validator
