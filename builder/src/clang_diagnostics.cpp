// SPDX-License-Identifier: Apache-2.0
#include "clang_diagnostics.h"

#include <clang/Basic/DiagnosticIDs.h>
#include <clang/Basic/SourceManager.h>
#include <clang/Lex/Lexer.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/Function.h>
#include <llvm/Support/raw_ostream.h>

#include "clang_loops.h"
#include "hints.h"

namespace gadget::builder {
namespace {

constexpr unsigned kMaxOriginNotes = 3;

// Our messages start in lower case; a name or an acronym at the start stays as it is.
std::string as_message(std::string text) {
    if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' &&
        ((text[1] >= 'a' && text[1] <= 'z') || text[1] == ' ')) {
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
    }
    while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
    return text;
}

SourceRange presumed_range(const FileStore& files, const clang::SourceManager& sources,
                           clang::SourceLocation where) {
    const clang::PresumedLoc place = sources.getPresumedLoc(where);
    if (place.isInvalid()) return {};
    SourceRange range;
    range.file = files.display_path(place.getFilename());
    range.line = place.getLine();
    range.column = place.getColumn();
    return range;
}

void set_end(SourceRange& range, const clang::SourceManager& sources, clang::SourceLocation end) {
    const clang::PresumedLoc place = sources.getPresumedLoc(end);
    if (place.isInvalid()) return;
    range.end_line = place.getLine();
    range.end_column = place.getColumn();
}

}  // namespace

SourceRange FrontEndFindings::range_of(const clang::SourceManager& sources,
                                       clang::SourceLocation location) const {
    const clang::SourceLocation where = sources.getFileLoc(location);
    SourceRange range = presumed_range(files_, sources, where);
    if (range.line == 0 || language_ == nullptr) return range;
    set_end(range, sources, clang::Lexer::getLocForEndOfToken(where, 0, sources, *language_));
    return range;
}

// How the place came to be: the macros it stands in (innermost first), then the #includes that lead to its
// file.
void FrontEndFindings::add_origin_notes(const clang::SourceManager& sources, clang::SourceLocation location,
                                        Diagnostic& finding) {
    unsigned count = 0;
    clang::SourceLocation at = location;
    while (at.isMacroID() && language_ != nullptr && count < kMaxOriginNotes) {
        const llvm::StringRef name = clang::Lexer::getImmediateMacroName(at, sources, *language_);
        const clang::SourceLocation spelled = sources.getSpellingLoc(at);
        finding.notes.push_back(
            {"in the expansion of macro '" + name.str() + "'", presumed_range(files_, sources, spelled)});
        at = sources.getImmediateMacroCallerLoc(at);
        ++count;
    }
    clang::FileID file = sources.getFileID(sources.getFileLoc(location));
    for (count = 0; count < kMaxOriginNotes; ++count) {
        const clang::SourceLocation from = sources.getIncludeLoc(file);
        if (from.isInvalid()) return;
        finding.notes.push_back({"included from here", presumed_range(files_, sources, from)});
        file = sources.getFileID(from);
    }
}

void FrontEndFindings::add_fixes(const clang::SourceManager& sources, const clang::Diagnostic& info,
                                 Diagnostic& finding) {
    for (const clang::FixItHint& hint : info.getFixItHints()) {
        const clang::CharSourceRange where = hint.RemoveRange;
        if (language_ == nullptr || where.isInvalid() || where.getBegin().isMacroID() ||
            where.getEnd().isMacroID() || !hint.InsertFromRange.isInvalid()) {
            finding.fixes.clear();  // a fix that is not whole is none
            return;
        }
        FixIt fix;
        fix.range = presumed_range(files_, sources, where.getBegin());
        fix.replacement = hint.CodeToInsert;
        clang::SourceLocation end = where.getEnd();
        if (where.isTokenRange()) end = clang::Lexer::getLocForEndOfToken(end, 0, sources, *language_);
        set_end(fix.range, sources, end);
        finding.fixes.push_back(std::move(fix));
    }
}

