// SPDX-License-Identifier: Apache-2.0
#include "kernel_code.h"

#include <elf.h>
#include <linux/btf.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <unordered_map>

namespace gadget::validator {
namespace {

constexpr std::uint64_t kInstructionSize = sizeof(bpf_insn);
constexpr std::size_t kMaxInstructions = 4'000'000;  // the kernel takes one million a program
constexpr std::uint8_t kLoadImmediate = BPF_LD | BPF_DW | BPF_IMM;

Error corrupt(std::string message) {
    return Error{.code = ErrorCode::corrupt_data, .message = std::move(message)};
}

// .BTF.ext (Documentation/bpf/btf.rst, section 4.2) with the relocations, which newer headers have at the
// end.
struct ExtHeader {
    std::uint16_t magic;
    std::uint8_t version;
    std::uint8_t flags;
    std::uint32_t header_size;
    std::uint32_t func_info_offset;
    std::uint32_t func_info_size;
    std::uint32_t line_info_offset;
    std::uint32_t line_info_size;
    std::uint32_t relocation_offset;
    std::uint32_t relocation_size;
};

struct ExtSection {
    std::uint32_t name;
    std::uint32_t count;
};

/// Names of the section ".ksyms" and ".kconfig" of BTF.
struct Externs {
    std::set<std::string, std::less<>> functions;
    std::map<std::string, bool, std::less<>> variables;  ///< whether it is typed
    std::set<std::string, std::less<>> configuration;
};

Externs read_externs(const BtfView& types) {
    Externs externs;
    for (const auto id : types.sections()) {
        const auto section = types.type(id);
        const bool ksyms = section.name == ".ksyms";
        if (!ksyms && section.name != ".kconfig") continue;
        for (std::uint32_t i = 0; i < section.count; ++i) {
            const auto item = types.type(types.section_variable(section, i).type);
            if (!ksyms)
                externs.configuration.emplace(item.name);
            else if (item.kind == BTF_KIND_FUNC)
                externs.functions.emplace(item.name);
            else
                externs.variables.emplace(item.name, types.strip(item.size_or_type).kind != BTF_KIND_UNKN);
        }
    }
    return externs;
}

class CodeReader {
  public:
    CodeReader(const ElfView& elf, ObjectCode& code) : elf_(elf), code_(code) {
        if (code.view) externs_ = read_externs(*code.view);
    }

    Result<void> read_sections() {
        for (std::uint32_t i = 0; i < elf_.sections().size(); ++i) {
            const auto& section = elf_.sections()[i];
            if (!section.is_code() || section.data.size() < kInstructionSize) continue;
            const auto count = section.data.size() / kInstructionSize;
            code_.instruction_count += count;
            if (code_.instruction_count > kMaxInstructions) return corrupt("the object has too much code");
            CodeSection result{.name = std::string(section.name), .elf_index = i};
            result.code.resize(count);
            std::memcpy(result.code.data(), section.data.data(), count * kInstructionSize);
            const auto index = static_cast<std::uint32_t>(code_.sections.size());
            by_elf_index_.emplace(i, index);
            by_name_.emplace(section.name, index);
            code_.sections.push_back(std::move(result));
        }
        return {};
    }

    void read_references() {
        for (const auto& table : elf_.sections()) {
            if (table.type != SHT_REL) continue;
            const auto found = by_elf_index_.find(table.info);
            if (found == by_elf_index_.end()) continue;
            auto& section = code_.sections[found->second];
            for (std::uint64_t at = 0; at + sizeof(Elf64_Rel) <= table.data.size(); at += sizeof(Elf64_Rel)) {
                const auto raw = *read_at<Elf64_Rel>(table.data, at);
                const auto symbol = ELF64_R_SYM(raw.r_info);
                const auto instruction = raw.r_offset / kInstructionSize;
                if (instruction >= section.code.size() || symbol >= elf_.symbols().size()) continue;
                section.references.push_back(
                    classify(section, static_cast<std::uint32_t>(instruction), elf_.symbols()[symbol]));
            }
        }
        for (auto& section : code_.sections) {
            std::stable_sort(section.references.begin(), section.references.end(),
                             [](const auto& a, const auto& b) { return a.instruction < b.instruction; });
        }
    }

    Result<void> read_relocations(ByteSpan ext) {
        const auto header = read_at<ExtHeader>(ext, 0);
        if (!header || header->header_size < sizeof(ExtHeader) || header->header_size > ext.size()) return {};
        const auto table =
            part(ext.subspan(header->header_size), header->relocation_offset, header->relocation_size);
        if (!table) return corrupt("the relocations reach beyond .BTF.ext");
        if (table->empty()) return {};
        const auto record_size = read_at<std::uint32_t>(*table, 0).value_or(0);
        if (record_size < sizeof(bpf_core_relo)) return corrupt("the records of relocations are too short");
        for (std::uint64_t at = sizeof(std::uint32_t); at < table->size();) {
            const auto group = read_at<ExtSection>(*table, at);
            if (!group) return corrupt("a section of relocations is cut off");
            at += sizeof(ExtSection);
            const auto records = part(*table, at, std::uint64_t{group->count} * record_size);
            if (!records) return corrupt("the relocations of a section are cut off");
            GADGET_TRY(add_relocations(code_.view->name(group->name), *records, record_size));
            at += records->size();
        }
        return {};
    }

