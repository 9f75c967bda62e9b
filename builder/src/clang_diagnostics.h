// SPDX-License-Identifier: Apache-2.0
// From clang's and LLVM's findings to ours.
#pragma once

#include <clang/Basic/Diagnostic.h>
#include <llvm/IR/DiagnosticHandler.h>

#include <memory>

#include "clang_compile.h"

namespace gadget::builder {

/// Hears the front end. Borrows both; counts in the base class as usual.
class FrontEndFindings final : public clang::DiagnosticConsumer {
  public:
    FrontEndFindings(FileStore& files, CompileListener& listener) : files_(files), listener_(listener) {}
    void HandleDiagnostic(clang::DiagnosticsEngine::Level level, const clang::Diagnostic& info) override;

  private:
    SourceRange range_of(const clang::SourceManager& sources, clang::SourceLocation location) const;
    void add_origin_notes(const clang::SourceManager& sources, clang::SourceLocation location,
                          Diagnostic& finding);
    void add_fixes(const clang::SourceManager& sources, const clang::Diagnostic& info, Diagnostic& finding);

    FileStore& files_;
    CompileListener& listener_;
    const clang::LangOptions* language_ = nullptr;

    void BeginSourceFile(const clang::LangOptions& language, const clang::Preprocessor*) override {
        language_ = &language;
    }
    void EndSourceFile() override { language_ = nullptr; }
};

/// Hears the back end; `errors` counts what makes the object useless.
std::unique_ptr<llvm::DiagnosticHandler> make_back_end_findings(FileStore& files, CompileListener& listener,
                                                                const clang::SourceManager& sources,
                                                                unsigned& errors);

}  // namespace gadget::builder
