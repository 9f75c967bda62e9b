// SPDX-License-Identifier: Apache-2.0
// What the kernel's verifier makes of a gadget's programs, on real kernels: statistics of each load, budgets
// for them that are kept beside the gadget, and the verifier's walk over the source.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/platform.h"
#include "gadget/support/cancel.h"
#include "gadget/support/diagnostic.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"
#include "gadget/testkit.h"
#include "gadget/testkit/kernels.h"

namespace gadget::testkit {

/// What became of the load of one program.
enum class Verdict : std::uint8_t {
    accepted,
    rejected,      ///< by the verifier, or by the kernel before it
    map_error,     ///< a map of it could not be created: nothing is known about the program
    object_error,  ///< libbpf did not get as far as the kernel
};
[[nodiscard]] std::string_view to_string(Verdict verdict);  ///< "map-error"
[[nodiscard]] std::optional<Verdict> parse_verdict(std::string_view word);

/// The summary at the end of a log (kernel/bpf/verifier.c, print_verification_stats). 0: the kernel does not
/// tell.
struct VerifierStatistics {
    std::uint64_t instructions = 0;  ///< processed; each as often as the verifier came by
    std::uint64_t limit = 0;         ///< of `instructions`: 1000000 since Linux 5.2
    std::uint64_t max_states_per_instruction = 0;
    std::uint64_t total_states = 0;
    std::uint64_t peak_states = 0;
    std::uint64_t longest_mark_read = 0;
    std::uint64_t microseconds = 0;
    std::uint64_t stack_depth = 0;  ///< bytes, the sum over the functions
    friend bool operator==(const VerifierStatistics&, const VerifierStatistics&) = default;

