// SPDX-License-Identifier: Apache-2.0
// The steps of inspect(): each fills its part of the facts.
#pragma once

#include "btf_view.h"
#include "elf_view.h"
#include "gadget/model/object_facts.h"
#include "line_info.h"
#include "schema.h"

namespace gadget::validator {

void read_programs(const ElfView& elf, const LineInfo& lines, Budget& budget, model::ObjectFacts& facts);

/// The parameters of the programs. After read_programs().
void read_prototypes(const BtfView& btf, Budget& budget, model::ObjectFacts& facts);
/// Functions and variables of the kernel that the object names (section ".ksyms").
void read_kernel_symbols(const ElfView& elf, const BtfView& btf, Budget& budget, model::ObjectFacts& facts);
/// CO-RE relocations of a .BTF.ext section that LineInfo::open() has accepted. Damaged ones: corrupt_data.
Result<void> read_core_relocations(const ElfView& elf, const BtfView& btf, ByteSpan ext, Budget& budget,
                                   model::ObjectFacts& facts);

/// Maps that are declared in BTF (section ".maps").
void read_btf_maps(const ElfView& elf, const BtfView& btf, Budget& budget, model::ObjectFacts& facts);
/// The maps that each program uses. After all maps and programs were read.
void read_map_uses(const ElfView& elf, Budget& budget, model::ObjectFacts& facts);

/// Maps of the section "maps", as they were declared before BTF.
void read_legacy_maps(const ElfView& elf, model::ObjectFacts& facts);

/// Global variables, and the markers among them.
void read_variables(const ElfView& elf, const BtfView& btf, Budget& budget, model::ObjectFacts& facts);
/// Structs that markers name, and the tags of all others. After read_variables().
void read_structs(const BtfView& btf, Budget& budget, model::ObjectFacts& facts);

/// Takes the name of a marker apart. False when `variable` does not have the name of a marker.
/// `is_marker_type` tells whether it is a global `const void *`.
bool read_marker(std::string_view variable, bool is_marker_type, model::ObjectFacts& facts);

/// Name of a map type as bpftool prints it: "ringbuf"; "type 99" when unknown.
[[nodiscard]] std::string map_type_name(std::uint32_t type);

}  // namespace gadget::validator
