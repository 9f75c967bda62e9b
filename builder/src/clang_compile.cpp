// SPDX-License-Identifier: Apache-2.0
#include "clang_compile.h"

#include <clang/Basic/Version.h>
#include <clang/CodeGen/BackendUtil.h>
#include <clang/CodeGen/ModuleBuilder.h>
#include <clang/Frontend/CompilerInstance.h>
#include <clang/Frontend/FrontendAction.h>
#include <clang/Frontend/MultiplexConsumer.h>
#include <clang/Lex/Preprocessor.h>
#include <llvm/IR/DebugInfo.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/ObjCopy/CommonConfig.h>
#include <llvm/ObjCopy/ELF/ELFConfig.h>
#include <llvm/ObjCopy/ELF/ELFObjcopy.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Support/PrettyStackTrace.h>
#include <llvm/Support/Signals.h>
#include <llvm/Support/TargetSelect.h>
#include <unistd.h>

#include "clang_diagnostics.h"
#include "clang_loops.h"
#include "clang_options.h"
#include "clang_symbols.h"
#include "hints.h"
#include "stack_dump.h"
#include "virtual_fs.h"
#include "virtual_paths.h"

namespace gadget::builder {
namespace {

// The arguments are those that `clang -target bpf -g -O2 -Wall` hands to its own front end (clang-19 -###
// shows them), with a pinned processor, fixed paths and no address-significance table.
std::vector<std::string> front_end_arguments(const CompileJob& job) {
    std::vector<std::string> arguments{"-triple",
                                       "bpfel",
                                       "-emit-obj",
                                       "-disable-free",
                                       "-clear-ast-before-backend",
                                       "-disable-llvm-verifier",
                                       "-discard-value-names",
                                       "-main-file-name",
                                       "program.bpf.c",
                                       "-mrelocation-model",
                                       "static",
                                       "-mframe-pointer=all",
                                       "-fmath-errno",
                                       "-ffp-contract=on",
                                       "-fno-rounding-math",
                                       "-mconstructor-aliases",
                                       "-target-cpu",
                                       "v1",
                                       "-debug-info-kind=constructor",
                                       "-dwarf-version=5",
                                       "-debugger-tuning=gdb",
                                       "-fdebug-compilation-dir=/gadget",
                                       "-fcoverage-compilation-dir=/gadget",
                                       "-resource-dir",
                                       kClangDir,
                                       "-nostdsysteminc",
                                       "-O2",
                                       "-Wall",
                                       "-ferror-limit",
                                       "19",
                                       "-fgnuc-version=4.2.1",
                                       "-fskip-odr-check-in-gmf",
                                       "-vectorize-loops",
                                       "-vectorize-slp",
                                       "-D__GCC_HAVE_DWARF2_CFI_ASM=1"};
    for (const std::string& option : job.options) {
        const auto form = front_end_form(option);  // only such options come this far
        if (form) arguments.insert(arguments.end(), form->begin(), form->end());
    }
    for (const std::string& warning : job.warnings) arguments.push_back(warning);
    arguments.insert(arguments.end(),
                     {"-D", job.arch == model::Arch::amd64 ? "__TARGET_ARCH_x86" : "__TARGET_ARCH_arm64"});
    for (const std::string& define : job.defines) arguments.insert(arguments.end(), {"-D", define});
    for (const std::string& dir : job.include_dirs) arguments.insert(arguments.end(), {"-I", dir});
    for (const char* dir : {kApiDir, kVmlinuxDir, kLibbpfDir, kUapiDir, kUapiArchDir}) {
        arguments.insert(arguments.end(), {"-isystem", dir});
    }
    arguments.insert(arguments.end(), {"-x", "c", job.source});
    return arguments;
}

// A compiler instance over the store, ready to execute one action; false when clang rejects the arguments.
bool prepare(clang::CompilerInstance& compiler, const CompileJob& job, FileStore& files,
             clang::DiagnosticConsumer& findings) {
    compiler.createDiagnostics(&findings, false);
    const std::vector<std::string> arguments = front_end_arguments(job);
    std::vector<const char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(argument.c_str());
    if (!clang::CompilerInvocation::CreateFromArgs(compiler.getInvocation(), pointers,
                                                   compiler.getDiagnostics())) {
        return false;
    }
    clang::ProcessWarningOptions(compiler.getDiagnostics(), compiler.getDiagnosticOpts());
    compiler.setVerboseOutputStream(llvm::nulls());
    compiler.createFileManager(make_virtual_fs(files));
    return true;
}

class CollectNames final : public clang::PreprocessorFrontendAction {
  public:
    explicit CollectNames(UsedNames& names) : names_(names) {}

