// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <linux/bpf.h>

#include <algorithm>

#include "facts.h"

namespace gadget::validator {
namespace {

constexpr std::uint64_t kInstructionSize = sizeof(bpf_insn);

// Functions of code sections in the order of the file, without the subprograms of .text.
std::vector<const ElfSymbol*> program_symbols(const ElfView& elf) {
    const auto text = elf.section_index(".text");
    std::vector<const ElfSymbol*> programs;
    for (const auto& symbol : elf.symbols()) {
        if (symbol.type != STT_FUNC || symbol.section == 0 || symbol.section == text) continue;
        const auto& section = elf.sections()[symbol.section];
        if (!section.is_code() || symbol.value >= section.data.size()) continue;
        programs.push_back(&symbol);
    }
    std::stable_sort(programs.begin(), programs.end(), [](const ElfSymbol* a, const ElfSymbol* b) {
        return a->section != b->section ? a->section < b->section : a->value < b->value;
    });
    return programs;
}

// Ids of the helpers that code calls: a call whose source register is 0 names one in its immediate.
void collect_helpers(ByteSpan code, std::vector<std::uint32_t>& helpers) {
    for (std::uint64_t offset = 0; offset + kInstructionSize <= code.size(); offset += kInstructionSize) {
        const auto instruction = *read_at<bpf_insn>(code, offset);
        if (instruction.code == (BPF_JMP | BPF_CALL) && instruction.src_reg == 0 && instruction.imm > 0)
            helpers.push_back(static_cast<std::uint32_t>(instruction.imm));
        if (instruction.code == (BPF_LD | BPF_DW | BPF_IMM)) offset += kInstructionSize;
    }
}

}  // namespace

void read_programs(const ElfView& elf, const LineInfo& lines, Budget& budget, model::ObjectFacts& facts) {
    for (const auto* symbol : program_symbols(elf)) {
        const auto& section = elf.sections()[symbol->section];
        const auto room = section.data.size() - symbol->value;
        const auto size = symbol->size == 0 ? room : std::min<std::uint64_t>(symbol->size, room);
        if (!budget.take_field()) return;
        model::ProgramFacts program;
        program.name = symbol->name;
        program.section = section.name;
        program.parsed = model::parse_section(section.name);
        program.instructions = static_cast<std::uint32_t>(size / kInstructionSize);
        program.is_static = symbol->binding == STB_LOCAL;
        program.source = lines.first_in(section.name, symbol->value, symbol->value + size);
        facts.programs.push_back(std::move(program));
    }
    for (const auto& section : elf.sections()) {
        if (section.is_code()) collect_helpers(section.data, facts.helpers);
    }
    std::sort(facts.helpers.begin(), facts.helpers.end());
    facts.helpers.erase(std::unique(facts.helpers.begin(), facts.helpers.end()), facts.helpers.end());
}

}  // namespace gadget::validator
