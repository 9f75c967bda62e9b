// SPDX-License-Identifier: Apache-2.0
#include "clang_symbols.h"

#include <clang/AST/ASTContext.h>
#include <clang/AST/Attr.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Lex/Lexer.h>

#include <optional>

namespace gadget::builder {
namespace {

// From the start of one token to the end of another, as findings name places; nullopt outside of the author's
// files.
std::optional<SourceRange> range_between(const FileStore& files, const clang::ASTContext& context,
                                         clang::SourceLocation first, clang::SourceLocation last) {
    const clang::SourceManager& sources = context.getSourceManager();
    if (first.isInvalid() || sources.isInSystemHeader(first) ||
        !files.is_authors(sources.getFilename(first))) {
        return std::nullopt;
    }
    const clang::PresumedLoc start = sources.getPresumedLoc(first);
    const clang::PresumedLoc end =
        sources.getPresumedLoc(clang::Lexer::getLocForEndOfToken(last, 0, sources, context.getLangOpts()));
    if (start.isInvalid() || end.isInvalid()) return std::nullopt;
    return SourceRange{start.getFilename(), start.getLine(), start.getColumn(), end.getLine(),
                       end.getColumn()};
}

// The string literal after SEC( or section(. It is not there when a macro of another kind brought the
// attribute: what stands in that macro's parentheses is not the name.
std::optional<SourceRange> section_range(const FileStore& files, const clang::Decl& declaration) {
    const auto* attribute = declaration.getAttr<clang::SectionAttr>();
    if (attribute == nullptr || attribute->isImplicit()) return std::nullopt;
    const clang::ASTContext& context = declaration.getASTContext();
    const clang::SourceManager& sources = context.getSourceManager();
    const auto next = [&](clang::SourceLocation at) {
        return clang::Lexer::findNextToken(at, sources, context.getLangOpts());
    };
    auto token = next(sources.getExpansionLoc(attribute->getLocation()));
    if (!token || token->isNot(clang::tok::l_paren)) return std::nullopt;
    clang::SourceLocation first;
    clang::SourceLocation last;
    std::string text;
    for (token = next(token->getLocation()); token && token->is(clang::tok::string_literal);
         token = next(token->getLocation())) {
        const std::string literal = clang::Lexer::getSpelling(*token, sources, context.getLangOpts());
        last = token->getLocation();
        if (first.isInvalid()) first = last;
        if (literal.size() >= 2) text += literal.substr(1, literal.size() - 2);
    }
    if (first.isInvalid() || text != attribute->getName()) return std::nullopt;
    return range_between(files, context, first, last);
}

}  // namespace

void SymbolCollector::add_named(std::string symbol, const clang::NamedDecl& declaration, bool definition) {
    const auto known = found_.find(symbol);
    if (known != found_.end() && (known->second.definition || !definition)) return;
    const clang::ASTContext& context = declaration.getASTContext();
    // The name itself where it was written, or else the use of the macro that put it together.
    const clang::SourceLocation place = context.getSourceManager().getFileLoc(declaration.getLocation());
    auto name = range_between(files_, context, place, place);
    if (!name) return;
    SymbolLocation location{symbol, std::move(*name), section_range(files_, declaration)};
    found_.insert_or_assign(std::move(symbol), Seen{std::move(location), definition});
}

void SymbolCollector::add(clang::DeclGroupRef group) {
    for (const clang::Decl* declaration : group) {
        if (const auto* variable = llvm::dyn_cast<clang::VarDecl>(declaration)) {
            const bool definition =
                variable->isThisDeclarationADefinition() != clang::VarDecl::DeclarationOnly;
            add_named(variable->getNameAsString(), *variable, definition);
        } else if (const auto* function = llvm::dyn_cast<clang::FunctionDecl>(declaration)) {
            if (!function->hasAttr<clang::SectionAttr>()) continue;
            add_named(function->getNameAsString(), *function, function->isThisDeclarationADefinition());
        }
    }
}

void SymbolCollector::add(const clang::TagDecl& tag) {
    const auto* record = llvm::dyn_cast<clang::RecordDecl>(&tag);
    if (record == nullptr || record->getIdentifier() == nullptr) return;
    // One inside a function may share its name with another.
    if (record->getParentFunctionOrMethod() != nullptr) return;
    const std::string symbol = record->getKindName().str() + ' ' + record->getNameAsString();
    add_named(symbol, *record, true);
    for (const clang::FieldDecl* field : record->fields()) {
        if (field->getIdentifier() == nullptr) continue;
        add_named(symbol + '.' + field->getNameAsString(), *field, true);
    }
}

std::vector<SymbolLocation> SymbolCollector::take() {
    std::vector<SymbolLocation> symbols;
    for (auto& [symbol, found] : found_) symbols.push_back(std::move(found.location));
    found_.clear();
    return symbols;
}

}  // namespace gadget::builder
