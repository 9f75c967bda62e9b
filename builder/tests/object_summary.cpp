// SPDX-License-Identifier: Apache-2.0
#include "object_summary.h"

#include <bpf/btf.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>

#include "gadget/support/unique_fd.h"

namespace gadget::builder::testing {
namespace {

using ElfPtr = CPtr<Elf, elf_end>;
using BtfPtr = CPtr<btf, btf__free>;
constexpr unsigned kBpfPseudoTypeLocal = 6;  // BPF_CORE_TYPE_ID_LOCAL: its immediate is a type id

struct Record {
    std::string section;
    std::vector<std::uint32_t> words;
};

// The records of one part of .BTF.ext: u32 record size, then for each section u32 name, u32 count, records.
std::vector<Record> records_of(std::span<const std::byte> part, const btf* types) {
    std::vector<Record> records;
    const auto word = [&part](std::size_t at) {
        std::uint32_t value = 0;
        if (at + 4 <= part.size()) std::memcpy(&value, &part[at], 4);
        return value;
    };
    if (part.size() < 4) return records;
    const std::size_t size = word(0);
    if (size < 8 || size % 4 != 0) return records;
    for (std::size_t at = 4; at + 8 <= part.size();) {
        const char* name = btf__str_by_offset(types, word(at));
        const std::uint32_t count = word(at + 4);
        at += 8;
        for (std::uint32_t i = 0; i < count && at + size <= part.size(); ++i, at += size) {
            Record record{name == nullptr ? "?" : name, {}};
            for (std::size_t w = 0; w < size; w += 4) record.words.push_back(word(at + w));
            records.push_back(std::move(record));
        }
    }
    return records;
}

std::string text_at(const btf* types, std::uint32_t offset) {
    const char* text = btf__str_by_offset(types, offset);
    return text == nullptr ? "?" : text;
}

std::string type_name(const btf* types, std::uint32_t id) {
    for (unsigned depth = 0; depth < 16; ++depth) {
        const btf_type* type = btf__type_by_id(types, id);
        if (type == nullptr) return "?";
        const std::string name = text_at(types, type->name_off);
        const std::string kind = std::to_string(btf_kind(type));
        if (!name.empty()) return kind + ' ' + name;
        if (!btf_is_ptr(type) && !btf_is_mod(type)) return kind;
        id = type->type;
    }
    return "...";
}

void summarize_types(const btf* types, ObjectSummary& summary) {
    for (std::uint32_t id = 1; id < btf__type_cnt(types); ++id) {
        const btf_type* type = btf__type_by_id(types, id);
        std::string line = std::to_string(btf_kind(type)) + ' ' + text_at(types, type->name_off);
        if (btf_is_composite(type)) {
            const btf_member* members = btf_members(type);
            for (unsigned i = 0; i < btf_vlen(type); ++i) {
                line += ' ' + text_at(types, members[i].name_off) + '@' + std::to_string(members[i].offset);
            }
        } else if (text_at(types, type->name_off).empty()) {
            continue;
        }
        summary.types.insert(line);
    }
}

void summarize_ext(std::span<const std::byte> ext, const btf* types, ObjectSummary& summary) {
    std::uint32_t header[8] = {};
    if (ext.size() < sizeof header) return;
    std::memcpy(header, ext.data(), sizeof header);
    const std::size_t base = header[1];
    const auto part = [&](unsigned index) -> std::span<const std::byte> {
        const std::size_t offset = base + header[index];
        if (offset > ext.size() || header[index + 1] > ext.size() - offset) return {};
        return ext.subspan(offset, header[index + 1]);
    };
    for (const Record& record : records_of(part(2), types)) {
        summary.functions.push_back(record.section + ' ' + std::to_string(record.words[0]) + ' ' +
                                    type_name(types, record.words[1]));
    }
    for (const Record& record : records_of(part(4), types)) {
        if ((record.words[3] & 0x3ff) == 0) continue;
        const std::string file = text_at(types, record.words[1]);
        summary.lines.push_back(
            record.section + ' ' + std::to_string(record.words[0]) + ' ' + file.substr(file.rfind('/') + 1) +
            ' ' + std::to_string(record.words[3] >> 10) + ':' + std::to_string(record.words[3] & 0x3ff));
    }
    for (const Record& record : records_of(part(6), types)) {
        summary.core_records.push_back(record.section + ' ' + std::to_string(record.words[0]) + " kind " +
                                       std::to_string(record.words[3]) + ' ' +
                                       type_name(types, record.words[1]) + ' ' +
                                       text_at(types, record.words[2]));
    }
}

std::span<const std::byte> bytes_of(Elf_Scn* section) {
    const Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return {};
    return std::as_bytes(std::span(static_cast<const char*>(data->d_buf), data->d_size));
}

struct Sections {
    std::map<std::string, Elf_Scn*> by_name;
    std::vector<std::string> names{""};
    Elf_Scn* symbols = nullptr;
};

std::string symbol_name(Elf* elf, const Sections& sections, std::size_t index) {
    GElf_Shdr header;
    GElf_Sym symbol;
    gelf_getshdr(sections.symbols, &header);
    if (gelf_getsym(elf_getdata(sections.symbols, nullptr), static_cast<int>(index), &symbol) == nullptr)
        return "?";
    if (GELF_ST_TYPE(symbol.st_info) == STT_SECTION) return "section " + sections.names.at(symbol.st_shndx);
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    return name == nullptr ? "?" : name;
}

void summarize_relocations(Elf* elf, const Sections& sections, const std::string& name,
                           ObjectSummary& summary) {
    Elf_Scn* section = sections.by_name.at(name);
    GElf_Shdr header;
    gelf_getshdr(section, &header);
    Elf_Data* data = elf_getdata(section, nullptr);
    for (std::size_t i = 0; i < header.sh_size / header.sh_entsize; ++i) {
        GElf_Rel relocation;
        if (gelf_getrel(data, static_cast<int>(i), &relocation) == nullptr) continue;
        summary.relocations.push_back(name + ' ' + std::to_string(relocation.r_offset) + ' ' +
                                      std::to_string(GELF_R_TYPE(relocation.r_info)) + ' ' +
                                      symbol_name(elf, sections, GELF_R_SYM(relocation.r_info)));
    }
}

std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        for (const unsigned nibble :
             {std::to_integer<unsigned>(byte) >> 4, std::to_integer<unsigned>(byte) & 15}) {
            text += "0123456789abcdef"[nibble];
        }
    }
    return text;
}

