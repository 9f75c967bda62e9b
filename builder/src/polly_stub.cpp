// SPDX-License-Identifier: Apache-2.0
// The distribution's clangCodeGen asks for the Polly plugin by name. The optimiser for loop nests has nothing
// to do in eBPF programs; this satisfies the linker without it.
#include <llvm/Passes/PassPlugin.h>

llvm::PassPluginLibraryInfo getPollyPluginInfo();
llvm::PassPluginLibraryInfo getPollyPluginInfo() {
    return {LLVM_PLUGIN_API_VERSION, "no-polly", "0", [](llvm::PassBuilder&) {}};
}
