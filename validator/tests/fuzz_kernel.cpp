// SPDX-License-Identifier: Apache-2.0
// libFuzzer: objects from strangers, relocated by libbpf for a kernel whose BTF is that of the object itself.
#include "elf_view.h"
#include "gadget/validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace gadget;
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto facts = validator::inspect(bytes, {.object_name = "fuzz"});
    if (!facts) return 0;
    model::KernelFacts kernel{.id = "fuzz"};
    const auto elf = validator::ElfView::open(bytes);
    if (const auto* btf = elf ? elf->find_section(".BTF") : nullptr; btf != nullptr)
        kernel.btf.assign(btf->data.begin(), btf->data.end());
    kernel.symbols = model::SymbolList::of({{"vfs_read", 'T'}});
    const auto row = validator::check_kernel(bytes, *facts, kernel);
    if (!row) return 0;
    DiagnosticList findings;
    validator::report_kernels(*facts, {&*row, 1}, findings);
    return 0;
}
