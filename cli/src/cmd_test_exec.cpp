// SPDX-License-Identifier: Apache-2.0
// gadget test --exec: any program inside each kernel.
#include <fmt/format.h>

#include <algorithm>

#include "cmd_test.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "gadget/testkit/command.h"
#include "load_gadget.h"
#include "places.h"
#include "test_places.h"

namespace gadget::cli {
namespace {

class ExecObserver final : public testkit::CommandObserver {
  public:
    ExecObserver(Terminal& terminal, bool several) : terminal_(terminal), several_(several) {}
    void step(const testkit::KernelSelector& kernel, std::string_view text) override {
        terminal_.step(kernel.to_string() + ": " + std::string(text));
    }
    /// With one kernel the program's output is ours; with several each line says from where it is.
    void line(const testkit::KernelSelector& kernel, std::string_view text, bool is_error) override {
        const auto line = (several_ ? kernel.to_string() + ": " : std::string()) + std::string(text);
        if (is_error) {
            terminal_.say(printable(line));
        } else {
            terminal_.print(line + "\n");
        }
    }

  private:
    Terminal& terminal_;
    bool several_;
};

std::string ending(const testkit::CommandResult& result) {
    if (result.failure) return "not run: " + printable(result.failure->to_string());
    if (result.hung) return "killed after the time limit";
    if (result.signal != 0) return fmt::format("killed by signal {}", result.signal);
    return fmt::format("exit status {}", result.status);
}

/// The gadget that the program finds as $GADGET_OBJECT and $GADGET_MANIFEST.
Result<void> add_gadget(const std::string& input, const Context& context, DiagnosticList& findings,
                        testkit::CommandRequest& request) {
    LoadOptions load{.load_folder = context.load_folder};
    for (const auto& kernel : request.kernels) {
        if (std::find(load.archs.begin(), load.archs.end(), kernel.arch) == load.archs.end())
            load.archs.push_back(kernel.arch);
    }
    GADGET_TRY_ASSIGN(auto gadget, load_gadget(input, load, findings));
    for (auto& object : gadget.objects) request.objects[object.arch] = std::move(object.object);
    if (gadget.manifest) request.manifest = gadget.manifest->text;
    return {};
}

}  // namespace

int test_command(const TestOptions& options, const std::vector<testkit::KernelSelector>& kernels,
                 const Context& context) {
    testkit::CommandRequest request{
        .program = options.exec, .arguments = options.exec_arguments, .kernels = kernels};
    const auto runners = find_runners();
    if (!runners) return context.terminal.fail(runners.error());
    const auto cache = cache_folder();
    if (!cache) return context.terminal.fail(cache.error());
    request.runners = *runners;
    request.cache = *cache;
    if (!options.path.empty()) {
        DiagnosticList findings;
        const auto added = add_gadget(options.path.string(), context, findings, request);
        findings.sort();
        context.terminal.show(findings, file_source_reader());
        if (!added) return context.terminal.fail(added.error());
    }
    ExecObserver observer(context.terminal, kernels.size() > 1);
    const auto results = testkit::run_command_on_kernels(request, observer, context.cancel);
    if (!results) return context.terminal.fail(results.error());
    for (const auto& result : *results)
        context.terminal.say(
            fmt::format("{} ({}): {}", result.kernel.to_string(), printable(result.release), ending(result)));
    const int output = context.terminal.output_status();
    return output == kOk ? testkit::exit_status(*results) : output;
}

}  // namespace gadget::cli
