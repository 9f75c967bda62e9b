// SPDX-License-Identifier: Apache-2.0
// Reads what a compiled gadget object holds, and finds the mistakes in it and in its gadget.yaml before
// anything is packed. Nothing here needs a kernel, a network or root, and no input can make it crash: objects
// may come from strangers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

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

}  // namespace gadget::validator