    Result<void> find_programs(const model::ObjectFacts& facts) {
        std::map<std::string_view, const ElfSymbol*> functions;
        for (const auto& symbol : elf_.symbols()) {
            if (symbol.type == STT_FUNC && by_elf_index_.contains(symbol.section))
                functions.emplace(symbol.name, &symbol);
        }
        for (const auto& program : facts.programs) {
            const auto found = functions.find(program.name);
            if (found == functions.end()) return corrupt("program '" + program.name + "' has no code");
            const auto& symbol = *found->second;
            const auto index = by_elf_index_.at(symbol.section);
            const auto first = symbol.value / kInstructionSize;
            const auto end = first + program.instructions;
            if (first >= end || end > code_.sections[index].code.size())
                return corrupt("program '" + program.name + "' leaves its section");
            code_.programs.push_back({.name = program.name,
                                      .section = index,
                                      .first = static_cast<std::uint32_t>(first),
                                      .end = static_cast<std::uint32_t>(end)});
        }
        return {};
    }

  private:
    CodeReference classify(const CodeSection& section, std::uint32_t instruction, const ElfSymbol& symbol) {
        CodeReference reference{.instruction = instruction, .weak = symbol.binding == STB_WEAK};
        const auto& insn = section.code[instruction];
        const bool call = insn.code == (BPF_JMP | BPF_CALL);
        if (symbol.section == 0) {
            reference.name = symbol.name;
            if (externs_.configuration.contains(symbol.name)) {
                reference.kind = CodeReference::Kind::configuration;
            } else if (externs_.functions.contains(symbol.name) || call) {
                reference.kind = CodeReference::Kind::kernel_function;
            } else if (const auto found = externs_.variables.find(symbol.name);
                       found != externs_.variables.end()) {
                reference.kind = CodeReference::Kind::kernel_variable;
                reference.typed = found->second;
            }
            return reference;
        }
        const auto found = by_elf_index_.find(symbol.section);
        if (found == by_elf_index_.end()) return reference;
        // A call counts instructions from the one behind it, an address counts bytes from the symbol.
        const auto offset = call ? std::int64_t{insn.imm} + 1 : std::int64_t{insn.imm} / 8;
        const auto target = static_cast<std::int64_t>(symbol.value / kInstructionSize) + offset;
        if (target < 0 || target >= static_cast<std::int64_t>(code_.sections[found->second].code.size()))
            return reference;
        reference.kind = CodeReference::Kind::code;
        reference.section = found->second;
        reference.target = static_cast<std::uint32_t>(target);
        return reference;
    }

    Result<void> add_relocations(std::string_view name, ByteSpan records, std::uint32_t record_size) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) return {};
        auto& section = code_.sections[found->second];
        for (std::uint64_t at = 0; at < records.size(); at += record_size) {
            const auto kind = *read_at<std::uint32_t>(records, at + offsetof(bpf_core_relo, kind));
            if (kind > BPF_CORE_TYPE_MATCHES)
                return corrupt("a relocation of section '" + section.name + "' is of unknown kind " +
                               std::to_string(kind));
            const auto relocation = *read_at<bpf_core_relo>(records, at);
            const auto index = relocation.insn_off / kInstructionSize;
            const bool fine =
                relocation.insn_off % kInstructionSize == 0 && index < section.code.size() &&
                (section.code[index].code != kLoadImmediate || index + 1 < section.code.size()) &&
                relocation.type_id != 0 && relocation.type_id < code_.view->type_count();
            if (!fine) return corrupt("a relocation of section '" + section.name + "' is damaged");
            section.relocations.push_back(relocation);
        }
        return {};
    }

    const ElfView& elf_;
    ObjectCode& code_;
    Externs externs_;
    std::map<std::uint32_t, std::uint32_t> by_elf_index_;
    std::unordered_map<std::string_view, std::uint32_t> by_name_;  ///< the first of each name
};

}  // namespace

const CodeReference* CodeSection::reference(std::uint32_t instruction) const {
    const auto found =
        std::lower_bound(references.begin(), references.end(), instruction,
                         [](const CodeReference& a, std::uint32_t at) { return a.instruction < at; });
    return found == references.end() || found->instruction != instruction ? nullptr : &*found;
}

SourceRange ObjectCode::source(const CodeSection& section, std::uint32_t instruction) const {
    // An instruction without a line of its own, such as the load of an offset, mostly prepares what comes
    // next; else it belongs to what came before.
    constexpr std::uint64_t kNear = 4;
    constexpr std::uint64_t kFar = 32;
    const auto at = std::uint64_t{instruction} * kInstructionSize;
    auto range = lines.first_in(section.name, at, at + kNear * kInstructionSize);
    for (std::uint64_t back = 1; range.file.empty() && back <= kFar && back <= instruction; ++back)
        range =
            lines.first_in(section.name, at - back * kInstructionSize, at - (back - 1) * kInstructionSize);
    return range;
}

Result<ObjectCode> read_code(ByteSpan object, const model::ObjectFacts& facts) {
    GADGET_TRY_ASSIGN(const ElfView elf, ElfView::open(object));
    ObjectCode code;
    ByteSpan ext;
    if (const auto* section = elf.find_section(".BTF"); section != nullptr && !section->data.empty()) {
        GADGET_TRY(check_sound(section->data, facts.object));
        GADGET_TRY_ASSIGN(code.types, parse_btf(section->data, facts.object));
        GADGET_TRY_ASSIGN(BtfView view, BtfView::open(section->data));
        code.view = std::make_unique<BtfView>(std::move(view));
        if (const auto* found = elf.find_section(".BTF.ext"); found != nullptr) ext = found->data;
        if (!ext.empty()) {
            GADGET_TRY_ASSIGN(code.lines, LineInfo::open(ext, *code.view));
        }
    }
    CodeReader reader(elf, code);
    GADGET_TRY(reader.read_sections());
    reader.read_references();
    if (!ext.empty()) GADGET_TRY(reader.read_relocations(ext));
    GADGET_TRY(reader.find_programs(facts));
    return code;
}

}  // namespace gadget::validator
