// SPDX-License-Identifier: Apache-2.0
// The layout of an event, as read from the BTF of its C struct: what decodes records and what metadata is
// checked against.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gadget::model {

/// What the bytes of a field are.
enum class FieldKind : std::uint8_t {
    structure,  ///< struct or union: parent of the fields that follow it with a deeper path; no value of its
                ///< own
    boolean,
    signed_int,  ///< 1, 2, 4 or 8 bytes
    unsigned_int,
    floating,  ///< 4 or 8 bytes
    c_string,  ///< char[N], up to the first NUL
    bytes,     ///< anything else with a size; members of C structs that would be that are left out
};

[[nodiscard]] std::string_view to_string(FieldKind kind);

struct Enumerator {
    std::string name;
    std::int64_t value = 0;
};

struct Field {
    std::string name;  ///< member name: "pid"
    std::string path;  ///< full dotted name: "proc.pid"
    FieldKind kind = FieldKind::bytes;
    std::uint32_t offset = 0;             ///< bytes from the start of the record
    std::uint32_t size = 0;               ///< bytes, of all elements
    std::uint32_t element_size = 0;       ///< bytes of one element; == size when not an array
    std::uint32_t count = 1;              ///< elements
    bool is_array = false;                ///< true for scalar arrays (never for c_string)
    int parent = -1;                      ///< index of the enclosing structure field, -1 = top level
    std::uint32_t bit_offset = 0;         ///< of a bit-field, inside the element at `offset`
    std::uint32_t bit_size = 0;           ///< 0 = not a bit-field
    std::vector<std::string> type_names;  ///< typedef chain, outermost first: "gadget_pid", "__u32"
    std::string enum_name;                ///< tag of the enum, or empty
    std::vector<Enumerator> enumerators;

    /// Whether the typedef chain, struct or union tag includes `type`, e.g. "gadget_errno".
    [[nodiscard]] bool has_type(std::string_view type) const;
};

struct EventSchema {
    std::string struct_name;
    std::uint32_t size = 0;
    std::vector<Field> fields;  ///< preorder: a structure, then its members

    /// Field by full dotted name; nullptr when there is none.
    [[nodiscard]] const Field* find(std::string_view path) const;
};

}  // namespace gadget::model
