// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes as a .BTF section (its length in the first four bytes), followed by a .BTF.ext
// section. Every type is read in every way that inspect() knows. The budget is a small one: inputs that
// unfold find its end soon, and with that of inspect() they would take half a second each.
#include <cstddef>
#include <cstdint>
#include <span>

#include "facts.h"

namespace {

using namespace gadget;
using namespace gadget::validator;

Budget small_budget() {
    Budget budget;
    budget.fields = std::size_t{1} << 11;
    budget.bytes = std::size_t{1} << 20;
    return budget;
}

void read_types(const BtfView& btf) {
    auto budget = small_budget();
    for (TypeId id = 0; id < btf.type_count() && budget.take_field(); ++id) {
        (void)btf.size_of(id);
        (void)btf.c_name(id);
        (void)field_of(btf, id, "x", budget);
    }
    for (const auto id : btf.structs()) {
        (void)schema_of(btf, id, budget);
        (void)holes_of(btf, id, budget);
        if (budget.exhausted()) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto length = read_at<std::uint32_t>(bytes, 0);
    if (!length) return 0;
    const auto section = part(bytes, sizeof(*length), *length);
    const auto types = section.value_or(bytes.subspan(sizeof(*length)));
    const auto btf = BtfView::open(types);
    if (!btf) return 0;
    read_types(*btf);

    const ElfView elf;
    model::ObjectFacts facts;
    auto budget = small_budget();
    read_btf_maps(elf, *btf, budget, facts);
    read_variables(elf, *btf, budget, facts);
    read_structs(*btf, budget, facts);
    read_prototypes(*btf, budget, facts);
    read_kernel_symbols(elf, *btf, budget, facts);
    if (!section) return 0;
    const auto ext = bytes.subspan(sizeof(*length) + section->size());
    const auto lines = LineInfo::open(ext, *btf);
    if (!lines) return 0;
    (void)lines->first_in("", 0, ~std::uint64_t{0});
    (void)read_core_relocations(elf, *btf, ext, budget, facts);
    return 0;
}
