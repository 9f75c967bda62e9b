// SPDX-License-Identifier: Apache-2.0
// gadget validate: findings only. Status 1 when there are errors.
#include "commands.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "gadget/validator.h"

namespace gadget::cli {
namespace {

int explain(const std::string& id, const Context& context) {
    for (const auto& rule : validator::rules()) {
        if (rule.id != id) continue;
        context.terminal.print(std::string(rule.id) + " (" + std::string(to_string(rule.severity)) +
                               "): " + std::string(rule.summary) + "\n");
        return context.terminal.output_status();
    }
    std::vector<std::string> ids;
    for (const auto& rule : validator::rules()) ids.emplace_back(rule.id);
    return context.terminal.fail({.code = ErrorCode::invalid_argument,
                                  .message = "there is no rule '" + id + "'",
                                  .hint = did_you_mean(id, ids)});
}

/// A folder is validated while it is compiled; objects and images after they were read.
void apply_rules(const LoadedGadget& gadget, DiagnosticSink& sink) {
    const model::Manifest* manifest = gadget.manifest ? &*gadget.manifest : nullptr;
    for (const auto& object : gadget.objects) {
        validator::validate(object.facts, &object == &gadget.objects.front() ? manifest : nullptr, {}, sink);
        if (&object != &gadget.objects.front())
            validator::compare(gadget.objects.front().facts, object.facts, sink);
    }
}

}  // namespace

int validate(const ValidateOptions& options, const Context& context) {
    if (!options.explain.empty()) return explain(options.explain, context);
    DiagnosticList findings;
    const LoadOptions load{.archs = {model::kAllArchs.begin(), model::kAllArchs.end()},
                           .manifest_file = options.manifest_file,
                           .load_folder = context.load_folder};
    const auto gadget = load_gadget(options.input, load, findings);
    if (gadget && gadget->source_folder.empty()) apply_rules(*gadget, findings);
    findings.sort();
    if (options.strict) findings.promote_warnings();
    const bool told = findings.has_errors();
    if (!gadget && !(gadget.error().code == ErrorCode::rejected_input && told))
        return context.terminal.fail(gadget.error());
    show_findings(findings, options.format, context.terminal);
    if (options.format == FindingsFormat::text)
        context.terminal.say(options.input + ": " + findings_summary(findings));
    const int output = context.terminal.output_status();
    return output != kOk ? output : told ? kRejected : kOk;
}

}  // namespace gadget::cli