  protected:
    void ExecuteAction() override {
        clang::Preprocessor& preprocessor = getCompilerInstance().getPreprocessor();
        preprocessor.EnterMainSourceFile();
        llvm::SmallPtrSet<const clang::IdentifierInfo*, 32> ordinary;
        llvm::SmallPtrSet<const clang::IdentifierInfo*, 16> tags;
        bool after_tag_keyword = false;
        clang::Token token;
        for (preprocessor.Lex(token); token.isNot(clang::tok::eof); preprocessor.Lex(token)) {
            if (token.is(clang::tok::identifier)) {
                (after_tag_keyword ? tags.insert(token.getIdentifierInfo())
                                   : ordinary.insert(token.getIdentifierInfo()));
            }
            after_tag_keyword =
                token.isOneOf(clang::tok::kw_struct, clang::tok::kw_union, clang::tok::kw_enum);
        }
        for (const auto* name : ordinary) names_.ordinary.insert(name->getName().str());
        for (const auto* name : tags) names_.tags.insert(name->getName().str());
    }

  private:
    UsedNames& names_;
};

// BTF needs debug information in the IR, but nobody reads DWARF of eBPF programs, and writing it is a third
// of the work. With CodeView asked for and no DWARF version the assembly printer makes neither: CodeView is
// only ever made for Windows.
void leave_out_dwarf(llvm::Module& module) {
    if (llvm::NamedMDNode* flags = module.getModuleFlagsMetadata()) {
        std::vector<llvm::MDNode*> kept;
        for (llvm::MDNode* flag : flags->operands()) {
            const auto* key = llvm::dyn_cast<llvm::MDString>(flag->getOperand(1));
            if (key == nullptr || key->getString() != "Dwarf Version") kept.push_back(flag);
        }
        flags->clearOperands();
        for (llvm::MDNode* flag : kept) flags->addOperand(flag);
    }
    module.addModuleFlag(llvm::Module::Warning, "CodeView", 1);
    // Where variables live is DWARF only, too.
    for (llvm::Function& function : module) {
        for (llvm::BasicBlock& block : function) {
            for (llvm::Instruction& instruction : llvm::make_early_inc_range(block)) {
                instruction.dropDbgRecords();
                if (llvm::isa<llvm::DbgInfoIntrinsic>(instruction)) instruction.eraseFromParent();
            }
        }
    }
}

// What `llvm-strip -g` does, in memory.
bool strip_debug(llvm::StringRef object, std::vector<std::byte>& out) {
    auto parsed = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(object, "object"));
    if (!parsed) {
        llvm::consumeError(parsed.takeError());
        return false;
    }
    llvm::objcopy::CommonConfig config;
    config.StripDebug = true;
    llvm::SmallVector<char, 0> stripped;
    llvm::raw_svector_ostream stream(stripped);
    if (auto error = llvm::objcopy::elf::executeObjcopyOnBinary(
            config, llvm::objcopy::ELFConfig(), llvm::cast<llvm::object::ELFObjectFileBase>(**parsed),
            stream)) {
        llvm::consumeError(std::move(error));
        return false;
    }
    const auto bytes = std::as_bytes(std::span(stripped.data(), stripped.size()));
    out.assign(bytes.begin(), bytes.end());
    return true;
}

struct Emission {
    FileStore& files;
    CompileListener& listener;
    ParsedHook* hook;
    CompiledUnit& unit;
    CompileStatus status = CompileStatus::rejected;
};

// Makes IR as it hears declarations, and the object at the end of the translation unit.
class ObjectEmitter final : public clang::MultiplexConsumer {
  public:
    ObjectEmitter(clang::CompilerInstance& compiler, std::unique_ptr<clang::CodeGenerator> generator,
                  clang::CodeGenerator* borrowed, Emission& emission)
        : MultiplexConsumer(as_list(std::move(generator))),
          compiler_(compiler),
          generator_(borrowed),
          emission_(emission),
          symbols_(emission.files) {}

    bool HandleTopLevelDecl(clang::DeclGroupRef group) override {
        symbols_.add(group);
        warn_of_endless_loops(group, emission_.files, compiler_.getDiagnostics());
        return MultiplexConsumer::HandleTopLevelDecl(group);
    }
    void HandleTagDeclDefinition(clang::TagDecl* tag) override {
        symbols_.add(*tag);
        MultiplexConsumer::HandleTagDeclDefinition(tag);
    }
    void HandleTranslationUnit(clang::ASTContext& context) override {
        MultiplexConsumer::HandleTranslationUnit(context);
        emission_.unit.symbols = symbols_.take();
        const bool failed = compiler_.getDiagnostics().hasErrorOccurred();
        if (emission_.hook != nullptr && !emission_.hook->on_parsed(failed)) return;
        if (failed) return;
        const std::unique_ptr<llvm::Module> module(generator_->ReleaseModule());
        if (module == nullptr) return;
        emission_.listener.on_phase("generating code");
        leave_out_dwarf(*module);
        emission_.status = emit(*module) ? CompileStatus::done : CompileStatus::rejected_by_codegen;
    }

  private:
    static std::vector<std::unique_ptr<ASTConsumer>> as_list(std::unique_ptr<ASTConsumer> one) {
        std::vector<std::unique_ptr<ASTConsumer>> list;
        list.push_back(std::move(one));
        return list;
    }

