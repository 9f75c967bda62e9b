// SPDX-License-Identifier: Apache-2.0
// Which maps a program refers to, by itself and through the functions that it calls. References to maps and
// calls between sections are relocations; calls inside a section are relative (llvm's BPF ABI: R_BPF_64_64,
// R_BPF_64_32).
#include <elf.h>
#include <linux/bpf.h>

#include <algorithm>
#include <unordered_map>

#include "facts.h"

namespace gadget::validator {
namespace {

constexpr std::uint64_t kInstructionSize = sizeof(bpf_insn);

struct Function {
    std::uint32_t section = 0;
    std::uint64_t start = 0;
    std::string_view name;
    std::vector<std::size_t> maps{};   ///< indices in the facts
    std::vector<std::size_t> calls{};  ///< indices of functions
    std::size_t seen_for = 0;          ///< number of the program that it was last visited for, from 1
};

class Uses {
  public:
    Uses(const ElfView& elf, Budget& budget, model::ObjectFacts& facts)
        : elf_(elf), budget_(budget), facts_(facts) {
        for (std::size_t i = 0; i < facts.maps.size(); ++i) maps_.try_emplace(facts.maps[i].name, i);
        for (const auto& symbol : elf.symbols()) {
            if (symbol.type != STT_FUNC || symbol.section == 0 || !budget.take_field()) continue;
            functions_.push_back({.section = symbol.section, .start = symbol.value, .name = symbol.name});
        }
        std::stable_sort(functions_.begin(), functions_.end(), before);
    }

    void read() {
        for (std::uint32_t i = 0; i < elf_.sections().size(); ++i) {
            const auto& section = elf_.sections()[i];
            if (section.is_code()) read_relative_calls(i);
            if (section.type == SHT_REL && section.info < elf_.sections().size() &&
                elf_.sections()[section.info].is_code())
                read_relocations(section);
        }
        std::unordered_map<std::string_view, std::size_t> by_name;
        for (std::size_t i = 0; i < functions_.size(); ++i) by_name.try_emplace(functions_[i].name, i);
        for (std::size_t i = 0; i < facts_.programs.size(); ++i) {
            const auto found = by_name.find(facts_.programs[i].name);
            if (found != by_name.end()) gather(found->second, i + 1, facts_.programs[i]);
        }
    }

  private:
    static bool before(const Function& a, const Function& b) {
        return a.section != b.section ? a.section < b.section : a.start < b.start;
    }

    /// The function around a place of the code, or nullptr.
    Function* function_at(std::uint32_t section, std::uint64_t offset) {
        const auto after =
            std::upper_bound(functions_.begin(), functions_.end(),
                             Function{.section = section, .start = offset, .name = {}}, before);
        if (after == functions_.begin() || std::prev(after)->section != section) return nullptr;
        return &*std::prev(after);
    }

    void add_call(Function& from, std::uint32_t section, std::uint64_t offset) {
        const auto* to = function_at(section, offset);
        if (to != nullptr && budget_.take_field())
            from.calls.push_back(static_cast<std::size_t>(to - functions_.data()));
    }

    void read_relative_calls(std::uint32_t section) {
        const auto code = elf_.sections()[section].data;
        for (std::uint64_t at = 0; at + kInstructionSize <= code.size(); at += kInstructionSize) {
            const auto instruction = *read_at<bpf_insn>(code, at);
            if (instruction.code == (BPF_LD | BPF_DW | BPF_IMM)) at += kInstructionSize;
            // -1 is what a relocation fills in.
            if (instruction.code != (BPF_JMP | BPF_CALL) || instruction.src_reg != BPF_PSEUDO_CALL ||
                instruction.imm == -1)
                continue;
            const auto target = static_cast<std::int64_t>(at / kInstructionSize) + 1 + instruction.imm;
            auto* from = function_at(section, at);
            if (from != nullptr && target >= 0)
                add_call(*from, section, static_cast<std::uint64_t>(target) * kInstructionSize);
        }
    }

    void read_relocations(const ElfSection& relocations) {
        const auto code = elf_.sections()[relocations.info].data;
        for (std::uint64_t at = 0; at + sizeof(Elf64_Rel) <= relocations.data.size();
             at += sizeof(Elf64_Rel)) {
            const auto relocation = *read_at<Elf64_Rel>(relocations.data, at);
            const auto instruction = read_at<bpf_insn>(code, relocation.r_offset);
            auto* from = function_at(relocations.info, relocation.r_offset);
            const auto index = ELF64_R_SYM(relocation.r_info);
            if (!instruction || from == nullptr || index >= elf_.symbols().size()) continue;
            const auto& symbol = elf_.symbols()[index];
            if (const auto map = maps_.find(symbol.name); map != maps_.end()) {
                if (budget_.take_field()) from->maps.push_back(map->second);
            } else if (symbol.section != 0 && elf_.sections()[symbol.section].is_code()) {
                add_call(*from, symbol.section, symbol.value + addend(*instruction, symbol));
            }
        }
    }

    /// Static functions are named by their section and the place in it: calls count instructions from the
    /// next one, addresses count bytes.
    static std::uint64_t addend(const bpf_insn& instruction, const ElfSymbol& symbol) {
        if (symbol.type != STT_SECTION) return 0;
        if (instruction.code != (BPF_JMP | BPF_CALL)) return static_cast<std::uint32_t>(instruction.imm);
        return static_cast<std::uint64_t>((static_cast<std::int64_t>(instruction.imm) + 1) *
                                          static_cast<std::int64_t>(kInstructionSize));
    }

    void gather(std::size_t start, std::size_t number, model::ProgramFacts& program) {
        std::vector<std::size_t> found;
        std::vector<std::size_t> open{start};
        while (!open.empty()) {
            auto& function = functions_[open.back()];
            open.pop_back();
            if (function.seen_for == number || !budget_.take_field()) continue;
            function.seen_for = number;
            found.insert(found.end(), function.maps.begin(), function.maps.end());
            open.insert(open.end(), function.calls.begin(), function.calls.end());
            if (!budget_.take_bytes(function.maps.size() + function.calls.size())) return;
        }
        std::sort(found.begin(), found.end());
        found.erase(std::unique(found.begin(), found.end()), found.end());
        for (const auto map : found) program.maps.push_back(facts_.maps[map].name);
    }

    const ElfView& elf_;
    Budget& budget_;
    model::ObjectFacts& facts_;
    std::unordered_map<std::string_view, std::size_t> maps_;
    std::vector<Function> functions_;
};

}  // namespace

void read_map_uses(const ElfView& elf, Budget& budget, model::ObjectFacts& facts) {
    Uses(elf, budget, facts).read();
}

}  // namespace gadget::validator
