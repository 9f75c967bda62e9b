// SPDX-License-Identifier: Apache-2.0
// What a compiled gadget object holds, read once from its ELF and BTF. The same object gives the same facts
// on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gadget/model/event_schema.h"
#include "gadget/model/section_table.h"
#include "gadget/support/diagnostic.h"

namespace gadget::model {

struct ProgramFacts {
    std::string name;                   ///< C function name
    std::string section;                ///< as written in SEC()
    std::optional<SectionName> parsed;  ///< nullopt: unknown section
    std::uint32_t instructions = 0;
    bool is_static = false;  ///< local symbol: libbpf refuses such programs
    SourceRange source{};    ///< first line of the function from BTF line info; file "" when unknown
    /// C types of its parameters, "struct xdp_md *"; nullopt when BTF does not describe the function.
    std::optional<std::vector<std::string>> parameters{};
    std::vector<std::string>
        maps{};  ///< it refers to, itself or in functions that it calls; in the order of maps
};

/// Bytes of a struct that belong to no member.
struct Hole {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::string after;  ///< the member before it, dotted
};

/// What the values of a map of maps look like: `__array(values, struct inner)`.
struct InnerMapFacts {
    std::uint32_t type = 0;
    std::string type_name;
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t max_entries = 0;
    std::uint32_t flags = 0;
};

struct MapFacts {
    std::string name;
    std::uint32_t type = 0;  ///< enum bpf_map_type
    std::string type_name;   ///< "ringbuf", as bpftool prints it
    std::uint32_t key_size = 0;
    std::uint32_t value_size = 0;
    std::uint32_t max_entries = 0;
    std::uint32_t flags = 0;
    bool pinned_by_name = false;
    bool legacy = false;      ///< from a "maps" section, without BTF
    bool referenced = false;  ///< a program refers to it
    std::string key_type;     ///< C type name when known
    std::string value_type;
    std::vector<Hole> key_holes;              ///< padding of a struct key, in order
    std::optional<EventSchema> key_schema;    ///< when the key is a struct
    std::optional<EventSchema> value_schema;  ///< when the value is a struct
    std::optional<InnerMapFacts> inner;       ///< declared values of a map of maps
    bool has_programs = false;                ///< declared values are programs
};

/// A kernel function that the object calls (a kfunc), or a kernel variable that it reads.
struct KernelSymbolFacts {
    std::string name;
    bool is_function = false;
    bool weak = false;  ///< the object copes without it
};

/// What a loader has to fit to the kernel before the program can run (CO-RE).
struct CoreRelocation {
    std::string program;            ///< function whose instruction it is, or its section
    std::uint32_t instruction = 0;  ///< index in the section
    std::string type;               ///< C type in the object: "struct task_struct"
    std::string access;             ///< members by index from there, "0:1:2", or an enumerator's index
    std::uint32_t kind = 0;         ///< enum bpf_core_relo_kind
};

/// A struct that GADGET_TRACER and its like keep in BTF.
struct KeptStruct {
    std::string variable;
    std::string struct_name;
};

/// `GADGET_TRACER(name, map, struct)`: spec of gadget/macros.h.
struct TracerFacts {
    std::string name;
    std::string map;
    std::string struct_name;
    std::string variable;  ///< the marker variable
};

struct IterFacts {
    std::string name;
    std::string struct_name;
    std::vector<std::string> programs;
    std::string variable;
};

struct MapIterFacts {
    std::string name;
    std::string map;
    std::string variable;
};

/// `GADGET_ITER_TARGET_MAP(program, map)` or `GADGET_SK_TARGET_MAP(program, map)`: the map that a program is
/// attached to.
struct MapTargetFacts {
    std::string program;
    std::string map;
    std::string variable;
};

/// A marker whose name cannot be read, e.g. with the wrong number of parts.
struct BadMarker {
    std::string variable;
    std::string reason;
};

/// A global variable of the object.
struct VariableFacts {
    std::string name;
    std::string section;       ///< ".rodata", ".bss", ".data", ".kconfig"...
    std::uint32_t offset = 0;  ///< in its section
    std::uint32_t size = 0;
    bool is_const = false;
    bool is_volatile = false;
    bool is_global = false;  ///< linkage: not static
    Field type;  ///< kind, element size and typedef chain of the variable (name and path = variable name)
    std::vector<std::byte> initial;  ///< initial value for sections with data, empty for .bss
};

struct ObjectFacts {
    std::string object;  ///< how to call it in findings, e.g. "amd64 object"
    bool has_btf = false;
    std::string license;  ///< empty when there is none
    std::vector<ProgramFacts> programs;
    std::vector<MapFacts> maps;
    std::vector<TracerFacts> tracers;
    std::vector<IterFacts> iterators;
    std::vector<MapIterFacts> map_iterators;
    std::vector<std::string> params;   ///< names from GADGET_PARAM markers
    std::vector<std::string> buffers;  ///< maps declared with GADGET_TRACER_MAP
    std::vector<MapTargetFacts> map_targets;
    std::vector<BadMarker> bad_markers;
    std::vector<VariableFacts> variables;
    std::map<std::string, EventSchema>
        structs;  ///< every struct that a tracer or iterator marker names and BTF holds
    std::vector<std::uint32_t> helpers;             ///< enum bpf_func_id of all helpers called, sorted
    std::vector<KernelSymbolFacts> kernel_symbols;  ///< kfuncs and ksyms, in the order of BTF
    std::vector<CoreRelocation> core_relocations;   ///< in the order of .BTF.ext
    std::vector<KeptStruct> kept_structs;
    std::vector<std::string> all_structs;  ///< tags of all structs in BTF, sorted: for "did you mean"

    [[nodiscard]] const MapFacts* find_map(std::string_view name) const;
    [[nodiscard]] const ProgramFacts* find_program(std::string_view name) const;
    [[nodiscard]] const VariableFacts* find_variable(std::string_view name) const;
};

}  // namespace gadget::model
