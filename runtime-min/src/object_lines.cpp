// SPDX-License-Identifier: Apache-2.0
#include "gadget/runtime/object_lines.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <linux/btf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "gadget/support/text.h"
#include "gadget/support/unique_fd.h"

namespace gadget::runtime {
namespace {

using Span = std::span<const std::byte>;
using ElfPtr = CPtr<Elf, elf_end>;

constexpr std::uint64_t kInstructionSize = 8;
constexpr std::size_t kMaxRecords = 1'000'000;

Error damaged(const char* what) {
    return Error{.code = ErrorCode::corrupt_data, .message = std::string("the object is damaged: ") + what};
}

template <class T>
std::optional<T> read_at(Span data, std::uint64_t offset) {
    if (offset > data.size() || data.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, data.data() + offset, sizeof value);
    return value;
}

std::optional<Span> part(Span data, std::uint64_t offset, std::uint64_t size) {
    if (offset > data.size() || data.size() - offset < size) return std::nullopt;
    return data.subspan(offset, size);
}

struct ExtHeader {
    std::uint16_t magic;
    std::uint8_t version;
    std::uint8_t flags;
    std::uint32_t header_size;
    std::uint32_t func_info_offset;
    std::uint32_t func_info_size;
    std::uint32_t line_info_offset;
    std::uint32_t line_info_size;
};

struct ExtSection {
    std::uint32_t name;
    std::uint32_t count;
};

struct RawLine {
    std::uint32_t instruction;
    std::uint32_t file;
    std::uint32_t text;
    std::uint32_t position;
};

struct Sections {
    std::map<std::string, std::size_t> by_name;
    std::map<std::size_t, std::string> names;
    Span btf;
    Span ext;
    Span symbols;
    std::size_t strings = 0;
};

Span bytes_of(Elf_Scn* section) {
    const Elf_Data* data = elf_rawdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return {};
    return {static_cast<const std::byte*>(data->d_buf), data->d_size};
}

Result<Sections> read_sections(Elf* elf) {
    Sections sections;
    std::size_t names = 0;
    if (elf_getshdrstrndx(elf, &names) != 0) return damaged("it has no section names");
    for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
         section = elf_nextscn(elf, section)) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr) return damaged("a section header is cut off");
        const char* name = elf_strptr(elf, names, header.sh_name);
        if (name == nullptr) return damaged("a section has no name");
        const auto index = elf_ndxscn(section);
        sections.by_name[name] = index;
        sections.names[index] = name;
        if (std::strcmp(name, ".BTF") == 0) sections.btf = bytes_of(section);
        if (std::strcmp(name, ".BTF.ext") == 0) sections.ext = bytes_of(section);
        if (header.sh_type == SHT_SYMTAB) {
            sections.symbols = bytes_of(section);
            sections.strings = header.sh_link;
        }
    }
    return sections;
}

/// The strings of a .BTF section.
Result<Span> btf_strings(Span btf) {
    const auto header = read_at<btf_header>(btf, 0);
    if (!header || header->magic != BTF_MAGIC || header->hdr_len > btf.size()) return damaged(".BTF");
    const auto strings = part(btf.subspan(header->hdr_len), header->str_off, header->str_len);
    if (!strings || strings->empty() || strings->back() != std::byte{0})
        return damaged("the strings of .BTF");
    return *strings;
}

std::string string_at(Span strings, std::uint32_t offset) {
    if (offset >= strings.size()) return {};
    return reinterpret_cast<const char*>(strings.data() + offset);  // the last byte is 0
}

/// The records of each section, in its order.
Result<std::map<std::string, std::vector<RawLine>>> raw_lines(Span ext, Span strings) {
    const auto header = read_at<ExtHeader>(ext, 0);
    if (!header || header->magic != BTF_MAGIC || header->header_size > ext.size()) return damaged(".BTF.ext");
    const auto lines =
        part(ext.subspan(header->header_size), header->line_info_offset, header->line_info_size);
    if (!lines) return damaged("the lines of .BTF.ext");
    std::map<std::string, std::vector<RawLine>> result;
    if (lines->empty()) return result;
    const auto size = read_at<std::uint32_t>(*lines, 0).value_or(0);
    if (size < sizeof(RawLine)) return damaged("the line records of .BTF.ext");
    std::size_t total = 0;
    for (std::uint64_t offset = sizeof size; offset < lines->size();) {
        const auto section = read_at<ExtSection>(*lines, offset);
        if (!section) return damaged("a section of .BTF.ext");
        offset += sizeof *section;
        total += section->count;
        if (total > kMaxRecords || !part(*lines, offset, std::uint64_t{section->count} * size))
            return damaged("a section of .BTF.ext");
        auto& target = result[string_at(strings, section->name)];
        for (std::uint32_t i = 0; i < section->count; ++i, offset += size)
            target.push_back(*read_at<RawLine>(*lines, offset));
    }
    for (auto& [name, records] : result) {
        std::stable_sort(records.begin(), records.end(),
                         [](const RawLine& a, const RawLine& b) { return a.instruction < b.instruction; });
    }
    return result;
}

FunctionLines lines_of(const Elf64_Sym& symbol, std::string name, const std::string& section,
                       const std::map<std::string, std::vector<RawLine>>& raw, Span strings) {
    FunctionLines function{.name = std::move(name),
                           .is_program = section != ".text",
                           .instructions = symbol.st_size / kInstructionSize};
    const auto found = raw.find(section);
    if (found == raw.end()) return function;
    for (const auto& line : found->second) {
        if (line.instruction < symbol.st_value || line.instruction - symbol.st_value >= symbol.st_size)
            continue;
        const auto text = string_at(strings, line.text);
        function.lines.push_back({.instruction = (line.instruction - symbol.st_value) / kInstructionSize,
                                  .file = string_at(strings, line.file),
                                  .line = line.position >> 10,
                                  .text = std::string(trim(text))});
    }
    return function;
}

}  // namespace

Result<std::vector<FunctionLines>> function_lines(std::span<const std::byte> object) {
    (void)elf_version(EV_CURRENT);
    // libelf takes a pointer to mutable memory and does not write to it.
    std::vector<std::byte> copy(object.begin(), object.end());
    const ElfPtr elf(elf_memory(reinterpret_cast<char*>(copy.data()), copy.size()));
    if (elf == nullptr || elf_kind(elf.get()) != ELF_K_ELF) return damaged("it is not an ELF file");
    GADGET_TRY_ASSIGN(const Sections sections, read_sections(elf.get()));
    if (sections.btf.empty() || sections.ext.empty()) {
        return Error{.code = ErrorCode::not_found,
                     .message = "the object has no line information",
                     .hint = "compile it with -g"};
    }
    GADGET_TRY_ASSIGN(const Span strings, btf_strings(sections.btf));
    GADGET_TRY_ASSIGN(const auto raw, raw_lines(sections.ext, strings));
    std::vector<FunctionLines> functions;
    for (std::uint64_t offset = 0; const auto symbol = read_at<Elf64_Sym>(sections.symbols, offset);
         offset += sizeof *symbol) {
        const auto section = sections.names.find(symbol->st_shndx);
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || section == sections.names.end()) continue;
        const char* name = elf_strptr(elf.get(), sections.strings, symbol->st_name);
        functions.push_back(lines_of(*symbol, name == nullptr ? "" : name, section->second, raw, strings));
    }
    return functions;
}

}  // namespace gadget::runtime
