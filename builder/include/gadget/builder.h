// SPDX-License-Identifier: Apache-2.0
// builder: the source of a gadget (.bpf.c) to eBPF objects in memory, one per architecture, with the compiler
// that stands in this executable. For the command line and for build systems that link GadgetKit; it neither
// validates nor packs.
//
// Each compilation runs in a process of its own (the compiler keeps global state, and may crash on its
// input): the running executable starts itself again. A program that links this library therefore begins
// main() with
//
//     if (gadget::builder::is_compiler_child(argc, argv)) return gadget::builder::compiler_child_main(argc,
//     argv);
//
// The compiler sees the folder of the source, the include folders, and the headers embedded in this library,
// all under fixed virtual paths: an object depends on nothing else of the machine, and the same bytes come
// from any folder.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/cancel.h"
#include "gadget/support/diagnostic.h"
#include "gadget/support/result.h"

namespace gadget::builder {

/// One object to make.
struct Request {
    std::filesystem::path source;  ///< findings name it as it is written here
    model::Arch arch = model::Arch::amd64;
    std::vector<std::filesystem::path> include_dirs{};  ///< searched in order, before the embedded headers
    std::vector<std::string> defines{};                 ///< "NAME" or "NAME=VALUE"
    std::vector<std::string> warnings{};  ///< "-Wextra", "-Wno-unused", "-Werror=..." on top of -Wall
    /// The folder that the compiler sees, with all below it; files around it and the include folders do not
    /// exist for it. Empty: the folder of the source.
    std::filesystem::path folder{};
    std::vector<std::string> options{};  ///< more options, of those that allowed_options() lists
    /// Compile with all of vmlinux.h instead of the part that the program can notice. Code, relocations and
    /// CO-RE records are the same either way; BTF then also has kernel types that nothing in the program
    /// looks into.
    bool whole_kernel_header = false;
};

/// Where something that the object names is declared in the author's files, so that a finding about the
/// object can be shown in the source. Files are named as in findings, columns count bytes, ends are one past
/// the last byte.
struct SymbolLocation {
    /// Of a variable of file scope, or of a function with a section: its name. Of a struct (or union):
    /// "struct event" and, for each member with a name, "struct event.pid".
    std::string symbol;
    /// The name where it was written, also as an argument of a macro (`GADGET_TRACER_MAP(events, ...)`). For
    /// a name that a macro put together (the markers: `GADGET_TRACER(...)`) the macro where it was used.
    SourceRange name;
    /// The string literal of SEC("..."), with its quotes, when the author wrote it there.
    std::optional<SourceRange> section;

    friend bool operator==(const SymbolLocation&, const SymbolLocation&) = default;
};

struct Output {
    model::Arch arch = model::Arch::amd64;
    /// ELF for eBPF, little endian, with BTF and without DWARF.
    std::vector<std::byte> object;
    /// The files of the machine that went in, the source first, each once. Embedded headers are not among
    /// them.
    std::vector<std::filesystem::path> inputs;
    /// What the source and its own headers declare, sorted by symbol, each once. A definition counts before a
    /// declaration. Nothing from embedded headers, unless the use of a macro brought it.
    std::vector<SymbolLocation> symbols{};
};

/// Address space of one compilation. Sanitizers reserve terabytes of it, so there is no limit under them.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr std::size_t kDefaultMemoryLimit = 0;
#else
inline constexpr std::size_t kDefaultMemoryLimit = std::size_t{2} << 30;
#endif

struct Options {
    std::filesystem::path compiler = "/proc/self/exe";  ///< an executable whose main() begins as shown above
    std::chrono::milliseconds timeout = std::chrono::seconds(120);  ///< for each object
    std::size_t memory_limit = kDefaultMemoryLimit;                 ///< bytes for each object, 0 = none
    unsigned jobs = 0;  ///< compilations at the same time, 0 = one a processor
    CancelToken cancel{};
    /// Objects of sources that compiled without a finding are kept here, and found again while everything
    /// that went into them is the same. Empty: no cache. Created when missing, bounded in size, safe to share
    /// and to delete at any time; what cannot be read or written there only costs time. Used with the
    /// compiler in this executable only.
    std::filesystem::path cache_dir{};
    /// Compile with this clang (a path, or a name in PATH) in the place of the one inside. It gets the same
    /// headers and options; Output::symbols stays empty, and nothing is cached.
    std::filesystem::path clang{};
};

/// Compiles all requests, side by side, and returns the objects in the order of the requests. Findings go to
/// `sink` in a fixed order, those that all architectures share once.
///
/// `rejected_input` when a source does not compile (the findings say why) or is not a source at all (the
/// message says why) or makes the compiler crash, `not_found` when it is not there, `timed_out` and
/// `cancelled` as they say. No process is left behind in any case.
Result<std::vector<Output>> compile(std::span<const Request> requests, const Options& options,
                                    DiagnosticSink& sink);

/// What a name and an object of link() are.
struct LinkInput {
    std::string name;                   ///< for messages: the source
    std::span<const std::byte> object;  ///< as in Output::object
};

/// One object of several that were compiled on their own, for the same architecture: what libbpf's static
/// linker makes of them. The same inputs in the same order give the same bytes. Runs in a process of its own
/// like a compilation. `rejected_input` when they do not fit together, with the reason.
Result<std::vector<std::byte>> link(std::span<const LinkInput> inputs, const Options& options);

/// A clang of the machine.
struct ExternalClang {
    std::filesystem::path path;
    std::string version;  ///< "19.1.7"
};
/// The oldest clang that knows all relocations of gadgets.
inline constexpr unsigned kOldestClang = 15;
/// Asks `clang` (a path, or a name in PATH) what it is. `not_found` when it is not there, `invalid_argument`
/// when it is no clang, `unsupported` when it is older than kOldestClang.
Result<ExternalClang> probe_clang(const std::filesystem::path& clang);

/// Options of Request::options, a pattern each: "-mcpu=v1|v2|v3|v4". None of them names a file or a program.
std::vector<std::string> allowed_options();

/// A dependency file for make and ninja: `target` depends on all inputs of `outputs`, each named once, as in
/// Output::inputs. Headers are targets of their own, too, so that make goes on after one of them was deleted.
/// `invalid_argument` for a name that one of the two cannot read (control characters, or one of '"`;|*?&=<>).
Result<std::string> depfile(std::span<const Output> outputs, const std::filesystem::path& target);

/// Was this process started by compile()?
bool is_compiler_child(int argc, char** argv);
/// The main() of such a process. Call before anything else happens in the process, in particular before
/// threads start.
int compiler_child_main(int argc, char** argv);

/// The version of the compiler inside, e.g. "19.1.7".
std::string compiler_version();

}  // namespace gadget::builder
