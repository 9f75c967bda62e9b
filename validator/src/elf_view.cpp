// SPDX-License-Identifier: Apache-2.0
#include "elf_view.h"

#include <elf.h>

namespace gadget::validator {
namespace {

Error corrupt(std::string message) {
    return Error{.code = ErrorCode::corrupt_data, .message = std::move(message)};
}

Error wrong_file(std::string message, std::string hint) {
    return Error{.code = ErrorCode::corrupt_data, .message = std::move(message), .hint = std::move(hint)};
}

Result<Elf64_Ehdr> read_header(ByteSpan object) {
    const auto ident = part(object, 0, EI_NIDENT);
    if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0) return corrupt("not an ELF file");
    const auto byte = [&](int index) {
        return std::to_integer<int>((*ident)[static_cast<std::size_t>(index)]);
    };
    if (byte(EI_CLASS) != ELFCLASS64) return wrong_file("not a 64-bit ELF file", "compile with -target bpf");
    if (byte(EI_DATA) != ELFDATA2LSB)
        return wrong_file("a big-endian object",
                          "compile with -target bpfel; amd64 and arm64 are little-endian");
    const auto header = read_at<Elf64_Ehdr>(object, 0);
    if (!header) return corrupt("the ELF header is cut off");
    if (header->e_machine != EM_BPF)
        return wrong_file("an ELF file for machine " + std::to_string(header->e_machine) + ", not for eBPF",
                          "compile with -target bpf");
    if (header->e_shoff == 0 || header->e_shnum == 0) return corrupt("the ELF file has no sections");
    if (header->e_shentsize != sizeof(Elf64_Shdr))
        return corrupt("the ELF file has section headers of unknown size");
    return *header;
}

}  // namespace

bool ElfSection::is_code() const {
    return type == SHT_PROGBITS && (flags & SHF_EXECINSTR) != 0;
}

Result<ElfView> ElfView::open(ByteSpan object) {
    ElfView view;
    GADGET_TRY(view.read_sections(object));
    GADGET_TRY(view.read_symbols());
    return view;
}

Result<void> ElfView::read_sections(ByteSpan object) {
    GADGET_TRY_ASSIGN(const Elf64_Ehdr header, read_header(object));
    const auto table = part(object, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr));
    if (!table) return corrupt("the section headers lie outside the file: it is cut off or damaged");

    std::vector<Elf64_Shdr> headers(header.e_shnum);
    std::memcpy(headers.data(), table->data(), table->size());
    ByteSpan names;
    if (header.e_shstrndx < headers.size()) {
        const auto& strings = headers[header.e_shstrndx];
        if (const auto data = part(object, strings.sh_offset, strings.sh_size)) names = *data;
    }
    if (names.empty()) return corrupt("the ELF file has no section names");

    sections_.reserve(headers.size());
    for (const auto& entry : headers) {
        ElfSection section{.name = name_at(names, entry.sh_name),
                           .type = entry.sh_type,
                           .flags = entry.sh_flags,
                           .link = entry.sh_link,
                           .info = entry.sh_info,
                           .size = entry.sh_size,
                           .data = {}};
        if (entry.sh_type != SHT_NOBITS && entry.sh_type != SHT_NULL) {
            const auto data = part(object, entry.sh_offset, entry.sh_size);
            if (!data) {
                return corrupt("section '" + std::string(section.name) +
                               "' lies outside the file: it is cut off or damaged");
            }
            section.data = *data;
        }
        section_by_name_.try_emplace(section.name, static_cast<std::uint32_t>(sections_.size()));
        sections_.push_back(section);
    }
    return {};
}

Result<void> ElfView::read_symbols() {
    const ElfSection* table = nullptr;
    for (const auto& section : sections_) {
        if (section.type != SHT_SYMTAB) continue;
        if (table != nullptr) return corrupt("the ELF file has two symbol tables");
        table = &section;
    }
    if (table == nullptr) return {};
    if (table->link >= sections_.size() || table->data.size() % sizeof(Elf64_Sym) != 0)
        return corrupt("the symbol table is damaged");

    const auto names = sections_[table->link].data;
    const auto count = table->data.size() / sizeof(Elf64_Sym);
    symbols_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto raw = read_at<Elf64_Sym>(table->data, i * sizeof(Elf64_Sym));
        ElfSymbol symbol{.name = name_at(names, raw->st_name),
                         .section = raw->st_shndx < sections_.size() ? raw->st_shndx : 0U,
                         .type = static_cast<std::uint8_t>(ELF64_ST_TYPE(raw->st_info)),
                         .binding = static_cast<std::uint8_t>(ELF64_ST_BIND(raw->st_info)),
                         .value = raw->st_value,
                         .size = raw->st_size};
        if (symbol.type == STT_OBJECT && !symbol.name.empty()) {
            const auto index = static_cast<std::uint32_t>(symbols_.size());
            const auto [place, added] = object_by_name_.try_emplace(symbol.name, index);
            if (!added && symbol.binding != STB_LOCAL) place->second = index;
        }
        symbols_.push_back(symbol);
    }
    return {};
}

const ElfSection* ElfView::find_section(std::string_view name) const {
    const auto found = section_by_name_.find(name);
    return found == section_by_name_.end() ? nullptr : &sections_[found->second];
}

std::uint32_t ElfView::section_index(std::string_view name) const {
    const auto found = section_by_name_.find(name);
    return found == section_by_name_.end() ? 0 : found->second;
}

const ElfSymbol* ElfView::find_object(std::string_view name) const {
    const auto found = object_by_name_.find(name);
    return found == object_by_name_.end() ? nullptr : &symbols_[found->second];
}

ByteSpan ElfView::data_of(const ElfSymbol& symbol) const {
    return part(sections_[symbol.section].data, symbol.value, symbol.size).value_or(ByteSpan{});
}

}  // namespace gadget::validator
