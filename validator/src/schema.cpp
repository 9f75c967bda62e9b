// SPDX-License-Identifier: Apache-2.0
// Rules of Inspektor Gadget for what becomes a field, and a little more: it drops members whose struct type
// is a typedef, truncates bit-fields, and has a field without a name for an anonymous struct; here all are
// read. Left out, as there: pointers, arrays of structs and of arrays, numbers of more than 64 bits.
#include "schema.h"

#include <linux/btf.h>

#include <utility>

namespace gadget::validator {
namespace {

using model::Field;
using model::FieldKind;

constexpr int kMaxNesting = 16;

FieldKind integer_kind(const BtfInt& integer, std::uint32_t size) {
    if ((integer.encoding & BTF_INT_BOOL) != 0 && size == 1) return FieldKind::boolean;
    if (size != 1 && size != 2 && size != 4 && size != 8) return FieldKind::bytes;
    return (integer.encoding & BTF_INT_SIGNED) != 0 ? FieldKind::signed_int : FieldKind::unsigned_int;
}

bool is_char(const BtfType& type) {
    return type.kind == BTF_KIND_INT && type.name == "char" && type.size_or_type == 1;
}

class SchemaReader {
  public:
    SchemaReader(const BtfView& btf, Budget& budget) : btf_(btf), budget_(budget) {}

    // Fills in what the type says: kind, sizes, type names, enumerators. False when it has no value that
    // could be shown.
    bool describe(TypeId id, Field& field);
    void add_members(const BtfType& composite, std::uint64_t base_bits, int parent, int nesting);

    model::EventSchema schema;

  private:
    BtfType walk_names(TypeId id, Field& field);
    bool describe_scalar(const BtfType& type, Field& field);
    void add_enumerators(const BtfType& type, Field& field);
    void add_member(const BtfMember& member, std::uint64_t bits, int parent, int nesting);
    static bool place_bits(const BtfMember& member, std::uint64_t bits, Field& field);

