// SPDX-License-Identifier: Apache-2.0
// Where the author declares what the object will name. Built from declarations as they are parsed: walking
// the finished tree would go through all of the kernel's.
#pragma once

#include <clang/AST/Decl.h>
#include <clang/AST/DeclGroup.h>

#include <map>
#include <string>
#include <vector>

#include "file_store.h"
#include "gadget/builder.h"

namespace gadget::builder {

/// Collects variables and functions of file scope, and structs with their members. Borrows the store.
class SymbolCollector {
  public:
    explicit SymbolCollector(const FileStore& files) : files_(files) {}

    void add(clang::DeclGroupRef group);
    void add(const clang::TagDecl& tag);
    /// Sorted by symbol, each once; files are virtual paths.
    [[nodiscard]] std::vector<SymbolLocation> take();

  private:
    struct Seen {
        SymbolLocation location;
        bool definition = false;
    };
    void add_named(std::string symbol, const clang::NamedDecl& declaration, bool definition);

    const FileStore& files_;
    std::map<std::string, Seen> found_;
};

}  // namespace gadget::builder