void FrontEndFindings::HandleDiagnostic(clang::DiagnosticsEngine::Level level,
                                        const clang::Diagnostic& info) {
    DiagnosticConsumer::HandleDiagnostic(level, info);
    if (level == clang::DiagnosticsEngine::Ignored || level == clang::DiagnosticsEngine::Remark) return;
    llvm::SmallString<256> text;
    info.FormatDiagnostic(text);
    const bool located = info.hasSourceManager() && info.getLocation().isValid();
    const Location location = located ? Location(range_of(info.getSourceManager(), info.getLocation()))
                                      : Location(std::monostate());
    if (level == clang::DiagnosticsEngine::Note) {
        listener_.on_note({as_message(text.str().str()), location});
        return;
    }
    Diagnostic finding;
    finding.severity = level == clang::DiagnosticsEngine::Warning ? Severity::warning : Severity::error;
    const llvm::StringRef option = clang::DiagnosticIDs::getWarningOptionForDiag(info.getID());
    const char* const plain = finding.severity == Severity::error ? "clang-error" : "clang-warning";
    finding.id = option.empty() ? plain : "-W" + option.str();
    finding.message = as_message(text.str().str());
    if (finding.message == kEndlessLoop) finding.id = "endless-loop";
    finding.location = location;
    if (located) {
        add_origin_notes(info.getSourceManager(), info.getLocation(), finding);
        add_fixes(info.getSourceManager(), info, finding);
    }
    finding.hint = hint_for(finding.message, files_);
    // The file is there, but cannot be shown to the compiler: say why.
    if (finding.message.ends_with("file not found") && !files_.problem().empty()) {
        finding.id = "unreadable-include";
        finding.message = files_.problem();
        finding.hint = files_.problem_hint();
    }
    listener_.on_diagnostic(finding);
}

namespace {

class BackEndFindings final : public llvm::DiagnosticHandler {
  public:
    BackEndFindings(FileStore& files, CompileListener& listener, const clang::SourceManager& sources,
                    unsigned& errors)
        : files_(files), listener_(listener), sources_(sources), errors_(errors) {}

    bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
        if (info.getSeverity() != llvm::DS_Error && info.getSeverity() != llvm::DS_Warning) return true;
        Diagnostic finding;
        finding.severity = info.getSeverity() == llvm::DS_Error ? Severity::error : Severity::warning;
        finding.id = finding.severity == Severity::error ? "clang-backend-error" : "clang-backend-warning";
        describe(info, finding);
        finding.message = as_message(std::move(finding.message));
        finding.hint = hint_for(finding.message, files_);
        if (finding.severity == Severity::error) ++errors_;
        listener_.on_diagnostic(finding);
        return true;
    }

  private:
    // getMessage() where there is one: print() puts the position and the mangled function type in front.
    void describe(const llvm::DiagnosticInfo& info, Diagnostic& finding) const {
        if (const auto* unsupported = llvm::dyn_cast<llvm::DiagnosticInfoUnsupported>(&info)) {
            finding.message = unsupported->getMessage().str();
            locate(*unsupported, finding);
            return;
        }
        if (const auto* failed = llvm::dyn_cast<llvm::DiagnosticInfoOptimizationFailure>(&info)) {
            finding.id = "-Wpass-failed";
            finding.message = failed->getMsg();
            locate(*failed, finding);
            return;
        }
        std::uint64_t cookie = 0;
        if (const auto* assembly = llvm::dyn_cast<llvm::DiagnosticInfoInlineAsm>(&info)) {
            finding.message = "inline assembly: " + assembly->getMsgStr().str();
            cookie = assembly->getLocCookie();
        } else if (const auto* parsed = llvm::dyn_cast<llvm::DiagnosticInfoSrcMgr>(&info)) {
            finding.message = "inline assembly: " + parsed->getSMDiag().getMessage().str();
            cookie = parsed->getLocCookie();
        } else if (const auto* call = llvm::dyn_cast<llvm::DiagnosticInfoDontCall>(&info)) {
            finding.message = "call to '" + call->getFunctionName().str() + "': " + call->getNote().str();
            cookie = call->getLocCookie();
        } else {
            llvm::raw_string_ostream stream(finding.message);
            llvm::DiagnosticPrinterRawOStream printer(stream);
            info.print(printer);
        }
        if (cookie != 0) {
            const auto raw = static_cast<clang::SourceLocation::UIntTy>(cookie);
            const auto where = sources_.getFileLoc(clang::SourceLocation::getFromRawEncoding(raw));
            finding.location = presumed_range(files_, sources_, where);
        }
    }

    void locate(const llvm::DiagnosticInfoWithLocationBase& info, Diagnostic& finding) const {
        if (info.isLocationAvailable()) {
            SourceRange range;
            range.file = files_.display_path(info.getAbsolutePath());
            range.line = info.getLocation().getLine();
            range.column = info.getLocation().getColumn();
            finding.location = range;
        }
        const std::string function = info.getFunction().getName().str();
        if (!function.empty()) finding.notes.push_back({"in function '" + function + "'", {}});
    }

    FileStore& files_;
    CompileListener& listener_;
    const clang::SourceManager& sources_;
    unsigned& errors_;
};

}  // namespace

std::unique_ptr<llvm::DiagnosticHandler> make_back_end_findings(FileStore& files, CompileListener& listener,
                                                                const clang::SourceManager& sources,
                                                                unsigned& errors) {
    return std::make_unique<BackEndFindings>(files, listener, sources, errors);
}

}  // namespace gadget::builder
