// SPDX-License-Identifier: Apache-2.0
// BTF in the hands of libbpf. libbpf trusts ids and names of the BTF that it is given, so whatever comes from
// a file is checked first.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "btf_view.h"
#include "gadget/model/kernel_facts.h"
#include "kernel_libbpf.h"
#include "type_names.h"

namespace gadget::validator {

/// Whether code that believes all ids, names and nestings can walk over this BTF: every id and name exists,
/// no type contains itself. `base` is the BTF that split BTF builds on, or nullptr. `what` names it in the
/// error.
Result<void> check_sound(ByteSpan data, std::string_view what);

struct FreeBtf {
    void operator()(btf* types) const;
};
using BtfPtr = std::unique_ptr<btf, FreeBtf>;

/// While it lives, libbpf says nothing on stderr. Not to be used by two threads at once.
class QuietLibbpf {
  public:
    QuietLibbpf();
    QuietLibbpf(const QuietLibbpf&) = delete;
    QuietLibbpf& operator=(const QuietLibbpf&) = delete;
    ~QuietLibbpf();

  private:
    void* previous_;
};

/// Parsed by libbpf; `data` was found sound or comes from a kernel.
Result<BtfPtr> parse_btf(ByteSpan data, std::string_view what);

/// The types of a kernel and its modules.
class KernelTypes {
  public:
    static Result<KernelTypes> open(const model::KernelFacts& kernel);

    [[nodiscard]] bool known() const { return main_ != nullptr; }
    [[nodiscard]] bool knows_modules() const { return !modules_.empty(); }

    /// Whether the kernel or a module has a type of that name and kind (BTF_KIND_*).
    [[nodiscard]] bool has(const std::string& name, std::uint32_t kind) const;
    /// Whether a function is marked as one that programs may call; true for kernels that mark none.
    [[nodiscard]] bool is_kfunc(const std::string& name) const;

    /// Values and names of an enumeration of the kernel; empty when it has none.
    struct Enumeration {
        std::set<std::int64_t> values;
        std::set<std::string, std::less<>> names;
    };
    [[nodiscard]] Enumeration enumeration(std::string_view name) const;

    /// Types that could be type `id` of `local`. The list belongs to this object.
    Result<CoreCandidates*> candidates(const btf* local, std::uint32_t id);

  private:
    struct Module {
        std::string name;
        BtfPtr types;
        TypeNames names;
    };
    struct Candidates {
        std::vector<CoreCandidate> items;
        CoreCandidates list{};  ///< points into items
    };
    /// Calls `visit(types, id)` for the types of the kernel, then of modules, until one gives true.
    template <class Visit>
    bool any(std::string_view name, Visit&& visit) const;

    BtfPtr main_;
    std::optional<TypeNames> names_;  ///< of main_
    std::vector<Module> modules_;
    std::map<std::uint32_t, Candidates> cache_;  ///< by id in the object
};

}  // namespace gadget::validator
