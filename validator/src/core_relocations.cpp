// SPDX-License-Identifier: Apache-2.0
// CO-RE relocations, as the third part of .BTF.ext holds them (Documentation/bpf/btf.rst, section 4.2).
#include <elf.h>

#include <algorithm>

#include "facts.h"

namespace gadget::validator {
namespace {

// Where the header tells of relocations; older compilers end it before.
constexpr std::uint64_t kHeaderField = 24;

struct HeaderPart {
    std::uint16_t magic;
    std::uint8_t version;
    std::uint8_t flags;
    std::uint32_t header_size;
};

struct Relocations {
    std::uint32_t offset;
    std::uint32_t size;
};

struct SectionHead {
    std::uint32_t name;
    std::uint32_t count;
};

struct RawRelocation {
    std::uint32_t instruction;
    std::uint32_t type;
    std::uint32_t access;
    std::uint32_t kind;
};

Error corrupt(std::string message) {
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "the CO-RE relocations (.BTF.ext) are damaged: " + std::move(message),
                 .hint = "compile the object again"};
}

// The function that holds byte `offset` of the section.
std::string_view function_at(const std::vector<const ElfSymbol*>& functions, std::uint64_t offset) {
    const auto after =
        std::upper_bound(functions.begin(), functions.end(), offset,
                         [](std::uint64_t at, const ElfSymbol* each) { return at < each->value; });
    return after == functions.begin() ? std::string_view{} : (*std::prev(after))->name;
}

std::vector<const ElfSymbol*> functions_of(const ElfView& elf, std::string_view section) {
    const auto index = elf.section_index(section);
    std::vector<const ElfSymbol*> functions;
    for (const auto& symbol : elf.symbols()) {
        if (index != 0 && symbol.section == index && symbol.type == STT_FUNC) functions.push_back(&symbol);
    }
    std::stable_sort(functions.begin(), functions.end(),
                     [](const ElfSymbol* a, const ElfSymbol* b) { return a->value < b->value; });
    return functions;
}

}  // namespace

Result<void> read_core_relocations(const ElfView& elf, const BtfView& btf, ByteSpan ext, Budget& budget,
                                   model::ObjectFacts& facts) {
    const auto header = read_at<HeaderPart>(ext, 0);
    if (!header || header->header_size > ext.size()) return corrupt("the header is cut off");
    if (header->header_size < kHeaderField + sizeof(Relocations)) return {};
    const auto place = *read_at<Relocations>(ext, kHeaderField);
    const auto data = part(ext.subspan(header->header_size), place.offset, place.size);
    if (!data) return corrupt("they reach beyond their section");
    if (data->empty()) return {};
    const auto record_size = read_at<std::uint32_t>(*data, 0).value_or(0);
    if (record_size < sizeof(RawRelocation)) return corrupt("the records are too short");
    for (std::uint64_t offset = sizeof(std::uint32_t); offset < data->size();) {
        const auto head = read_at<SectionHead>(*data, offset);
        if (!head) return corrupt("a section is cut off");
        offset += sizeof(SectionHead);
        const auto records = part(*data, offset, std::uint64_t{head->count} * record_size);
        if (!records) return corrupt("the records of a section are cut off");
        const auto section = btf.name(head->name);
        if (!budget.take_bytes(elf.symbols().size())) return {};
        const auto functions = functions_of(elf, section);
        for (std::uint32_t i = 0; i < head->count && budget.take_field(); ++i) {
            const auto raw = *read_at<RawRelocation>(*records, std::uint64_t{i} * record_size);
            const auto function = function_at(functions, raw.instruction);
            model::CoreRelocation relocation{.program = std::string(function.empty() ? section : function),
                                             .instruction = raw.instruction / 8,
                                             .type = btf.c_name(raw.type),
                                             .access = std::string(btf.name(raw.access)),
                                             .kind = raw.kind};
            if (!budget.take_bytes(relocation.program.size() + relocation.type.size() +
                                   relocation.access.size()))
                return {};
            facts.core_relocations.push_back(std::move(relocation));
        }
        offset += records->size();
    }
    return {};
}

}  // namespace gadget::validator
