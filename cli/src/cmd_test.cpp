// SPDX-License-Identifier: Apache-2.0
// gadget test: a gadget's scenarios on this kernel and in test machines; a line a test while they run, then a
// table.
#include <fmt/format.h>

#include <algorithm>

#include "cmd_test.h"
#include "compile_folder.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "gadget/testkit.h"
#include "places.h"
#include "test_places.h"
#include "test_report.h"

namespace gadget::cli {
namespace {

namespace fs = std::filesystem;
using testkit::Outcome;

class TerminalObserver final : public testkit::TestObserver {
  public:
    explicit TerminalObserver(Terminal& terminal) : terminal_(terminal) {}
    void step(const testkit::KernelSelector& kernel, std::string_view text) override {
        terminal_.step(kernel.to_string() + ": " + std::string(text));
    }
    void finished(const testkit::TestResult& result) override {
        // What keeps a whole kernel from being tested is told once; the table at the end has the rest.
        const bool not_run = result.outcome == Outcome::error || result.outcome == Outcome::skipped;
        const std::string reason = not_run ? result.kernel.to_string() + result.message : "";
        if (not_run && reason == last_reason_) return;
        last_reason_ = reason;
        std::string line =
            fmt::format("{:<8} {:<14} {} ({} ms)", to_string(result.outcome), result.kernel.to_string(),
                        printable(result.scenario), result.duration.count());
        if (!result.message.empty()) line += "\n         " + printable(result.message);
        if (!result.suggestion.empty() && result.outcome != Outcome::skipped)
            line += "\n         hint: " + printable(result.suggestion);
        if (result.outcome == Outcome::failed || result.outcome == Outcome::error) {
            for (const auto& log : result.logs) line += "\n         log: " + log.string();
        }
        terminal_.say(line);
    }

  private:
    Terminal& terminal_;
    std::string last_reason_;
};

/// --only: a name that no scenario has is an error.
Result<void> keep_only(const std::vector<std::string>& only, std::vector<testkit::Scenario>& scenarios) {
    if (only.empty()) return {};
    const auto is_called = [](const testkit::Scenario& scenario, const std::string& name) {
        return scenario.name == name || fs::path(scenario.file).stem() == name;
    };
    for (const auto& name : only) {
        if (std::any_of(scenarios.begin(), scenarios.end(),
                        [&](const auto& s) { return is_called(s, name); }))
            continue;
        std::vector<std::string> names;
        for (const auto& scenario : scenarios) names.push_back(fs::path(scenario.file).stem());
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "--only: there is no scenario '" + name + "'",
                     .hint = "there are " + join_words(names)};
    }
    std::erase_if(scenarios, [&](const auto& scenario) {
        return std::none_of(only.begin(), only.end(),
                            [&](const std::string& name) { return is_called(scenario, name); });
    });
    return {};
}

/// The scenarios of the folder that are wanted.
Result<std::vector<testkit::Scenario>> wanted_scenarios(const TestOptions& options,
                                                        DiagnosticList& findings) {
    GADGET_TRY_ASSIGN(auto scenarios, testkit::load_scenarios(options.path / "test", findings));
    GADGET_TRY(keep_only(options.only, scenarios));
    return scenarios;
}

Result<testkit::TestRequest> prepare(const TestOptions& options,
                                     const std::vector<testkit::KernelSelector>& kernels,
                                     const Context& context, DiagnosticList& findings) {
    testkit::TestRequest request;
    request.kernels = kernels;
    request.gdb_port = options.gdb_port;
    if (options.gdb_port != 0) {
        request.boot_timeout = std::chrono::hours(24);
        request.patience = 1000;
        request.parallel = 1;
    }
    GADGET_TRY_ASSIGN(request.scenarios, wanted_scenarios(options, findings));
    if (request.scenarios.empty()) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "'" + options.path.string() + "' has no tests",
                     .hint = "put scenarios into " + (options.path / "test").string() + "/NAME.yaml"};
    }
    GADGET_TRY_ASSIGN(auto folder, read_gadget_folder(options.path, {}, findings));
    GADGET_TRY(refuse_wasm(folder));
    CompileRequest compile{.validate = true};
    for (const auto& kernel : request.kernels) {
        if (std::find(compile.archs.begin(), compile.archs.end(), kernel.arch) == compile.archs.end())
            compile.archs.push_back(kernel.arch);
    }
    context.terminal.step("compiling " + options.path.string());
    GADGET_TRY_ASSIGN(auto gadget, compile_folder(std::move(folder), compile, context.cancel, findings));
    if (findings.has_errors())
        return Error{.code = ErrorCode::rejected_input, .message = "the gadget has errors"};
    request.gadget = gadget.folder.name;
    if (gadget.folder.manifest) request.manifest = gadget.folder.manifest->text;
    for (auto& object : gadget.objects) request.objects[object.arch] = std::move(object.object);
    GADGET_TRY_ASSIGN(request.runners, find_runners());
    GADGET_TRY_ASSIGN(request.cache, cache_folder());
    request.logs = request.cache / "test-logs" / request.gadget;
    return request;
}

