// SPDX-License-Identifier: Apache-2.0
// gadget.yaml and build.yaml as values. Keys are read as Inspektor Gadget reads them at run time:
// case-insensitively; where the spelling would be missed by its build step, a finding says so.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/diagnostic.h"
#include "gadget/support/result.h"

namespace gadget::model {

using Annotations = std::map<std::string, std::string>;
using AnnotationSources = std::map<std::string, SourceRange>;  ///< where each key stands

struct FieldMetadata {
    Annotations annotations;
    AnnotationSources annotation_sources;
    SourceRange source{};
};

struct DataSourceMetadata {
    Annotations annotations;
    AnnotationSources annotation_sources;
    std::map<std::string, FieldMetadata> fields;  ///< by full dotted field name
    SourceRange source{};
};

/// A key that is there, and where.
struct KeyPosition {
    std::string key;
    SourceRange source{};
};

struct ParamMetadata {
    std::string key;  ///< flag on the command line
    std::string default_value;
    std::string description;
    std::vector<std::string> possible_values;
    SourceRange source{};
    SourceRange default_source{};       ///< of the value of 'defaultValue'; line 0 when there is none
    std::vector<KeyPosition> others{};  ///< alias, title and their like: nothing reads them in params.ebpf
};

/// A value of a section whose vocabulary depends on the gadget.
struct Setting {
    std::string value;  ///< scalars as written, lists joined by commas
    SourceRange source{};
};

/// By dotted path in lower case: "perf.type".
using Settings = std::map<std::string, Setting>;

/// `programs.<name>`: how a program is attached.
struct ProgramMetadata {
    Settings settings;
    SourceRange source{};
};

/// `params.custom.<name>`: changes the metadata itself.
struct CustomParamMetadata {
    std::string default_value;
    std::vector<std::string> values;  ///< allowed ones; empty: any
    bool has_patch = false;           ///< its own, or one for each value
    Settings patch;                   ///< everything that its patches set
    SourceRange source{};
};

struct Manifest {
    std::string name;
    std::string description;
    std::string homepage_url;
    std::string documentation_url;
    std::string source_url;
    Annotations annotations;
    std::map<std::string, DataSourceMetadata> datasources;
    std::map<std::string, ParamMetadata> ebpf_params;  ///< by variable name
    std::map<std::string, ParamMetadata> wasm_params;
    std::map<std::string, CustomParamMetadata> custom_params;
    std::map<std::string, ProgramMetadata> programs;  ///< by C function name
    Settings param_defaults;                          ///< by full name: "operator.oci.ebpf.pid"
    Settings operators;                               ///< "process.emitstats"
    std::string text;  ///< the bytes that were read: what becomes the image's config
};

/// Reads gadget.yaml from `text`. `file` names it in findings. Not well-formed or wrong types: findings in
/// `sink` and rejected_input. Unknown keys are findings of severity warning.
Result<Manifest> parse_manifest(std::string_view text, const std::string& file, DiagnosticSink& sink);

/// `allow: {id: reason}` of build.yaml.
struct AllowedFinding {
    std::string id;
    std::string reason;
    SourceRange source{};
};

/// What build.yaml may say for one architecture: as the keys of the same names in BuildConfig.
struct BuildSettings {
    std::vector<std::string> defines;
    std::vector<std::string> include_dirs;
    std::vector<std::string> warnings;
    std::vector<std::string> options;
};

/// build.yaml: where the sources are and how to compile them.
struct BuildConfig {
    std::string ebpf_source = "program.bpf.c";
    bool ebpf_source_given = false;  ///< a given source must exist, the default one may be missing
    std::string metadata = "gadget.yaml";
    std::string wasm;
    std::vector<std::string> link;          ///< ours: more sources, linked into one object with ebpf_source
    std::vector<std::string> defines;       ///< ours: NAME or NAME=VALUE
    std::vector<std::string> include_dirs;  ///< ours: relative to the gadget folder
    std::vector<std::string> warnings;      ///< ours: -W options without "-W"
    std::vector<AllowedFinding> allow;      ///< ours: findings that the author accepts
    std::vector<std::string> options;       ///< ours: more options of the compiler
    std::map<Arch, BuildSettings> arch_settings;  ///< ours: on top of the above, for one architecture
};

/// Unknown keys are errors here: a misspelt build option must not be ignored.
Result<BuildConfig> parse_build_config(std::string_view text, const std::string& file, DiagnosticSink& sink);

}  // namespace gadget::model