    bool emit(llvm::Module& module) {
        unsigned errors = 0;
        llvm::LLVMContext& context = module.getContext();
        auto previous = context.getDiagnosticHandler();
        context.setDiagnosticHandler(make_back_end_findings(emission_.files, emission_.listener,
                                                            compiler_.getSourceManager(), errors));
        llvm::SmallVector<char, 0> object;
        clang::EmitBackendOutput(
            compiler_.getDiagnostics(), compiler_.getHeaderSearchOpts(), compiler_.getCodeGenOpts(),
            compiler_.getTargetOpts(), compiler_.getLangOpts(), compiler_.getTarget().getDataLayoutString(),
            &module, clang::Backend_EmitObj, compiler_.getFileManager().getVirtualFileSystemPtr(),
            std::make_unique<llvm::raw_svector_ostream>(object));
        context.setDiagnosticHandler(std::move(previous));
        if (errors > 0 || compiler_.getDiagnostics().hasErrorOccurred()) return false;
        return strip_debug(llvm::StringRef(object.data(), object.size()), emission_.unit.object);
    }

    clang::CompilerInstance& compiler_;
    clang::CodeGenerator* generator_;
    Emission& emission_;
    SymbolCollector symbols_;
};

class EmitObject final : public clang::ASTFrontendAction {
  public:
    explicit EmitObject(Emission& emission) : emission_(emission) {}

  protected:
    std::unique_ptr<clang::ASTConsumer> CreateASTConsumer(clang::CompilerInstance& compiler,
                                                          llvm::StringRef file) override {
        std::unique_ptr<clang::CodeGenerator> generator(clang::CreateLLVMCodeGen(
            compiler.getDiagnostics(), file, compiler.getFileManager().getVirtualFileSystemPtr(),
            compiler.getHeaderSearchOpts(), compiler.getPreprocessorOpts(), compiler.getCodeGenOpts(),
            context_));
        clang::CodeGenerator* const borrowed = generator.get();
        return std::make_unique<ObjectEmitter>(compiler, std::move(generator), borrowed, emission_);
    }

  private:
    llvm::LLVMContext context_;
    Emission& emission_;
};

void initialize_bpf_target() {
    LLVMInitializeBPFTargetInfo();
    LLVMInitializeBPFTarget();
    LLVMInitializeBPFTargetMC();
    LLVMInitializeBPFAsmPrinter();
    LLVMInitializeBPFAsmParser();
}

}  // namespace

bool collect_names(const CompileJob& job, FileStore& files, UsedNames& names) {
    initialize_bpf_target();
    clang::IgnoringDiagConsumer ignore;
    clang::CompilerInstance compiler;
    if (!prepare(compiler, job, files, ignore)) return false;
    CollectNames action(names);
    return compiler.ExecuteAction(action) && !compiler.getDiagnostics().hasErrorOccurred();
}

CompileStatus compile_object(const CompileJob& job, FileStore& files, CompileListener& listener,
                             ParsedHook* hook, CompiledUnit& unit) {
    initialize_bpf_target();
    listener.on_phase("parsing");
    FrontEndFindings findings(files, listener);
    clang::CompilerInstance compiler;
    if (!prepare(compiler, job, files, findings)) return CompileStatus::rejected;
    Emission emission{files, listener, hook, unit};
    EmitObject action(emission);
    (void)compiler.ExecuteAction(action);  // what went wrong was reported; the status says the rest
    return emission.status;
}

std::string clang_version() {
    return CLANG_VERSION_STRING;
}

namespace {

// Has LLVM write its stack dump to descriptor 2, which is a memory file here, and reads it.
std::string function_under_work() {
    llvm::sys::RunSignalHandlers();
    std::string text(std::size_t{1} << 16, '\0');
    const ssize_t size = ::pread(2, text.data(), text.size(), 0);
    return function_in_stack_dump(
        std::string_view(text).substr(0, size < 0 ? 0 : static_cast<std::size_t>(size)));
}

void locate(const FatalErrorReport& report, const std::string& function, Diagnostic& finding) {
    if (function.empty()) return;
    finding.notes.push_back({"in function '" + function + "'", {}});
    for (const SymbolLocation& symbol : report.unit.symbols) {
        if (symbol.symbol != function) continue;
        SourceRange range = symbol.name;
        range.file = report.files.display_path(range.file);
        finding.location = range;
    }
}

}  // namespace

void report_fatal_errors(FatalErrorReport& report) {
    llvm::EnablePrettyStackTrace();
    llvm::install_fatal_error_handler(
        [](void* user_data, const char* reason, bool) {
            const auto& told = *static_cast<const FatalErrorReport*>(user_data);
            Diagnostic finding;
            finding.id = "clang-backend-error";
            finding.message = std::string("the compiler cannot go on: ") + reason;
            finding.hint = hint_for(finding.message, FileStore());
            locate(told, function_under_work(), finding);
            told.listener.on_diagnostic(finding);
        },
        &report);
}

}  // namespace gadget::builder
