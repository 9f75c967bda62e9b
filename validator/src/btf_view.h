// SPDX-License-Identifier: Apache-2.0
// Read access to the BTF of an object, in place: no copy, no allocation but tables of offsets and ids. The
// section is checked once when it is opened; after that every id and name is safe to ask for, and an id that
// does not exist is `void`. Format: Documentation/bpf/btf.rst of the kernel.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "byte_view.h"
#include "gadget/support/result.h"

namespace gadget::validator {

using TypeId = std::uint32_t;

struct BtfType {
    TypeId id = 0;
    std::uint32_t kind = 0;   ///< BTF_KIND_*; 0 = void
    std::uint32_t count = 0;  ///< members, enumerators, parameters or variables
    bool kind_flag = false;
    std::uint32_t size_or_type = 0;
    std::string_view name;
    ByteSpan extra;  ///< what follows the fixed part

    [[nodiscard]] bool is_composite() const;  ///< struct or union
    [[nodiscard]] bool is_enum() const;       ///< also 64-bit
};

struct BtfMember {
    std::string_view name;
    TypeId type = 0;
    std::uint32_t bit_offset = 0;
    std::uint32_t bit_size = 0;  ///< 0 = not a bit-field
};

struct BtfEnumerator {
    std::string_view name;
    std::int64_t value = 0;
};

struct BtfArray {
    TypeId element = 0;
    std::uint32_t count = 0;
};

struct BtfInt {
    std::uint32_t encoding = 0;  ///< BTF_INT_*
    std::uint32_t bits = 0;
};

struct BtfSectionVariable {
    TypeId type = 0;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
};

class BtfView {
  public:
    /// `data` is a whole .BTF section.
    static Result<BtfView> open(ByteSpan data);

    /// Number of types, void included: ids are 0 .. count - 1.
    [[nodiscard]] TypeId type_count() const { return static_cast<TypeId>(offsets_.size()); }
    [[nodiscard]] BtfType type(TypeId id) const;
    /// The same without its name, which takes longest.
    [[nodiscard]] BtfType shape(TypeId id) const;
    /// Ids of all BTF_KIND_DATASEC and BTF_KIND_STRUCT, ascending.
    [[nodiscard]] const std::vector<TypeId>& sections() const { return sections_; }
    [[nodiscard]] const std::vector<TypeId>& structs() const { return structs_; }
    /// Ids of all BTF_KIND_FUNC, ascending.
    [[nodiscard]] const std::vector<TypeId>& functions() const { return functions_; }
    [[nodiscard]] std::string_view name(std::uint32_t offset) const { return name_at(strings_, offset); }

    /// `index` < type.count; the type must be of the fitting kind.
    [[nodiscard]] BtfMember member(const BtfType& type, std::uint32_t index) const;
    [[nodiscard]] BtfEnumerator enumerator(const BtfType& type, std::uint32_t index) const;
    [[nodiscard]] BtfSectionVariable section_variable(const BtfType& type, std::uint32_t index) const;
    /// Type of a parameter of a BTF_KIND_FUNC_PROTO; 0 (void) for the "..." of variadic functions.
    [[nodiscard]] static TypeId parameter(const BtfType& prototype, std::uint32_t index);
    [[nodiscard]] static BtfArray array(const BtfType& type);
    [[nodiscard]] static BtfInt integer(const BtfType& type);
    /// BTF_VAR_*, or BTF_FUNC_* for a function.
    [[nodiscard]] static std::uint32_t linkage(const BtfType& type);

    /// The type behind typedefs, qualifiers and type tags. Chains longer than kMaxDepth end in void.
    [[nodiscard]] BtfType strip(TypeId id) const;
    /// Bytes of a value of the type; nullopt for void, functions, and arrays that overflow 32 bits.
    [[nodiscard]] std::optional<std::uint32_t> size_of(TypeId id) const;
    /// As C writes it: "struct event", "const char *", "__u32", "char[16]".
    [[nodiscard]] std::string c_name(TypeId id) const;

    static constexpr int kMaxDepth = 32;

  private:
    [[nodiscard]] std::string c_name(TypeId id, int depth) const;
    [[nodiscard]] BtfType shape(TypeId id, std::uint32_t& name_offset) const;

    ByteSpan types_;
    ByteSpan strings_;
    std::vector<std::uint32_t> offsets_;  ///< of each type in types_; [0] is void
    std::vector<TypeId> sections_;
    std::vector<TypeId> structs_;
    std::vector<TypeId> functions_;
};

/// Whether a kind only qualifies or renames another type.
[[nodiscard]] bool is_modifier(std::uint32_t kind);

}  // namespace gadget::validator
