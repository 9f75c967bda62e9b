// SPDX-License-Identifier: Apache-2.0
// The commands: options in, exit status out. One .cpp each. arguments.cpp fills the options.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "gadget/model.h"
#include "gadget/support/cancel.h"
#include "load_gadget.h"
#include "run_options.h"
#include "terminal.h"

namespace gadget::cli {

struct BuildOptions;
struct TestOptions;
struct VerifierOptions;

/// What every command gets. The last four are empty in gadget-run, which has no compiler.
struct Context {
    Terminal& terminal;
    CancelToken cancel;
    FolderLoader load_folder{};
    int (*build)(const BuildOptions&, const Context&) = nullptr;
    int (*test)(const TestOptions&, const Context&) = nullptr;
    int (*verifier)(const VerifierOptions&, const Context&) = nullptr;
};

enum class FindingsFormat { text, json, sarif, github };

struct NewOptions {
    std::string name;
    std::string template_name;
    std::filesystem::path folder;  ///< empty: named like the gadget
    bool list = false;
};
int new_gadget(const NewOptions& options, const Context& context);

struct BuildOptions {
    std::filesystem::path path = ".";
    std::string tag;
    std::filesystem::path config_file;
    std::filesystem::path output_folder;
    std::vector<model::Arch> archs;  ///< empty: all
    std::vector<std::string> defines;
    std::vector<std::filesystem::path> include_dirs;
    std::vector<std::string> warnings;
    std::filesystem::path clang;    ///< empty: the compiler inside
    std::filesystem::path depfile;  ///< empty: none
    std::vector<std::string> emit;  ///< "skeleton"
    unsigned compile_seconds = 0;   ///< limit for each object, 0 = the builder's
    bool update_metadata = false;
    bool no_validate = false;
    bool strict = false;
    bool watch = false;                ///< build again whenever a file that goes in changes
    bool attest = false;               ///< SBOM and provenance
    std::filesystem::path btf_folder;  ///< BTF of kernels that bring none
    FindingsFormat format = FindingsFormat::text;
};
int build(const BuildOptions& options, const Context& context);

struct ValidateOptions {
    std::string input = ".";
    std::filesystem::path manifest_file;
    bool strict = false;
    bool fix = false;  ///< mend the metadata as findings propose, then look again
    FindingsFormat format = FindingsFormat::text;
    std::string explain;
    std::vector<std::string> kernels;            ///< "6.12", "host", "all", or files
    std::vector<std::filesystem::path> targets;  ///< binaries that uprobes are for
};
int validate(const ValidateOptions& options, const Context& context);

enum class OutputFormat { text, json };

enum class InspectFormat { text, json, yaml, mermaid };

struct InspectOptions {
    std::string input = ".";
    InspectFormat format = InspectFormat::text;
};
int inspect(const InspectOptions& options, const Context& context);

int run(const RunOptions& options, const Context& context);

struct TestOptions {
    std::filesystem::path path;
    std::vector<std::string> kernels;
    std::vector<model::Arch> archs;
    std::vector<std::string> reports;  ///< junit=F, json=F, markdown=F
    std::vector<std::string> only;     ///< names or file names of scenarios; empty: all
    std::filesystem::path exec;        ///< a program to run inside each kernel, not the scenarios
    std::vector<std::string> exec_arguments;
    std::string shard;   ///< "1/3": this part of the kernels
    std::string matrix;  ///< "github": print the kernels as a job matrix
    bool print_qemu = false;
    bool check = false;   ///< only look at the scenarios
    bool list = false;    ///< print them
    bool schema = false;  ///< print the schema of scenario files
    bool raw = false;     ///< load and attach each program, without the runtime and without scenarios
    bool shell = false;   ///< a shell in the machine
    unsigned gdb_port = 0;
};
int test(const TestOptions& options, const Context& context);

struct VerifierOptions {
    std::string action;  ///< measure, check, update, explain
    std::string input = ".";
    std::string program;
    std::vector<std::string> kernels;
    std::vector<model::Arch> archs;
    std::filesystem::path budget;  ///< empty: test/budget.yaml of the folder
    std::string format = "text";   ///< text, json, csv, markdown
    bool log = false;
};
int verifier(const VerifierOptions& options, const Context& context);

enum class ExportFormat { oci, bpfman };

struct ImageOptions {
    std::string action;  ///< list, inspect, tag, remove, export, import
    std::vector<std::string> arguments;
    bool all = false;
    std::string name;
    ExportFormat export_format = ExportFormat::oci;
    OutputFormat format = OutputFormat::text;
};
int image(const ImageOptions& options, const Context& context);

struct KernelOptions {
    std::string action;  ///< list, fetch, remove
    std::vector<std::string> arguments;
    std::vector<model::Arch> archs;
    OutputFormat format = OutputFormat::text;  ///< of list
};
int kernel(const KernelOptions& options, const Context& context);

int doctor(OutputFormat format, const Context& context);
int version(const Context& context);

}  // namespace gadget::cli
