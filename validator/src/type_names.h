// SPDX-License-Identifier: Apache-2.0
// Finds types of a kernel by name: it has a hundred thousand, and libbpf compares one by one.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

struct btf;

namespace gadget::validator {

/// The name as CO-RE compares it: "task_struct" of "task_struct___old". By libbpf's own rule.
[[nodiscard]] std::string_view essential_name(const char* name);

/// Refers to the names in `types`, which must outlive it.
class TypeNames {
  public:
    /// Of the types from id `first` on, which are those of a module when `types` is split BTF.
    TypeNames(const btf* types, std::uint32_t first);

    /// Calls `visit(id)` for each type whose essential name could be `name`, in ascending order, until it
    /// gives true; returns whether it did. Other names may come along: compare.
    template <class Visit>
    bool any(std::string_view name, Visit&& visit) const {
        for (auto at = heads_[bucket(name)]; at != 0; at = next_[at - 1]) {
            if (visit(first_ + at - 1)) return true;
        }
        return false;
    }

    /// Names of functions that are marked as callable by programs.
    [[nodiscard]] const std::unordered_set<std::string_view>& kfuncs() const { return kfuncs_; }

  private:
    [[nodiscard]] static std::size_t bucket(std::string_view name);

    std::uint32_t first_;
    std::vector<std::uint32_t> heads_;  ///< by bucket: 1 + index of a type; 0 = none
    std::vector<std::uint32_t> next_;   ///< by index: the next of the same bucket
    std::unordered_set<std::string_view> kfuncs_;
};

}  // namespace gadget::validator
