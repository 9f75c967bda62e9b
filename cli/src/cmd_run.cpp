// SPDX-License-Identifier: Apache-2.0
// gadget run: load, attach, print events until interrupted.
#include "commands.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "params.h"
#include "run_session.h"

namespace gadget::cli {
namespace {

Error no_object(const LoadedGadget& gadget) {
    const std::string arch(model::to_string(model::host_arch()));
    if (!gadget.objects.empty()) {
        return Error{.code = ErrorCode::unsupported,
                     .message = gadget.name + " has no program for this architecture (" + arch + ")",
                     .requirement = Requirement{arch + " object in the image", ""}};
    }
    return Error{
        .code = ErrorCode::unsupported,
        .message = gadget.name +
                   " has no eBPF program; gadgets that consist of metadata alone are not run by this version",
        .requirement = Requirement{"eBPF program", ""}};
}

/// What this version leaves aside is said, not passed over.
void tell_remarks(const LoadedGadget& gadget, const model::ObjectFacts& facts, Terminal& terminal) {
    for (const auto& remark : gadget.remarks) terminal.say("gadget: warning: " + printable(remark));
    for (const auto& iterator : facts.iterators) {
        terminal.say("gadget: warning: data source '" + printable(iterator.name) +
                     "' is an iterator, which this version does not show");
    }
    for (const auto& iterator : facts.map_iterators) {
        terminal.say("gadget: warning: data source '" + printable(iterator.name) +
                     "' is a map iterator, which this version does not show");
    }
}

void help(const LoadedGadget& gadget, const std::vector<Param>& params, Terminal& terminal) {
    std::string text = printable(gadget.name);
    if (gadget.manifest && !gadget.manifest->description.empty())
        text += ": " + printable(gadget.manifest->description);
    text += "\n\nParameters:\n" + (params.empty() ? std::string("  none\n") : describe_params(params));
    text += "\nSee 'gadget run --help' for the options of the command.\n";
    terminal.print(text);
}

}  // namespace

int run(const RunOptions& options, const Context& context) {
    DiagnosticList findings;
    const LoadOptions load{.archs = {model::host_arch()},
                           .manifest_file = options.manifest_file,
                           .load_folder = context.load_folder};
    const auto gadget = load_gadget(options.input, load, findings);
    findings.sort();
    if (!gadget) {
        context.terminal.show(findings, file_source_reader());
        return context.terminal.fail(gadget.error());
    }
    const LoadedObject* object = gadget->find(model::host_arch());
    if (object == nullptr) return context.terminal.fail(no_object(*gadget));
    const auto params = gadget_params(object->facts, gadget->manifest ? &*gadget->manifest : nullptr);
    if (options.help) {
        help(*gadget, params, context.terminal);
        return context.terminal.output_status();
    }
    auto values = assign_params(params, options.params);
    if (!values) return context.terminal.fail(values.error());
    tell_remarks(*gadget, object->facts, context.terminal);
    auto session = RunSession::create(*gadget, options, std::move(*values), context);
    if (!session) return context.terminal.fail(session.error());
    if (const auto done = (*session)->run(); !done) return context.terminal.fail(done.error());
    return context.terminal.output_status();
}

}  // namespace gadget::cli
