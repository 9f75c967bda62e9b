// SPDX-License-Identifier: Apache-2.0
#include <linux/btf.h>

#include <algorithm>
#include <unordered_set>

#include "facts.h"

namespace gadget::validator {
namespace {

// Sections of BTF that hold something else than plain variables.
bool holds_variables(std::string_view section) {
    return section != ".maps" && section != "maps" && section != "license" && section != "version" &&
           section != ".ksyms" && !section.starts_with(".struct_ops");
}

// For arrays the element's qualifiers count: that is where the compiler puts those of the variable.
struct Qualifiers {
    bool is_const = false;
    bool is_volatile = false;
};

Qualifiers qualifiers_of(const BtfView& btf, TypeId id) {
    Qualifiers result;
    for (int depth = 0; depth < BtfView::kMaxDepth; ++depth) {
        const auto type = btf.type(id);
        result.is_const |= type.kind == BTF_KIND_CONST;
        result.is_volatile |= type.kind == BTF_KIND_VOLATILE;
        if (type.kind == BTF_KIND_ARRAY) {
            id = BtfView::array(type).element;
        } else if (is_modifier(type.kind)) {
            id = type.size_or_type;
        } else {
            break;
        }
    }
    return result;
}

bool is_const_void_pointer(const BtfView& btf, TypeId id) {
    const auto pointer = btf.type(id);
    if (pointer.kind != BTF_KIND_PTR) return false;
    const auto target = btf.type(pointer.size_or_type);
    return target.kind == BTF_KIND_CONST && btf.type(target.size_or_type).kind == BTF_KIND_UNKN;
}

model::VariableFacts read_variable(const ElfView& elf, const BtfView& btf, const BtfType& variable,
                                   std::string_view section, Budget& budget) {
    model::VariableFacts facts;
    facts.name = variable.name;
    facts.section = section;
    facts.is_global = BtfView::linkage(variable) != BTF_VAR_STATIC;
    facts.size = btf.size_of(variable.size_or_type).value_or(0);
    facts.type = field_of(btf, variable.size_or_type, variable.name, budget);
    const auto [is_const, is_volatile] = qualifiers_of(btf, variable.size_or_type);
    facts.is_const = is_const;
    facts.is_volatile = is_volatile;

    // Compilers leave the offsets of BTF at 0 for the loader to fill in; the symbol has the real one.
    const auto* symbol = elf.find_object(variable.name);
    if (symbol == nullptr || elf.sections()[symbol->section].name != section) return facts;
    facts.offset = static_cast<std::uint32_t>(symbol->value);
    const auto data = elf.data_of(*symbol);
    if (budget.take_bytes(data.size())) facts.initial.assign(data.begin(), data.end());
    return facts;
}

// `const struct event *unusedevent_open___event`, which markers bring so that BTF has the struct.
void note_kept_struct(const BtfView& btf, const BtfType& variable, model::ObjectFacts& facts) {
    if (variable.name.find("unused") == std::string_view::npos &&
        !variable.name.starts_with("__gadget_tracer_type_"))
        return;
    const auto pointer = btf.strip(variable.size_or_type);
    const auto target = pointer.kind == BTF_KIND_PTR ? btf.strip(pointer.size_or_type) : BtfType{};
    if (!target.name.empty())
        facts.kept_structs.push_back({std::string(variable.name), std::string(target.name)});
}

}  // namespace

void read_variables(const ElfView& elf, const BtfView& btf, Budget& budget, model::ObjectFacts& facts) {
    for (const auto id : btf.sections()) {
        const auto section = btf.type(id);
        if (!holds_variables(section.name)) continue;
        for (std::uint32_t i = 0; i < section.count && budget.take_field(); ++i) {
            const auto variable = btf.type(btf.section_variable(section, i).type);
            if (variable.kind != BTF_KIND_VAR || variable.name.empty()) continue;
            const bool is_marker_type = BtfView::linkage(variable) == BTF_VAR_GLOBAL_ALLOCATED &&
                                        is_const_void_pointer(btf, variable.size_or_type);
            note_kept_struct(btf, variable, facts);
            if (read_marker(variable.name, is_marker_type, facts)) continue;
            facts.variables.push_back(read_variable(elf, btf, variable, section.name, budget));
        }
    }
}

void read_structs(const BtfView& btf, Budget& budget, model::ObjectFacts& facts) {
    std::unordered_set<std::string_view> wanted;
    for (const auto& tracer : facts.tracers) wanted.insert(tracer.struct_name);
    for (const auto& iterator : facts.iterators) wanted.insert(iterator.struct_name);
    for (const auto id : btf.structs()) {
        const auto type = btf.type(id);
        if (type.name.empty()) continue;
        if (budget.take_bytes(type.name.size())) facts.all_structs.emplace_back(type.name);
        if (!wanted.contains(type.name) || facts.structs.contains(std::string(type.name))) continue;
        facts.structs.emplace(type.name, schema_of(btf, id, budget));
    }
    std::sort(facts.all_structs.begin(), facts.all_structs.end());
    facts.all_structs.erase(std::unique(facts.all_structs.begin(), facts.all_structs.end()),
                            facts.all_structs.end());
}

}  // namespace gadget::validator