Sections read_sections(Elf* elf) {
    Sections sections;
    std::size_t names = 0;
    elf_getshdrstrndx(elf, &names);
    for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
         section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        gelf_getshdr(section, &header);
        const std::string name = elf_strptr(elf, names, header.sh_name);
        sections.names.push_back(name);
        sections.by_name[name] = section;
        if (header.sh_type == SHT_SYMTAB) sections.symbols = section;
    }
    return sections;
}

// Immediates that are ids of types differ when types are numbered differently: set to nothing.
void mask_type_ids(const std::vector<std::uint32_t>& offsets, std::vector<std::byte>& code) {
    for (const std::uint32_t offset : offsets) {
        for (std::size_t at = offset + 4; at < offset + 8 && at < code.size(); ++at) code[at] = std::byte{0};
    }
}

}  // namespace

ObjectSummary summarize(std::span<const std::byte> object) {
    ObjectSummary summary;
    elf_version(EV_CURRENT);
    std::vector<char> copy(object.size());
    std::memcpy(copy.data(), object.data(), object.size());
    const ElfPtr elf(elf_memory(copy.data(), copy.size()));
    if (elf == nullptr) return summary;
    const Sections sections = read_sections(elf.get());
    if (sections.symbols == nullptr || !sections.by_name.contains(".BTF")) return summary;
    const auto raw = bytes_of(sections.by_name.at(".BTF"));
    const BtfPtr types(btf__new(raw.data(), static_cast<std::uint32_t>(raw.size())));
    if (types == nullptr) return summary;
    summarize_types(types.get(), summary);
    std::map<std::string, std::vector<std::uint32_t>> type_ids;
    if (sections.by_name.contains(".BTF.ext")) {
        summarize_ext(bytes_of(sections.by_name.at(".BTF.ext")), types.get(), summary);
    }
    for (const std::string& record : summary.core_records) {
        const std::size_t kind = record.find(" kind " + std::to_string(kBpfPseudoTypeLocal) + ' ');
        if (kind == record.npos) continue;
        const std::size_t space = record.rfind(' ', kind - 1);
        type_ids[record.substr(0, space)].push_back(
            static_cast<std::uint32_t>(std::stoul(record.substr(space + 1))));
    }
    for (const auto& [name, section] : sections.by_name) {
        GElf_Shdr header;
        gelf_getshdr(section, &header);
        const bool meta = name.starts_with(".BTF") || name.starts_with(".rel.BTF") ||
                          header.sh_type == SHT_STRTAB || header.sh_type == SHT_SYMTAB ||
                          name == ".llvm_addrsig";
        if (meta) continue;
        if (header.sh_type == SHT_REL) {
            summarize_relocations(elf.get(), sections, name, summary);
            continue;
        }
        const auto bytes = header.sh_type == SHT_NOBITS ? std::span<const std::byte>() : bytes_of(section);
        std::vector<std::byte> code(bytes.begin(), bytes.end());
        mask_type_ids(type_ids[name], code);
        summary.sections.push_back(name + ' ' + std::to_string(header.sh_type) + ' ' +
                                   std::to_string(header.sh_flags) + ' ' + std::to_string(header.sh_size) +
                                   ' ' + hex(code));
    }
    summary.valid = true;
    return summary;
}

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (in_a == a.end() && in_b == b.end()) return {};
    return "'" + (in_a == a.end() ? "nothing" : in_a->substr(0, 2000)) + "' and '" +
           (in_b == b.end() ? "nothing" : in_b->substr(0, 2000)) + "'";
}

std::vector<std::string> missing_from(const std::multiset<std::string>& whole,
                                      const std::multiset<std::string>& part) {
    std::vector<std::string> missing;
    for (const std::string& element : part) {
        if (missing.size() < 10 && !whole.contains(element)) missing.push_back(element.substr(0, 300));
    }
    return missing;
}

}  // namespace gadget::builder::testing
