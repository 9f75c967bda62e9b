// SPDX-License-Identifier: Apache-2.0
// gadget verifier ...: what the verifier makes of a gadget's programs on real kernels, and the budgets for
// it.
#include "cmd_verifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "compile_folder.h"
#include "exit_status.h"
#include "findings_output.h"
#include "folder_loader.h"
#include "gadget/builder.h"
#include "gadget/support/text.h"
#include "gadget/testkit/verifier.h"
#include "places.h"
#include "test_places.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;
using testkit::BudgetStatus;
using testkit::Verdict;

class StepObserver final : public testkit::TestObserver {
  public:
    explicit StepObserver(Terminal& terminal) : terminal_(terminal) {}
    void step(const testkit::KernelSelector& kernel, std::string_view text) override {
        terminal_.step(kernel.to_string() + ": " + std::string(text));
    }
    void finished(const testkit::TestResult&) override {}

  private:
    Terminal& terminal_;
};

/// Everything that a run of the command works with.
struct Measured {
    testkit::MeasureRequest request;
    std::vector<testkit::KernelMeasurement> kernels;
    std::string name;
    fs::path folder;
};

Result<Measured> measure(const VerifierOptions& options, const Context& context, DiagnosticList& findings) {
    Measured measured;
    auto& request = measured.request;
    GADGET_TRY_ASSIGN(request.kernels, selected_kernels(options.kernels, options.archs));
    std::vector<model::Arch> archs;
    for (const auto& kernel : request.kernels) {
        if (std::find(archs.begin(), archs.end(), kernel.arch) == archs.end()) archs.push_back(kernel.arch);
    }
    context.terminal.step("compiling " + options.input);
    GADGET_TRY_ASSIGN(
        auto gadget,
        load_gadget(options.input, {.archs = archs, .load_folder = context.load_folder}, findings));
    measured.name = gadget.name;
    measured.folder = gadget.source_folder;
    for (auto& object : gadget.objects) request.objects[object.arch] = std::move(object.object);
    if (!options.program.empty()) {
        const bool known = std::any_of(gadget.objects.begin(), gadget.objects.end(), [&](const auto& object) {
            return std::any_of(object.facts.programs.begin(), object.facts.programs.end(),
                               [&](const auto& program) { return program.name == options.program; });
        });
        if (!known) {
            std::vector<std::string> names;
            for (const auto& object : gadget.objects) {
                for (const auto& program : object.facts.programs) names.push_back(program.name);
            }
            auto hint = did_you_mean(options.program, names);
            if (hint.empty() && !names.empty()) hint = "its programs: " + join_words(names);
            return Error{.code = ErrorCode::invalid_argument,
                         .message = "the gadget has no program '" + options.program + "'",
                         .hint = std::move(hint)};
        }
    }
    request.program = options.program;
    request.every_instruction = options.action == "explain";
    GADGET_TRY_ASSIGN(request.runners, find_runners());
    GADGET_TRY_ASSIGN(request.cache, cache_folder());
    StepObserver observer(context.terminal);
    GADGET_TRY_ASSIGN(measured.kernels, testkit::measure_programs(request, observer, context.cancel));
    return measured;
}

std::string table(const testkit::KernelMeasurement& kernel) {
    std::string text = fmt::format("{} ({})\n", kernel.kernel.to_string(), printable(kernel.release));
    std::size_t width = 7;
    for (const auto& program : kernel.programs) width = std::max(width, program.program.size());
    text += fmt::format("  {:<{}}  {:<12} {:>8} {:>7} {:>7} {:>6} {:>6} {:>6} {:>7} {:>7} {:>8}\n", "PROGRAM",
                        width, "VERDICT", "INSNS", "LIMIT%", "STATES", "PEAK", "STACK", "SIZE", "XLATED",
                        "JITED", "TIME");
    for (const auto& program : kernel.programs) {
        const auto& s = program.statistics;
        text += fmt::format("  {:<{}}  {:<12} {:>8} {:>7.2f} {:>7} {:>6} {:>6} {:>6} {:>7} {:>7} {:>5} us\n",
                            program.program, width, to_string(program.verdict), s.instructions,
                            s.percent_of_limit(), s.total_states, s.peak_states, s.stack_depth, program.size,
                            program.xlated_size, program.jited_size, s.microseconds);
        if (program.verdict != Verdict::accepted) {
            text += "    " + printable(program.reason) +
                    (program.source.empty() ? "" : " [" + printable(program.source) + "]") + "\n";
        }
    }
    return text;
}