    [[nodiscard]] double percent_of_limit() const;
};

struct VerifierLog {
    std::optional<VerifierStatistics> statistics;
    std::string reason;  ///< of a refusal: the verifier's last words, or its report of Linux 7.x
    std::string source;  ///< "program.bpf.c:12" when the log names it
    std::string code;    ///< the source line that the log quotes
};

/// Reads a log of any kernel: lines that are not understood are passed over.
[[nodiscard]] VerifierLog parse_verifier_log(std::string_view log);

struct ProgramMeasurement {
    std::string program;
    std::string section;
    Verdict verdict = Verdict::object_error;
    int error = 0;  ///< errno of the load
    VerifierStatistics statistics{};
    std::uint64_t size = 0;         ///< instructions as loaded
    std::uint64_t xlated_size = 0;  ///< bytes after the verifier's rewriting
    std::uint64_t jited_size = 0;   ///< bytes of machine code
    std::uint64_t memory_peak = 0;  ///< bytes while it was loaded; 0 without a memory controller (Linux 5.19)
    bool log_truncated = false;
    std::string reason;  ///< of a refusal
    std::string source;  ///< where, when the log names it
    std::string log;
};

struct KernelMeasurement {
    KernelSelector kernel;
    std::string release;
    std::string object_sha256;
    std::vector<ProgramMeasurement> programs;
    std::optional<Error> failure;  ///< why nothing was measured
};

struct MeasureRequest {
    std::map<model::Arch, Bytes> objects;
    std::vector<KernelSelector> kernels;
    std::map<model::Arch, std::filesystem::path> runners;
    std::filesystem::path cache;
    std::string program;             ///< only this one; empty: all
    bool every_instruction = false;  ///< logs that show the verifier's whole walk, for explain
    unsigned memory_mib = 256;
    unsigned parallel = 2;
};

/// Loads each program by itself on each kernel. Whatever goes wrong with a kernel is told in its entry.
Result<std::vector<KernelMeasurement>> measure_programs(const MeasureRequest& request, TestObserver& observer,
                                                        const CancelToken& cancel);

// ---- Budgets: test/budget.yaml of a gadget's folder ----
//
//   version: 1
//   budget: {max_limit_percent: 10, max_increase_percent: 10}   # for every program
//   programs:
//     on_open:
//       budget: {max_insns: 5000}                               # and for this one
//       expect: {5.10/arm64: rejected}                          # accepted where nothing is said
//       measured:
//         6.1/amd64: {insns: 228, states: 17, peak_states: 17, stack: 80, ...}

/// Limits; what is not set is not limited.
struct Budget {
    std::optional<std::uint64_t> max_instructions;
    std::optional<std::uint64_t> max_states;
    std::optional<std::uint64_t> max_stack;
    std::optional<double> max_limit_percent;     ///< instructions, of the kernel's limit
    std::optional<double> max_increase_percent;  ///< instructions and states, over what was measured
};

/// What the file records of a measurement.
struct MeasuredProgram {
    std::uint64_t instructions = 0;
    std::uint64_t states = 0;
    std::uint64_t peak_states = 0;
    std::uint64_t stack = 0;
    std::uint64_t size = 0;
    std::uint64_t jited_size = 0;
    friend bool operator==(const MeasuredProgram&, const MeasuredProgram&) = default;
};

struct ProgramBudget {
    Budget budget;
    std::map<std::string, Verdict> expected;          ///< by kernel, "5.10/arm64"
    std::map<std::string, MeasuredProgram> measured;  ///< by kernel
};

struct BudgetFile {
    std::string clang;                           ///< that made what was measured
    std::map<std::string, std::string> objects;  ///< digests by architecture
    std::map<std::string, std::string> kernels;  ///< releases by kernel
    Budget budget;
    std::map<std::string, ProgramBudget> programs;
};

/// Findings (unknown keys, bad values) go to `sink`; with one of severity error: `rejected_input`.
Result<BudgetFile> parse_budget(std::string_view text, const std::string& file, DiagnosticSink& sink);
/// Sorted and without what changes by itself, so that differences are readable.
[[nodiscard]] std::string budget_text(const BudgetFile& file);
/// The file with these measurements; budgets and expectations stay. Kernels that were not measured keep their
/// values, programs that no longer exist go. `host` is not recorded: it is another kernel elsewhere.
[[nodiscard]] BudgetFile updated_budget(BudgetFile file, std::span<const KernelMeasurement> measured,
                                        const std::string& clang);

enum class BudgetStatus : std::uint8_t {
    within,
    over_budget,    ///< an absolute limit
    increased,      ///< more than the baseline allows
    wrong_verdict,  ///< refused where it must be accepted, or the other way round
    no_baseline,    ///< the file does not know the program on this kernel
    not_measured,   ///< the kernel could not be asked
};
[[nodiscard]] std::string_view to_string(BudgetStatus status);

/// A row of the comparison: one program on one kernel.
struct BudgetCheck {
    std::string program;
    KernelSelector kernel;
    BudgetStatus status = BudgetStatus::within;
    std::string message;                  ///< a sentence; empty when within
    std::int64_t instruction_change = 0;  ///< against the baseline; negative: fewer
    std::int64_t state_change = 0;
    bool has_baseline = false;
};

[[nodiscard]] std::vector<BudgetCheck> check_budget(const BudgetFile& file,
                                                    std::span<const KernelMeasurement> measured);

// ---- The walk ----

struct WalkedLine {
    std::string file;
    unsigned line = 0;
    std::uint64_t visits = 0;  ///< instructions of the line that the verifier processed; 0: never came by
    std::string code;
};

struct VerifierWalk {
    std::uint64_t instructions = 0;  ///< of the program
    std::uint64_t visited = 0;       ///< different ones
    std::vector<WalkedLine> lines;   ///< of the program's functions, by file and line
};

/// Joins a log with every instruction (MeasureRequest::every_instruction) with the line information of the
/// object. `not_found` when the object has none for the program.
Result<VerifierWalk> walk_of(const ProgramMeasurement& measurement, std::span<const std::byte> object);

// ---- Output ----

/// {"version":1,"kernels":[{"kernel","arch","release","object","programs":[...]}],"clang":...}
[[nodiscard]] std::string measurements_json(std::span<const KernelMeasurement> measured,
                                            std::span<const BudgetCheck> checks, std::string_view clang);
[[nodiscard]] std::string measurements_csv(std::span<const KernelMeasurement> measured,
                                           std::string_view clang);
/// A table for each kernel, and the checks that failed.
[[nodiscard]] std::string measurements_markdown(std::span<const KernelMeasurement> measured,
                                                std::span<const BudgetCheck> checks);

}  // namespace gadget::testkit
