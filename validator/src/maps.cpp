// SPDX-License-Identifier: Apache-2.0
// How maps are declared: struct members whose types carry the values. `__uint(max_entries, 16)` is a pointer
// to int[16],
// `__type(key, T)` a pointer to T, `__array(values, T)` an array of pointers to T (libbpf's bpf_helpers.h).
#include <elf.h>
#include <linux/bpf.h>
#include <linux/btf.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "facts.h"

namespace gadget::validator {
namespace {

// Index = enum bpf_map_type, names as bpftool prints them.
constexpr std::array<std::string_view, 34> kMapTypes{"unspec",
                                                     "hash",
                                                     "array",
                                                     "prog_array",
                                                     "perf_event_array",
                                                     "percpu_hash",
                                                     "percpu_array",
                                                     "stack_trace",
                                                     "cgroup_array",
                                                     "lru_hash",
                                                     "lru_percpu_hash",
                                                     "lpm_trie",
                                                     "array_of_maps",
                                                     "hash_of_maps",
                                                     "devmap",
                                                     "sockmap",
                                                     "cpumap",
                                                     "xskmap",
                                                     "sockhash",
                                                     "cgroup_storage",
                                                     "reuseport_sockarray",
                                                     "percpu_cgroup_storage",
                                                     "queue",
                                                     "stack",
                                                     "sk_storage",
                                                     "devmap_hash",
                                                     "struct_ops",
                                                     "ringbuf",
                                                     "inode_storage",
                                                     "task_storage",
                                                     "bloom_filter",
                                                     "user_ringbuf",
                                                     "cgrp_storage",
                                                     "arena"};

// The N of a pointer to int[N].
std::uint32_t encoded_number(const BtfView& btf, TypeId id) {
    const auto pointer = btf.strip(id);
    if (pointer.kind != BTF_KIND_PTR) return 0;
    const auto array = btf.strip(pointer.size_or_type);
    return array.kind == BTF_KIND_ARRAY ? BtfView::array(array).count : 0;
}

struct EncodedType {
    std::string name;
    std::uint32_t size = 0;
    std::optional<model::EventSchema> schema;
    TypeId struct_id = 0;
};

// The T of a pointer to T.
EncodedType encoded_type(const BtfView& btf, TypeId id, Budget& budget) {
    const auto pointer = btf.strip(id);
    if (pointer.kind != BTF_KIND_PTR) return {};
    EncodedType result;
    result.name = btf.c_name(pointer.size_or_type);
    result.size = btf.size_of(pointer.size_or_type).value_or(0);
    const auto target = btf.strip(pointer.size_or_type);
    if (target.kind == BTF_KIND_STRUCT) {
        result.schema = schema_of(btf, target.id, budget);
        result.struct_id = target.id;
    }
    return result;
}

constexpr std::uint32_t kPinByName = 1;

// `__array(values, ...)`: an array of pointers to a map definition or to a program's prototype.
void read_values(const BtfView& btf, const BtfMember& member, Budget& budget, model::MapFacts& map) {
    const auto array = btf.strip(member.type);
    if (array.kind != BTF_KIND_ARRAY) return;
    const auto pointer = btf.strip(BtfView::array(array).element);
    if (pointer.kind != BTF_KIND_PTR) return;
    const auto target = btf.strip(pointer.size_or_type);
    map.has_programs = target.kind == BTF_KIND_FUNC_PROTO;
    if (target.kind != BTF_KIND_STRUCT) return;
    auto& inner = map.inner.emplace();
    for (std::uint32_t i = 0; i < target.count && budget.take_field(); ++i) {
        const auto part = btf.member(target, i);
        const auto number = [&] { return encoded_number(btf, part.type); };
        const auto size = [&] {
            const auto type = btf.strip(part.type);
            return type.kind == BTF_KIND_PTR ? btf.size_of(type.size_or_type).value_or(0) : 0;
        };
        if (part.name == "type") inner.type = number();
        if (part.name == "max_entries") inner.max_entries = number();
        if (part.name == "map_flags") inner.flags = number();
        if (part.name == "key_size") inner.key_size = number();
        if (part.name == "value_size") inner.value_size = number();
        if (part.name == "key") inner.key_size = size();
        if (part.name == "value") inner.value_size = size();
    }
    inner.type_name = map_type_name(inner.type);
}

void apply_member(const BtfView& btf, const BtfMember& member, Budget& budget, model::MapFacts& map) {
    const auto number = [&] { return encoded_number(btf, member.type); };
    if (member.name == "type") map.type = number();
    if (member.name == "max_entries") map.max_entries = number();
    if (member.name == "map_flags") map.flags = number();
    if (member.name == "key_size") map.key_size = number();
    if (member.name == "value_size") map.value_size = number();
    if (member.name == "pinning") map.pinned_by_name = number() == kPinByName;
    if (member.name == "key") {
        auto key = encoded_type(btf, member.type, budget);
        map.key_type = std::move(key.name);
        map.key_size = key.size;
        map.key_schema = std::move(key.schema);
        if (key.struct_id != 0) map.key_holes = holes_of(btf, key.struct_id, budget);
    }
    if (member.name == "value") {
        auto value = encoded_type(btf, member.type, budget);
        map.value_type = std::move(value.name);
        map.value_size = value.size;
        map.value_schema = std::move(value.schema);
    }
    // Programs or inner maps: userspace sees file descriptors.
    if (member.name == "values") {
        map.value_size = sizeof(std::uint32_t);
        read_values(btf, member, budget, map);
    }
}

// Map symbols that code refers to.
std::unordered_set<std::string_view> referenced_symbols(const ElfView& elf) {
    std::unordered_set<std::string_view> names;
    for (const auto& section : elf.sections()) {
        if (section.type != SHT_REL || section.info >= elf.sections().size()) continue;
        if (!elf.sections()[section.info].is_code()) continue;
        for (std::uint64_t at = 0; at + sizeof(Elf64_Rel) <= section.data.size(); at += sizeof(Elf64_Rel)) {
            const auto symbol = ELF64_R_SYM(read_at<Elf64_Rel>(section.data, at)->r_info);
            if (symbol < elf.symbols().size()) names.insert(elf.symbols()[symbol].name);
        }
    }
    return names;
}

}  // namespace

std::string map_type_name(std::uint32_t type) {
    return type < kMapTypes.size() ? std::string(kMapTypes[type]) : "type " + std::to_string(type);
}

void read_btf_maps(const ElfView& elf, const BtfView& btf, Budget& budget, model::ObjectFacts& facts) {
    const auto referenced = referenced_symbols(elf);
    for (const auto id : btf.sections()) {
        const auto section = btf.type(id);
        if (section.name != ".maps") continue;
        for (std::uint32_t i = 0; i < section.count && budget.take_field(); ++i) {
            const auto variable = btf.type(btf.section_variable(section, i).type);
            if (variable.kind != BTF_KIND_VAR || variable.name.empty()) continue;
            const auto definition = btf.strip(variable.size_or_type);
            if (definition.kind != BTF_KIND_STRUCT) continue;
            model::MapFacts map;
            map.name = variable.name;
            map.referenced = referenced.contains(variable.name);
            for (std::uint32_t m = 0; m < definition.count && budget.take_field(); ++m)
                apply_member(btf, btf.member(definition, m), budget, map);
            map.type_name = map_type_name(map.type);
            facts.maps.push_back(std::move(map));
        }
    }
}

void read_legacy_maps(const ElfView& elf, model::ObjectFacts& facts) {
    struct Definition {
        std::uint32_t type, key_size, value_size, max_entries, flags;
    };
    const auto section = elf.section_index("maps");
    if (section == 0) return;
    for (const auto& symbol : elf.symbols()) {
        if (symbol.section != section || symbol.name.empty()) continue;
        const auto raw = read_at<Definition>(elf.sections()[section].data, symbol.value);
        if (!raw) continue;
        model::MapFacts map;
        map.name = symbol.name;
        map.type = raw->type;
        map.type_name = map_type_name(raw->type);
        map.key_size = raw->key_size;
        map.value_size = raw->value_size;
        map.max_entries = raw->max_entries;
        map.flags = raw->flags;
        map.legacy = true;
        map.referenced = true;
        facts.maps.push_back(std::move(map));
    }
}

}  // namespace gadget::validator
