// SPDX-License-Identifier: Apache-2.0
// A shared library as the linker would leave it, made in memory: functions and USDT probes, for both
// architectures.
#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

#include "gadget/support/files.h"

namespace gadget::validator {

struct SampleProbe {
    std::string provider;
    std::string name;
    std::string arguments;
};

struct SampleTarget {
    std::uint16_t machine = EM_X86_64;
    std::vector<std::string> functions{"sample_open", "sample_read", "sample_close"};
    std::vector<SampleProbe> probes{{"sample", "request", "-4@%edi 8@-16(%rbp) 4@$7"},
                                    {"sample", "vector", "8@%xmm0 -4@%esi"},
                                    {"other", "request", ""}};
    std::string note_tail;  ///< bytes behind the last note
};

/// Bytes of an ELF file with .symtab, .strtab, .note.stapsdt and .shstrtab.
inline Bytes make_target(const SampleTarget& sample = {}) {
    std::string file(sizeof(Elf64_Ehdr), '\0');
    std::vector<Elf64_Shdr> sections(1);
    std::string names(1, '\0');
    const auto add = [&](const std::string& name, std::uint32_t type, const std::string& content,
                         std::uint32_t link) {
        Elf64_Shdr section{};
        section.sh_name = static_cast<std::uint32_t>(names.size());
        section.sh_type = type;
        section.sh_offset = file.size();
        section.sh_size = content.size();
        section.sh_link = link;
        names += name + '\0';
        file += content;
        sections.push_back(section);
    };
    const auto bytes_of = [](const auto& value) {
        return std::string(reinterpret_cast<const char*>(&value), sizeof value);
    };

    std::string strings(1, '\0');
    std::string symbols(sizeof(Elf64_Sym), '\0');
    for (const auto& function : sample.functions) {
        Elf64_Sym symbol{};
        symbol.st_name = static_cast<std::uint32_t>(strings.size());
        symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
        symbol.st_shndx = 1;
        strings += function + '\0';
        symbols += bytes_of(symbol);
    }
    std::string notes;
    for (const auto& probe : sample.probes) {
        std::string text(24, '\1');
        text += probe.provider + '\0' + probe.name + '\0' + probe.arguments + '\0';
        const Elf64_Nhdr header{8, static_cast<std::uint32_t>(text.size()), 3};
        notes += bytes_of(header) + std::string("stapsdt\0", 8) + text;
        notes.resize((notes.size() + 3) / 4 * 4);
    }
    add(".symtab", SHT_SYMTAB, symbols, 2);
    add(".strtab", SHT_STRTAB, strings, 0);
    add(".note.stapsdt", SHT_NOTE, notes + sample.note_tail, 0);
    names += std::string(".shstrtab") + '\0';
    Elf64_Shdr last{};
    last.sh_name = static_cast<std::uint32_t>(names.size() - 10);
    last.sh_type = SHT_STRTAB;
    last.sh_offset = file.size();
    last.sh_size = names.size();
    file += names;
    sections.push_back(last);

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = sample.machine;
    header.e_shoff = file.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<std::uint16_t>(sections.size());
    header.e_shstrndx = static_cast<std::uint16_t>(sections.size() - 1);
    std::memcpy(file.data(), &header, sizeof header);
    for (const auto& section : sections) file += bytes_of(section);
    const auto content = as_bytes(file);
    return {content.begin(), content.end()};
}

}  // namespace gadget::validator
