// SPDX-License-Identifier: Apache-2.0
// Global variables are found through the object's BTF: a DATASEC per section lists its variables with offset
// and size.
#include <bpf/btf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "object.h"

namespace gadget::runtime {
namespace {

struct Variable {
    std::string section;
    std::string name;
    std::size_t offset;
    std::size_t size;

    [[nodiscard]] bool is_constant() const { return section.starts_with(".rodata"); }
};

bool is_data_section(std::string_view name) {
    return name.starts_with(".rodata") || name.starts_with(".data") || name.starts_with(".bss");
}

std::vector<Variable> list_variables(const btf* types) {
    std::vector<Variable> variables;
    if (types == nullptr) return variables;
    const __u32 count = btf__type_cnt(types);
    for (__u32 id = 1; id < count; ++id) {
        const btf_type* const section = btf__type_by_id(types, id);
        if (section == nullptr || !btf_is_datasec(section)) continue;
        const char* const section_name = btf__name_by_offset(types, section->name_off);
        if (section_name == nullptr || !is_data_section(section_name)) continue;
        const btf_var_secinfo* const entries = btf_var_secinfos(section);
        for (__u32 i = 0; i < btf_vlen(section); ++i) {
            const btf_type* const variable = btf__type_by_id(types, entries[i].type);
            if (variable == nullptr || !btf_is_var(variable)) continue;
            const char* const name = btf__name_by_offset(types, variable->name_off);
            if (name != nullptr)
                variables.push_back({section_name, name, entries[i].offset, entries[i].size});
        }
    }
    return variables;
}

Result<void> check(const Constant& constant, const Variable& variable, const std::string& object) {
    if (!variable.is_constant() && !constant.allow_mutable) {
        return Error{
            ErrorCode::invalid_argument,
            "constant '" + constant.name + "' of '" + object + "' is a variable in " + variable.section,
            "declare it 'const volatile'"};
    }
    if (variable.size != constant.value.size()) {
        return Error{ErrorCode::invalid_argument, "constant '" + constant.name + "' of '" + object +
                                                      "' has " + std::to_string(variable.size) +
                                                      " bytes, the value given has " +
                                                      std::to_string(constant.value.size())};
    }
    return {};
}

Result<Bytes> section_content(bpf_object* object, const std::string& section, const std::string& name) {
    bpf_map* const map = bpf_object__find_map_by_name(object, section.c_str());
    std::size_t size = 0;
    const void* const initial = map == nullptr ? nullptr : bpf_map__initial_value(map, &size);
    if (initial == nullptr)
        return Error{ErrorCode::corrupt_data, "section " + section + " of '" + name + "' has no content"};
    Bytes content(size);
    std::memcpy(content.data(), initial, size);
    return content;
}

}  // namespace

Result<std::map<std::string, Bytes>> changed_sections(bpf_object* object, std::span<const Constant> constants,
                                                      const std::string& object_name) {
    std::map<std::string, Bytes> sections;
    const std::vector<Variable> variables = list_variables(bpf_object__btf(object));
    for (const Constant& constant : constants) {
        const auto found = std::ranges::find(variables, constant.name, &Variable::name);
        if (found == variables.end()) {
            if (constant.optional) continue;
            std::vector<std::string> candidates;
            for (const Variable& variable : variables) candidates.push_back(variable.name);
            return unknown_name("constant", constant.name, object_name, candidates);
        }
        GADGET_TRY(check(constant, *found, object_name));
        if (!sections.contains(found->section)) {
            GADGET_TRY_ASSIGN(sections[found->section], section_content(object, found->section, object_name));
        }
        Bytes& content = sections[found->section];
        if (found->offset > content.size() || found->size > content.size() - found->offset) {
            return Error{ErrorCode::corrupt_data, "constant '" + constant.name + "' of '" + object_name +
                                                      "' lies outside of section " + found->section};
        }
        std::ranges::copy(constant.value, content.begin() + static_cast<std::ptrdiff_t>(found->offset));
    }
    return sections;
}

Result<void> set_constants(const Object& object, std::span<const Constant> constants,
                           const std::string& object_name) {
    std::vector<Constant> variables;
    for (const Constant& constant : constants) {
        if (constant.probes.empty() && !object.asm_uses().contains(constant.name))
            variables.push_back(constant);
    }
    if (variables.empty()) return {};
    GADGET_TRY_ASSIGN(const auto sections, changed_sections(object.handle(), variables, object_name));
    for (const auto& [section, content] : sections) {
        bpf_map* const map = bpf_object__find_map_by_name(object.handle(), section.c_str());
        const int status = bpf_map__set_initial_value(map, content.data(), content.size());
        if (status != 0)
            return errno_error(status, "setting the constants of '" + object_name + "' in " + section);
    }
    return {};
}

}  // namespace gadget::runtime
