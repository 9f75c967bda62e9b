// SPDX-License-Identifier: Apache-2.0
#include "clang_loops.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/AST/Expr.h>
#include <clang/AST/Stmt.h>
#include <clang/Basic/SourceManager.h>

namespace gadget::builder {
namespace {

struct Loop {
    const clang::Expr* condition = nullptr;  // nullptr: there is none, which is true
    const clang::Stmt* body = nullptr;
};

// No body: `statement` is no loop.
Loop loop_of(const clang::Stmt& statement) {
    if (const auto* loop = llvm::dyn_cast<clang::ForStmt>(&statement))
        return {loop->getCond(), loop->getBody()};
    if (const auto* loop = llvm::dyn_cast<clang::WhileStmt>(&statement))
        return {loop->getCond(), loop->getBody()};
    if (const auto* loop = llvm::dyn_cast<clang::DoStmt>(&statement))
        return {loop->getCond(), loop->getBody()};
    return {};
}

// Can control leave the loop that `statement` is part of? A break leaves the innermost loop or switch only.
bool leaves(const clang::Stmt* statement, bool breaks_count) {
    if (statement == nullptr) return false;
    if (llvm::isa<clang::ReturnStmt>(statement) || llvm::isa<clang::GotoStmt>(statement) ||
        llvm::isa<clang::IndirectGotoStmt>(statement)) {
        return true;
    }
    // asm goto, and whatever else assembly may do
    if (llvm::isa<clang::AsmStmt>(statement)) return true;
    if (llvm::isa<clang::BreakStmt>(statement)) return breaks_count;
    const bool own = loop_of(*statement).body != nullptr || llvm::isa<clang::SwitchStmt>(statement);
    for (const clang::Stmt* child : statement->children()) {
        if (leaves(child, breaks_count && !own)) return true;
    }
    return false;
}

bool always_true(const clang::Expr* condition, const clang::ASTContext& context) {
    if (condition == nullptr) return true;
    bool value = false;
    return !condition->isValueDependent() && condition->EvaluateAsBooleanCondition(value, context) && value;
}

class LoopCheck {
  public:
    LoopCheck(const clang::ASTContext& context, clang::DiagnosticsEngine& diagnostics)
        : context_(context), diagnostics_(diagnostics) {}

    void visit(const clang::Stmt* statement) {
        if (statement == nullptr) return;
        const Loop loop = loop_of(*statement);
        if (loop.body != nullptr && always_true(loop.condition, context_) && !leaves(loop.body, true)) {
            const unsigned id =
                diagnostics_.getDiagnosticIDs()->getCustomDiagID(clang::DiagnosticIDs::Warning, kEndlessLoop);
            diagnostics_.Report(statement->getBeginLoc(), id);
        }
        for (const clang::Stmt* child : statement->children()) visit(child);
    }

  private:
    const clang::ASTContext& context_;
    clang::DiagnosticsEngine& diagnostics_;
};

}  // namespace

void warn_of_endless_loops(clang::DeclGroupRef group, const FileStore& files,
                           clang::DiagnosticsEngine& diagnostics) {
    for (const clang::Decl* declaration : group) {
        const auto* function = llvm::dyn_cast<clang::FunctionDecl>(declaration);
        if (function == nullptr || !function->doesThisDeclarationHaveABody()) continue;
        const clang::SourceManager& sources = function->getASTContext().getSourceManager();
        const clang::PresumedLoc place = sources.getPresumedLoc(sources.getFileLoc(function->getLocation()));
        if (place.isInvalid() || !files.is_authors(place.getFilename())) continue;
        LoopCheck(function->getASTContext(), diagnostics).visit(function->getBody());
    }
}

}  // namespace gadget::builder
