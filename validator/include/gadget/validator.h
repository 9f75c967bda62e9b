// SPDX-License-Identifier: Apache-2.0
// Reads what a compiled gadget object holds, and finds the mistakes in it and in its gadget.yaml before
// anything is packed. Nothing here needs a kernel, a network or root, and no input can make it crash: objects
// may come from strangers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/kernel_facts.h"
#include "gadget/model/manifest.h"
#include "gadget/model/object_facts.h"
#include "gadget/support/diagnostic.h"
#include "gadget/support/result.h"

namespace gadget::validator {

/// Largest object that inspect() reads: 64 MiB.
inline constexpr std::size_t kMaxObjectSize = std::size_t{64} << 20;
/// Largest .BTF or .BTF.ext section that inspect() reads: 32 MiB.
inline constexpr std::size_t kMaxBtfSize = std::size_t{32} << 20;

struct InspectOptions {
    std::string object_name = "object";  ///< how findings and errors call it, e.g. "amd64 object"
};

/// The facts of the eBPF object (little-endian ELF64, EM_BPF) in `object`, which is only read during the
/// call. Programs are in the order of their sections, maps and variables in the order of BTF. An object
/// without BTF gives facts with `has_btf` false. Error: corrupt_data when the bytes do not follow their
/// format, are for another machine or byte order, or exceed a limit.
[[nodiscard]] Result<model::ObjectFacts> inspect(std::span<const std::byte> object,
                                                 const InspectOptions& options);

struct Options {
    /// The gadget's Wasm module, or the text of its sources: may make data sources and fields that the object
    /// does not show. Metadata that speaks of a name which occurs in it is not doubted. Empty when there is
    /// none.
    std::string_view wasm{};
};

/// Reports every mistake in `facts` (empty for a gadget without eBPF program), and in `manifest` where one is
/// given, to `sink`: rule by rule, in the order of rules(). Findings about the object carry a source position
/// where BTF has one, findings about the manifest one in gadget.yaml.
void validate(const model::ObjectFacts& facts, const model::Manifest* manifest, const Options& options,
              DiagnosticSink& sink);

/// Reports where two objects of the same gadget, compiled for different architectures, would behave
/// differently: layouts of events, maps and parameters, programs that only one of them has.
void compare(const model::ObjectFacts& a, const model::ObjectFacts& b, DiagnosticSink& sink);

struct RuleInfo {
    std::string_view id;       ///< the id of its findings; docs/diagnostics/<id>.md explains it
    Severity severity;         ///< of its findings
    std::string_view summary;  ///< one line: what is wrong
};

/// Every rule: what parse_manifest() and parse_build_config() report, then what validate() and compare() do,
/// in the order in which they apply them, then what Suppressions::apply() adds.
[[nodiscard]] std::span<const RuleInfo> rules();

/// Name of a helper, "bpf_map_lookup_elem"; "#N" for one that is newer than the headers this was compiled
/// with.
[[nodiscard]] std::string helper_name(std::uint32_t id);

/// The facts with the targets that `programs.<name>.attach_to` of the metadata gives: what check_kernel() and
/// check_target() have to look at. Kinds that are bound to the target in their section keep it.
[[nodiscard]] model::ObjectFacts with_attach_to(model::ObjectFacts facts, const model::Manifest& manifest);

/// The target that attaches a program to nothing, until metadata or the gadget's own code names another.
inline constexpr std::string_view kDisabledTarget = "gadget_program_disabled";

// ---- Kernels, offline: would this object load and attach on a kernel that does not run here?
// ----------------

enum class KernelVerdict : std::uint8_t {
    runs,     ///< nothing known speaks against it
    unknown,  ///< depends on something that cannot be known offline; the reasons name it
    fails,
};
[[nodiscard]] std::string_view to_string(KernelVerdict verdict);  ///< "ok", "unknown", "fails"

/// Why a program does not run on a kernel, or why that is not known.
struct KernelReason {
    std::string id;  ///< of kernel_rules(); empty where there is no finding because nothing is wrong
    KernelVerdict verdict = KernelVerdict::fails;
    std::string message;   ///< "function 'vfs_raed' does not exist"
    std::string hint{};    ///< may be empty
    SourceRange source{};  ///< of the code that it is about; file "" when it is about the program
    friend bool operator==(const KernelReason&, const KernelReason&) = default;
};

struct KernelCell {
    std::string program;
    std::vector<KernelReason> reasons;
    [[nodiscard]] KernelVerdict verdict() const;  ///< the gravest of the reasons
};

/// What one kernel makes of one object.
struct KernelRow {
    std::string kernel;  ///< as model::KernelFacts::name()
    std::string release;
    std::vector<KernelReason> object;  ///< what keeps the object from loading, whichever the program
    std::vector<KernelCell> programs;  ///< in the order of the facts
    [[nodiscard]] KernelVerdict verdict() const;  ///< of the whole object
};

/// Relocates `object` for `kernel` as libbpf would, follows what code then can run, and compares it and the
/// attach targets, maps and program types with what the kernel has. `facts` are those of the same object.
/// Programs of unknown sections are left out: that is a finding of its own. Error: corrupt_data for an object
/// or BTF that is damaged; unsupported when linked with a libbpf whose inner interface is not known. Turns
/// off libbpf's messages while it runs, for the whole process.
[[nodiscard]] Result<KernelRow> check_kernel(std::span<const std::byte> object,
                                             const model::ObjectFacts& facts,
                                             const model::KernelFacts& kernel);

/// The failures of `rows` as findings: one for each program and reason, which names all kernels that it is
/// true for.
void report_kernels(const model::ObjectFacts& facts, std::span<const KernelRow> rows, DiagnosticSink& sink);

/// The ids of report_kernels(), in no order that matters.
[[nodiscard]] std::span<const RuleInfo> kernel_rules();

// ---- Targets: the binaries that uprobes and USDT probes are attached to
// ----------------------------------------

/// A statically defined probe (USDT): a note of type 3 in .note.stapsdt, as systemtap's sys/sdt.h writes it.
struct TargetProbe {
    std::string provider;
    std::string name;
    std::vector<std::string> arguments;  ///< "-4@%edi": as written, one for each argument
    bool has_semaphore = false;
};

/// What can be probed in an executable or library.
struct TargetFacts {
    std::string path;                       ///< as given
    model::Arch arch = model::Arch::amd64;  ///< of the file
    std::vector<std::string> functions;     ///< of .symtab and .dynsym, sorted, each once
    std::vector<TargetProbe> probes;        ///< in the order of the file; the same name may occur often
    bool has_go_symbols = false;  ///< a table of Go functions, which Inspektor Gadget reads for uprobes
};

/// Reads a 64-bit ELF executable or library for amd64 or arm64; `binary` may come from strangers. Error:
/// corrupt_data when it is not one, is damaged, or has more than 4 million symbols or 65536 probes.
[[nodiscard]] Result<TargetFacts> read_target(std::span<const std::byte> binary, const std::string& path);

/// Reports which uprobe, uretprobe and USDT programs of `facts` would not find their function or probe in
/// `target`, and arguments of probes that libbpf cannot decode. A program belongs to the target when its path
/// is that of the target, or its end; a name without slash is a library ("libc", "libc.so.6") or executable.
void check_target(const model::ObjectFacts& facts, const TargetFacts& target, DiagnosticSink& sink);

/// Why libbpf cannot decode an argument ("8@%xmm0") of a probe on `arch`; empty when it can. Source: the
/// grammar of sys/sdt.h and what libbpf 1.1 (src/usdt.c) takes of it.
[[nodiscard]] std::string usdt_argument_problem(std::string_view argument, model::Arch arch);

/// The ids of check_target().
[[nodiscard]] std::span<const RuleInfo> target_rules();

}  // namespace gadget::validator
