// SPDX-License-Identifier: Apache-2.0
// What programs take, and what they call of the kernel.
#include <elf.h>
#include <linux/bpf.h>
#include <linux/btf.h>

#include <unordered_map>
#include <unordered_set>

#include "facts.h"
#include "gadget/validator.h"

namespace gadget::validator {

std::string helper_name(std::uint32_t id) {
#define GADGET_HELPER_NAME(name, ...) #name
    static constexpr std::string_view kNames[] = {__BPF_FUNC_MAPPER(GADGET_HELPER_NAME)};
#undef GADGET_HELPER_NAME
    return id < std::size(kNames) ? "bpf_" + std::string(kNames[id]) : "#" + std::to_string(id);
}

void read_prototypes(const BtfView& btf, Budget& budget, model::ObjectFacts& facts) {
    std::unordered_map<std::string_view, TypeId> by_name;
    for (const auto id : btf.functions()) by_name.try_emplace(btf.type(id).name, id);
    for (auto& program : facts.programs) {
        const auto found = by_name.find(program.name);
        if (found == by_name.end()) continue;
        const auto prototype = btf.type(btf.type(found->second).size_or_type);
        if (prototype.kind != BTF_KIND_FUNC_PROTO) continue;
        auto& parameters = program.parameters.emplace();
        for (std::uint32_t i = 0; i < prototype.count && budget.take_field(); ++i) {
            auto name = btf.c_name(BtfView::parameter(prototype, i));
            if (budget.take_bytes(name.size())) parameters.push_back(std::move(name));
        }
    }
}

void read_kernel_symbols(const ElfView& elf, const BtfView& btf, Budget& budget, model::ObjectFacts& facts) {
    std::unordered_set<std::string_view> weak;
    for (const auto& symbol : elf.symbols()) {
        if (symbol.section == 0 && symbol.binding == STB_WEAK) weak.insert(symbol.name);
    }
    for (const auto id : btf.sections()) {
        const auto section = btf.type(id);
        if (section.name != ".ksyms") continue;
        for (std::uint32_t i = 0; i < section.count && budget.take_field(); ++i) {
            const auto symbol = btf.type(btf.section_variable(section, i).type);
            const bool is_function = symbol.kind == BTF_KIND_FUNC;
            if ((!is_function && symbol.kind != BTF_KIND_VAR) || symbol.name.empty()) continue;
            if (!budget.take_bytes(symbol.name.size())) return;
            facts.kernel_symbols.push_back(
                {std::string(symbol.name), is_function, weak.contains(symbol.name)});
        }
    }
}

}  // namespace gadget::validator
