// SPDX-License-Identifier: Apache-2.0
// The door to clang: plain C++ in, plain C++ out. Only clang_*.cpp, polly_stub.cpp and virtual_fs.cpp
// see a header of LLVM. One call of compile_object() per process: the BPF back end keeps
// global state between modules.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "compile_job.h"
#include "file_store.h"
#include "gadget/builder.h"
#include "gadget/support/diagnostic.h"

namespace gadget::builder {

/// Hears of findings as they are made, so that none is lost when the compiler dies.
class CompileListener {
  public:
    virtual ~CompileListener() = default;
    virtual void on_diagnostic(const Diagnostic& diagnostic) = 0;
    virtual void on_note(const Note& note) = 0;  ///< belongs to the last diagnostic
    virtual void on_phase(std::string_view phase) = 0;
};

/// The identifiers of a translation unit after macro expansion.
struct UsedNames {
    std::unordered_set<std::string> ordinary;
    std::unordered_set<std::string> tags;  ///< those that followed struct, union or enum
};

/// Only preprocesses; findings are dropped. False when the preprocessor reported an error.
bool collect_names(const CompileJob& job, FileStore& files, UsedNames& names);

enum class CompileStatus {
    done,
    rejected,             ///< the source has errors
    rejected_by_codegen,  ///< the source is good C, but has no translation into eBPF
};

struct CompiledUnit {
    std::vector<std::byte> object;
    std::vector<SymbolLocation> symbols;  ///< sorted; files are virtual paths
};

/// Compiles to an ELF object with BTF and without DWARF. `on_parsed`, if given, is asked after the front end
/// and before the back end, with the outcome of the former; false ends the compilation as `rejected`.
class ParsedHook {
  public:
    virtual ~ParsedHook() = default;
    virtual bool on_parsed(bool has_errors) = 0;
};
CompileStatus compile_object(const CompileJob& job, FileStore& files, CompileListener& listener,
                             ParsedHook* hook, CompiledUnit& unit);

/// "19.1.7": the compiler that stands in this executable.
std::string clang_version();

/// Whom report_fatal_errors() tells, and what it knows of the places of functions.
struct FatalErrorReport {
    CompileListener& listener;
    const FileStore& files;
    const CompiledUnit& unit;
};
/// Reports fatal errors of LLVM (which end the process) before they do, at the function that the back end was
/// at. What `report` refers to must live on. Crashes write LLVM's stack dump to descriptor 2.
void report_fatal_errors(FatalErrorReport& report);

}  // namespace gadget::builder
