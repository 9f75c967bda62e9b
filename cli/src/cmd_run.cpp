// SPDX-License-Identifier: Apache-2.0
// gadget run: load, attach, print events until interrupted.
#include "commands.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "run_session.h"

namespace gadget::cli {
namespace {

/// The part of a loaded gadget that runs on this machine.
Result<session::Gadget> for_this_machine(const LoadedGadget& loaded) {
    session::Gadget gadget{.name = loaded.name};
    if (loaded.manifest) gadget.metadata = loaded.manifest->text;
    gadget.has_wasm = loaded.has_wasm;
    if (const LoadedObject* object = loaded.find(model::host_arch()); object != nullptr) {
        gadget.object = object->object;
        gadget.facts = object->facts;
        gadget.btfgen = object->btfgen;
    } else if (!loaded.objects.empty()) {
        const std::string arch(model::to_string(model::host_arch()));
        return Error{.code = ErrorCode::unsupported,
                     .message = loaded.name + " has no program for this architecture (" + arch + ")",
                     .requirement = Requirement{arch + " object in the image", ""}};
    }
    return gadget;
}

Result<std::string> help(const LoadedGadget& loaded, const session::Gadget& gadget) {
    GADGET_TRY_ASSIGN(const auto params, session::all_params(gadget));
    std::string text = printable(loaded.name);
    if (loaded.manifest && !loaded.manifest->description.empty())
        text += ": " + printable(loaded.manifest->description);
    text +=
        "\n\nParameters:\n" + (params.empty() ? std::string("  none\n") : session::describe_params(params));
    text += "\nSee 'gadget run --help' for the options of the command.\n";
    return text;
}

Result<void> run_loaded(const LoadedGadget& loaded, const RunOptions& options, const Context& context) {
    GADGET_TRY_ASSIGN(session::Gadget gadget, for_this_machine(loaded));
    if (options.help) {
        GADGET_TRY_ASSIGN(const std::string text, help(loaded, gadget));
        context.terminal.print(text);
        return {};
    }
    for (const auto& remark : loaded.remarks) context.terminal.say("gadget: warning: " + printable(remark));
    return RunSession::run(std::move(gadget), options, context);
}

}  // namespace

int run(const RunOptions& options, const Context& context) {
    Result<void> done;
    if (!options.replay_file.empty()) {
        done = RunSession::replay(options, context);
    } else {
        DiagnosticList findings;
        const LoadOptions load{.archs = {model::host_arch()},
                               .manifest_file = options.manifest_file,
                               .load_folder = context.load_folder};
        const auto loaded = load_gadget(options.input, load, findings);
        findings.sort();
        if (!loaded) {
            context.terminal.show(findings, file_source_reader());
            return context.terminal.fail(loaded.error());
        }
        done = run_loaded(*loaded, options, context);
    }
    return done ? context.terminal.output_status() : context.terminal.fail(done.error());
}

}  // namespace gadget::cli
