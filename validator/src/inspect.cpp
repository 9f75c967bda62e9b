// SPDX-License-Identifier: Apache-2.0
#include "facts.h"
#include "gadget/validator.h"

namespace gadget::validator {
namespace {

Result<void> check_size(std::string_view what, std::size_t size, std::size_t limit) {
    if (size <= limit) return {};
    return Error{.code = ErrorCode::corrupt_data,
                 .message = std::string(what) + " has " + std::to_string(size) +
                            " bytes, more than the limit of " + std::to_string(limit),
                 .hint =
                     "a gadget needs less than a hundredth of it: was the kernel's own BTF or debug "
                     "information added?"};
}

std::string read_license(const ElfView& elf) {
    const auto* section = elf.find_section("license");
    return section == nullptr ? std::string{} : std::string(name_at(section->data, 0));
}

Result<void> read_typed_facts(const ElfView& elf, const ElfSection& section, Budget& budget,
                              model::ObjectFacts& facts) {
    GADGET_TRY(check_size("section .BTF", section.data.size(), kMaxBtfSize));
    GADGET_TRY_ASSIGN(const BtfView btf, BtfView::open(section.data));
    LineInfo lines;
    facts.has_btf = true;
    if (const auto* ext = elf.find_section(".BTF.ext"); ext != nullptr && !ext->data.empty()) {
        GADGET_TRY(check_size("section .BTF.ext", ext->data.size(), kMaxBtfSize));
        GADGET_TRY_ASSIGN(lines, LineInfo::open(ext->data, btf));
        GADGET_TRY(read_core_relocations(elf, btf, ext->data, budget, facts));
    }
    read_programs(elf, lines, budget, facts);
    read_prototypes(btf, budget, facts);
    read_kernel_symbols(elf, btf, budget, facts);
    read_btf_maps(elf, btf, budget, facts);
    read_variables(elf, btf, budget, facts);
    read_structs(btf, budget, facts);
    return {};
}

// Rules look things up by name, one by one: these are far above what gadgets have, and what keeps that quick.
constexpr std::size_t kMaxItems = 4096;
constexpr std::size_t kMaxVariables = 16384;

Result<void> check_count(std::string_view what, std::size_t count, std::size_t limit) {
    if (count <= limit) return {};
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "the object has " + std::to_string(count) + " " + std::string(what) +
                            ", more than the limit of " + std::to_string(limit),
                 .hint = "split the gadget"};
}

Result<void> check_counts(const model::ObjectFacts& facts) {
    GADGET_TRY(check_count("programs", facts.programs.size(), kMaxItems));
    GADGET_TRY(check_count("maps", facts.maps.size(), kMaxItems));
    GADGET_TRY(check_count("variables", facts.variables.size(), kMaxVariables));
    return check_count("markers",
                       facts.tracers.size() + facts.iterators.size() + facts.map_iterators.size() +
                           facts.params.size() + facts.buffers.size() + facts.map_targets.size() +
                           facts.bad_markers.size(),
                       kMaxItems);
}

Result<model::ObjectFacts> read_facts(ByteSpan object, const InspectOptions& options) {
    GADGET_TRY(check_size("the object", object.size(), kMaxObjectSize));
    GADGET_TRY_ASSIGN(const ElfView elf, ElfView::open(object));
    model::ObjectFacts facts;
    facts.object = options.object_name;
    facts.license = read_license(elf);
    Budget budget;
    if (const auto* btf = elf.find_section(".BTF"); btf != nullptr && !btf->data.empty()) {
        GADGET_TRY(read_typed_facts(elf, *btf, budget, facts));
    } else {
        read_programs(elf, LineInfo{}, budget, facts);
    }
    read_legacy_maps(elf, facts);
    read_map_uses(elf, budget, facts);
    if (budget.exhausted()) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "the types of the object describe more than could be read in reasonable time",
                     .hint = "no gadget does that: is the object damaged?"};
    }
    GADGET_TRY(check_counts(facts));
    return facts;
}

}  // namespace

Result<model::ObjectFacts> inspect(std::span<const std::byte> object, const InspectOptions& options) {
    return read_facts(object, options).context("while reading " + options.object_name);
}

}  // namespace gadget::validator
