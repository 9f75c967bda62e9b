// SPDX-License-Identifier: Apache-2.0
// From BTF structs to the layout of events.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "btf_view.h"
#include "gadget/model/event_schema.h"
#include "gadget/model/object_facts.h"

namespace gadget::validator {

/// How much work one object may ask for. A small hostile object can describe structs whose fields, written
/// out, would fill the memory; real gadgets stay far below.
struct Budget {
    std::size_t fields = std::size_t{1} << 18;
    std::size_t bytes = std::size_t{64} << 20;  ///< of initial values, and instructions looked at

    [[nodiscard]] bool take_field() { return take(fields, 1); }
    [[nodiscard]] bool take_bytes(std::size_t count) { return take(bytes, count); }
    [[nodiscard]] bool exhausted() const { return exhausted_; }

  private:
    bool take(std::size_t& left, std::size_t count) {
        if (count > left) exhausted_ = true;
        left -= count > left ? left : count;
        return !exhausted_;
    }
    bool exhausted_ = false;
};

/// The layout of the struct `id` (a BTF_KIND_STRUCT). Left out: pointers, members without size, and members
/// whose name begins with two underscores, which stand for padding.
[[nodiscard]] model::EventSchema schema_of(const BtfView& btf, TypeId id, Budget& budget);

/// A single value of type `id`, as a field at offset 0 whose name and path are `name`. Unlike in schema_of(),
/// a pointer is an unsigned integer and a struct has no members.
[[nodiscard]] model::Field field_of(const BtfView& btf, TypeId id, std::string_view name, Budget& budget);

/// The bytes of the struct `id` that belong to no member, itself or in structs inside it; those of
/// gadget/types.h count as whole.
[[nodiscard]] std::vector<model::Hole> holes_of(const BtfView& btf, TypeId id, Budget& budget);

}  // namespace gadget::validator