void print(const VerifierOptions& options, const Measured& measured,
           std::span<const testkit::BudgetCheck> checks, Terminal& terminal) {
    const auto clang = builder::compiler_version();
    if (options.format == "json") {
        terminal.print(testkit::measurements_json(measured.kernels, checks, clang));
    } else if (options.format == "csv") {
        terminal.print(testkit::measurements_csv(measured.kernels, clang));
    } else if (options.format == "markdown") {
        terminal.print(testkit::measurements_markdown(measured.kernels, checks));
    } else {
        for (const auto& kernel : measured.kernels) {
            if (!kernel.failure) terminal.print(table(kernel));
        }
    }
}

/// What could not be measured is an error of the environment or of a machine, never of the gadget.
int failures(const Measured& measured, Terminal& terminal) {
    int status = kOk;
    for (const auto& kernel : measured.kernels) {
        if (!kernel.failure) continue;
        terminal.say(kernel.kernel.to_string() + ": not measured");
        const int one = terminal.fail(*kernel.failure);
        if (status == kOk) status = one;
    }
    return status;
}

fs::path budget_path(const VerifierOptions& options, const Measured& measured) {
    return options.budget.empty() ? measured.folder / "test" / "budget.yaml" : options.budget;
}

Result<testkit::BudgetFile> read_budget(const fs::path& path, bool may_be_missing, DiagnosticList& findings) {
    auto text = read_text_file(path);
    if (!text && text.error().code == ErrorCode::not_found && may_be_missing) {
        testkit::BudgetFile file;
        file.budget.max_limit_percent = 10;
        file.budget.max_increase_percent = 10;
        return file;
    }
    if (!text) {
        auto error = std::move(text).error();
        error.hint = "'gadget verifier update' writes it";
        return error;
    }
    return testkit::parse_budget(*text, path.string(), findings);
}

int update(const VerifierOptions& options, const Measured& measured, const testkit::BudgetFile& before,
           Terminal& terminal) {
    const auto path = budget_path(options, measured);
    const auto file = testkit::updated_budget(before, measured.kernels, builder::compiler_version());
    if (const auto made = gadget::create_directories(path.parent_path()); !made)
        return terminal.fail(made.error());
    if (const auto written = write_file_atomic(path, testkit::budget_text(file)); !written)
        return terminal.fail(written.error());
    terminal.say("wrote " + path.string());
    return failures(measured, terminal);
}

int check(const VerifierOptions& options, const Measured& measured, const testkit::BudgetFile& file,
          Terminal& terminal) {
    const auto checks = testkit::check_budget(file, measured.kernels);
    print(options, measured, checks, terminal);
    bool exceeded = false;
    for (const auto& one : checks) {
        if (one.status == BudgetStatus::within || one.status == BudgetStatus::not_measured) continue;
        exceeded = true;
        terminal.say(fmt::format("{} on {}: {}: {}", one.program, one.kernel.to_string(),
                                 to_string(one.status), printable(one.message)));
    }
    const int status = failures(measured, terminal);
    if (exceeded) terminal.say("hint: if this is meant, 'gadget verifier update' records it");
    return exceeded ? static_cast<int>(kRejected) : status;
}

int explain(const VerifierOptions& options, const Measured& measured, Terminal& terminal) {
    for (const auto& kernel : measured.kernels) {
        for (const auto& program : kernel.programs)
            terminal.print(explanation(kernel, program, measured.request.objects.at(kernel.kernel.arch),
                                       measured.folder, options.log));
    }
    return failures(measured, terminal);
}

}  // namespace

int verifier(const VerifierOptions& options, const Context& context) {
    DiagnosticList findings;
    const auto fail = [&](const Error& error) {
        findings.sort();
        context.terminal.show(findings, file_source_reader());
        return context.terminal.fail(error);
    };
    const bool budgets = options.action == "check" || options.action == "update";
    testkit::BudgetFile budget;
    if (budgets && options.budget.empty() && !fs::is_directory(options.input)) {
        return fail(Error{.code = ErrorCode::invalid_argument,
                          .message = "'" + options.input + "' is not a gadget folder",
                          .hint = "name the file with --budget"});
    }
    if (budgets) {
        Measured place;
        place.folder = options.input;
        auto file = read_budget(budget_path(options, place), options.action == "update", findings);
        if (!file) return fail(file.error());
        budget = std::move(*file);
    }
    const auto measured = measure(options, context, findings);
    if (!measured) return fail(measured.error());
    int status = kOk;
    if (options.action == "check") {
        status = check(options, *measured, budget, context.terminal);
    } else if (options.action == "update") {
        status = update(options, *measured, budget, context.terminal);
    } else if (options.action == "explain") {
        status = explain(options, *measured, context.terminal);
    } else {
        print(options, *measured, {}, context.terminal);
        status = failures(*measured, context.terminal);
    }
    const int output = context.terminal.output_status();
    return output == kOk ? status : output;
}

}  // namespace gadget::cli
