// SPDX-License-Identifier: Apache-2.0
#include "type_names.h"

#include <bpf/btf.h>

#include <cstring>

#include "kernel_libbpf.h"

namespace gadget::validator {
namespace {

constexpr std::size_t kBuckets = std::size_t{1} << 16;

std::uint64_t word_at(const char* text, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, text, size);
    return word;
}

}  // namespace

std::string_view essential_name(const char* name) {
    return {name, bpf_core_essential_name_len(name)};
}

// The first and the last bytes: they tell most names apart, and few bytes are quick to look at.
std::size_t TypeNames::bucket(std::string_view name) {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
    const auto size = name.size() < sizeof(std::uint64_t) ? name.size() : sizeof(std::uint64_t);
    const auto head = word_at(name.data(), size);
    const auto tail = word_at(name.data() + name.size() - size, size);
    const auto mixed = ((head * kOdd) ^ tail ^ name.size()) * kOdd;
    return mixed >> 48 & (kBuckets - 1);
}

TypeNames::TypeNames(const btf* types, std::uint32_t first) : first_(first), heads_(kBuckets, 0) {
    const auto count = btf__type_cnt(types);
    next_.resize(count > first ? count - first : 0, 0);
    // From the end, so that a list is in ascending order.
    for (auto id = count; id-- > first;) {
        const auto* type = btf__type_by_id(types, id);
        const char* name = btf__name_by_offset(types, type->name_off);
        if (name == nullptr || *name == '\0') continue;
        if (btf_kind(type) == BTF_KIND_DECL_TAG) {
            const auto* function = btf__type_by_id(types, type->type);
            if (function != nullptr && std::strcmp(name, "bpf_kfunc") == 0)
                kfuncs_.insert(btf__name_by_offset(types, function->name_off));
        }
        auto& head = heads_[bucket(essential_name(name))];
        next_[id - first] = head;
        head = id - first + 1;
    }
}

}  // namespace gadget::validator