    const BtfView& btf_;
    Budget& budget_;
};

// Follows the chain to the type that has the layout and notes the names on the way.
BtfType SchemaReader::walk_names(TypeId id, Field& field) {
    for (int depth = 0; depth < BtfView::kMaxDepth; ++depth) {
        const auto type = btf_.type(id);
        if (type.kind == BTF_KIND_TYPEDEF || type.is_composite()) {
            if (!type.name.empty() && budget_.take_bytes(type.name.size()))
                field.type_names.emplace_back(type.name);
        }
        if (!is_modifier(type.kind)) return type;
        id = type.size_or_type;
    }
    return {};
}

void SchemaReader::add_enumerators(const BtfType& type, Field& field) {
    field.enum_name = type.name;
    field.enumerators.reserve(type.count);
    for (std::uint32_t i = 0; i < type.count && budget_.take_field(); ++i) {
        const auto enumerator = btf_.enumerator(type, i);
        if (!budget_.take_bytes(enumerator.name.size())) return;
        field.enumerators.push_back({std::string(enumerator.name), enumerator.value});
    }
}

bool SchemaReader::describe_scalar(const BtfType& type, Field& field) {
    field.element_size = type.kind == BTF_KIND_PTR ? 8 : type.size_or_type;
    const auto size = field.element_size;
    switch (type.kind) {
        case BTF_KIND_INT:
            field.kind = integer_kind(BtfView::integer(type), size);
            break;
        case BTF_KIND_FLOAT:
            field.kind = size == 4 || size == 8 ? FieldKind::floating : FieldKind::bytes;
            break;
        case BTF_KIND_PTR:
            field.kind = FieldKind::unsigned_int;
            break;
        case BTF_KIND_ENUM:
        case BTF_KIND_ENUM64:
            field.kind = type.kind_flag ? FieldKind::signed_int : FieldKind::unsigned_int;
            add_enumerators(type, field);
            break;
        case BTF_KIND_UNION:
        case BTF_KIND_STRUCT:
            field.kind = FieldKind::structure;
            break;
        default:
            return false;
    }
    field.size = size;
    return size > 0 && field.kind != FieldKind::bytes;
}

bool SchemaReader::describe(TypeId id, Field& field) {
    const auto type = walk_names(id, field);
    if (type.kind != BTF_KIND_ARRAY) return describe_scalar(type, field);

    const auto array = BtfView::array(type);
    const auto element = walk_names(array.element, field);
    const auto size = btf_.size_of(type.id).value_or(0);
    if (size == 0) return false;
    if (element.kind == BTF_KIND_ARRAY || element.is_composite()) {
        field.kind = FieldKind::bytes;
        field.size = field.element_size = size;
        return false;
    }
    const bool has_value = describe_scalar(element, field);
    field.size = size;
    if (is_char(element)) {
        field.kind = FieldKind::c_string;
        field.element_size = size;
    } else if (!has_value) {
        field.element_size = size;
    } else {
        field.is_array = true;
        field.count = array.count;
    }
    return has_value;
}

// A bit-field lies in the naturally aligned unit of its type, or, when packed across it, in the bytes that
// cover it.
bool SchemaReader::place_bits(const BtfMember& member, std::uint64_t bits, Field& field) {
    const auto unit = std::uint64_t{field.element_size} * 8;
    if (unit == 0 || unit > 64 || member.bit_size > unit) return false;
    auto start = bits / unit * unit;
    if (bits + member.bit_size > start + unit) start = bits / 8 * 8;
    if (bits + member.bit_size > start + unit) return false;
    field.offset = static_cast<std::uint32_t>(start / 8);
    field.bit_offset = static_cast<std::uint32_t>(bits - start);
    field.bit_size = member.bit_size;
    return true;
}

void SchemaReader::add_member(const BtfMember& member, std::uint64_t bits, int parent, int nesting) {
    const auto target = btf_.strip(member.type);
    if (member.name.empty()) {
        // The members of an anonymous struct or union belong to the enclosing one, as in C. Else it is
        // padding.
        if (target.is_composite()) add_members(target, bits, parent, nesting + 1);
        return;
    }
    if (member.name.starts_with("__") || target.kind == BTF_KIND_PTR) return;
    if (bits / 8 > schema.size) return;

    Field field;
    field.name = member.name;
    field.path =
        parent < 0 ? field.name : schema.fields[static_cast<std::size_t>(parent)].path + "." + field.name;
    field.parent = parent;
    if (!budget_.take_bytes(field.path.size())) return;
    if (!describe(member.type, field)) return;
    field.offset = static_cast<std::uint32_t>(bits / 8);
    if (member.bit_size != 0 && !place_bits(member, bits, field)) return;
    if (std::uint64_t{field.offset} + field.size > schema.size) return;

    const auto index = static_cast<int>(schema.fields.size());
    const bool is_structure = field.kind == FieldKind::structure;
    schema.fields.push_back(std::move(field));
    if (is_structure) add_members(target, bits, index, nesting + 1);
}

void SchemaReader::add_members(const BtfType& composite, std::uint64_t base_bits, int parent, int nesting) {
    if (nesting > kMaxNesting) return;
    for (std::uint32_t i = 0; i < composite.count && budget_.take_field(); ++i) {
        const auto member = btf_.member(composite, i);
        add_member(member, base_bits + member.bit_offset, parent, nesting);
    }
}

}  // namespace

model::EventSchema schema_of(const BtfView& btf, TypeId id, Budget& budget) {
    SchemaReader reader(btf, budget);
    const auto type = btf.type(id);
    reader.schema.struct_name = type.name;
    reader.schema.size = type.size_or_type;
    reader.add_members(type, 0, -1, 0);
    return std::move(reader.schema);
}

model::Field field_of(const BtfView& btf, TypeId id, std::string_view name, Budget& budget) {
    SchemaReader reader(btf, budget);
    Field field;
    field.name = field.path = name;
    if (budget.take_field()) static_cast<void>(reader.describe(id, field));
    return field;
}

}  // namespace gadget::validator