/// --check, --list: nothing is compiled, nothing runs.
int show_scenarios(const TestOptions& options, const Context& context) {
    DiagnosticList findings;
    const auto scenarios = wanted_scenarios(options, findings);
    findings.sort();
    context.terminal.show(findings, file_source_reader());
    if (!scenarios && findings.has_errors()) return kRejected;
    if (!scenarios) return context.terminal.fail(scenarios.error());
    if (options.check)
        context.terminal.say(fmt::format("{}: {} scenario{} without errors", options.path.string(),
                                         scenarios->size(), scenarios->size() == 1 ? "" : "s"));
    if (options.list) context.terminal.print(scenario_list(*scenarios));
    return context.terminal.output_status();
}

/// --print-qemu.
int print_machines(const testkit::TestRequest& request, const Context& context) {
    for (const auto& kernel : request.kernels) {
        if (kernel.is_host()) continue;
        const auto folder = request.logs / (kernel.id + "-" + std::string(model::to_string(kernel.arch)));
        if (const auto made = gadget::create_directories(folder); !made)
            return context.terminal.fail(made.error());
        const auto words =
            testkit::machine_command_line(request, kernel, folder / "initramfs.cpio", context.cancel);
        if (!words) return context.terminal.fail(words.error());
        std::string line;
        for (const auto& word : *words)
            line +=
                (line.empty() ? "" : " ") + (word.find(' ') == std::string::npos ? word : "'" + word + "'");
        context.terminal.print(line + "\n");
    }
    return context.terminal.output_status();
}

}  // namespace

int test(const TestOptions& options, const Context& context) {
    if (options.schema) {
        context.terminal.print(testkit::scenario_schema());
        return context.terminal.output_status();
    }
    if (options.check || options.list) return show_scenarios(options, context);
    if (const auto checked = check_reports(options); !checked) return context.terminal.fail(checked.error());
    auto kernels = selected_kernels(options.kernels, options.archs);
    if (kernels) kernels = shard_of(options.shard, std::move(*kernels));
    if (!kernels) return context.terminal.fail(kernels.error());
    if (!options.matrix.empty()) {
        context.terminal.print(github_matrix(*kernels));
        return context.terminal.output_status();
    }
    if (kernels->empty()) {
        context.terminal.say("there is nothing in this part: there are fewer kernels than parts");
        return kOk;
    }
    if (options.shell) return test_shell(options, *kernels, context);
    if (!options.exec.empty()) return test_command(options, *kernels, context);
    DiagnosticList findings;
    const auto request = options.raw ? prepare_raw(options, *kernels, context, findings)
                                     : prepare(options, *kernels, context, findings);
    findings.sort();
    context.terminal.show(findings, file_source_reader());
    if (!request) {
        const bool told = request.error().code == ErrorCode::rejected_input && findings.has_errors();
        if (!told) return context.terminal.fail(request.error());
        context.terminal.say("gadget: " + options.path.string() + ": " + findings_summary(findings) +
                             ", nothing was tested");
        return kRejected;
    }
    if (options.print_qemu) return print_machines(*request, context);
    TerminalObserver observer(context.terminal);
    const auto results = testkit::run_tests(*request, observer, context.cancel);
    if (!results) return context.terminal.fail(results.error());
    context.terminal.print(kernel_table(*request, *results) + "\n" + summary(*results));
    if (const auto written = write_reports(options, *request, *results, context.terminal); !written)
        return context.terminal.fail(written.error());
    const int output = context.terminal.output_status();
    if (output != kOk) return output;
    const bool nothing_ran = std::all_of(results->begin(), results->end(), [](const auto& result) {
        return result.failure == testkit::FailureClass::no_permission;
    });
    return nothing_ran ? static_cast<int>(kEnvironment) : testkit::exit_status(*results);
}

}  // namespace gadget::cli
