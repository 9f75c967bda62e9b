// SPDX-License-Identifier: Apache-2.0
// gadget validate: findings only. Status 1 when there are errors.
#include <algorithm>

#include "apply_fixes.h"
#include "commands.h"
#include "exit_status.h"
#include "findings_output.h"
#include "gadget/support/text.h"
#include "gadget/validator.h"
#include "gadget/validator/suppressions.h"
#include "gadget_folder.h"
#include "kernel_checks.h"
#include "pages.h"

namespace gadget::cli {
namespace {

int explain(const std::string& id, const Context& context) {
    if (const auto page = find_page(id); !page.empty()) {
        context.terminal.print(page);
        return context.terminal.output_status();
    }
    return context.terminal.fail({.code = ErrorCode::invalid_argument,
                                  .message = "there is no finding '" + id + "'",
                                  .hint = did_you_mean(id, page_ids())});
}

/// A folder is validated while it is compiled; objects and images after they were read.
void apply_rules(const LoadedGadget& gadget, DiagnosticSink& sink) {
    const model::Manifest* manifest = gadget.manifest ? &*gadget.manifest : nullptr;
    if (gadget.objects.empty()) validator::validate({}, manifest, {}, sink);
    for (const auto& object : gadget.objects) {
        validator::validate(object.facts, &object == &gadget.objects.front() ? manifest : nullptr, {}, sink);
        if (&object != &gadget.objects.front())
            validator::compare(gadget.objects.front().facts, object.facts, sink);
    }
}

/// What the metadata of an image or object allows. Its comments may speak of findings that only the source
/// has.
void apply_suppressions(const LoadedGadget& gadget, const std::string& file, DiagnosticList& findings) {
    if (!gadget.manifest) return;
    validator::Suppressions suppressions;
    suppressions.add_comments(gadget.manifest->text, file);
    DiagnosticList left;
    suppressions.apply(findings.all(), validator::Suppressions::Extent::partial, left);
    findings = std::move(left);
}

struct Validation {
    DiagnosticList findings;
    KernelTable table;
    std::optional<Error> failure;  ///< there is no verdict
};

/// What a gadget's folder allows. Empty for other inputs, and for a folder that cannot be read: that was told
/// before.
validator::Suppressions suppressions_of(const LoadedGadget& gadget) {
    validator::Suppressions suppressions;
    if (gadget.source_folder.empty()) return suppressions;
    DiagnosticList told_before;
    const auto folder = read_gadget_folder(gadget.source_folder, {}, told_before);
    if (!folder) return suppressions;
    suppressions.add(folder->config.allow);
    if (!folder->source) return suppressions;
    if (const auto text = read_text_file(*folder->source))
        suppressions.add_comments(*text, folder->source->string());
    return suppressions;
}

/// Findings about kernels and targets come after those that were judged when the folder was compiled.
Result<KernelTable> look_further(const ValidateOptions& options, const LoadedGadget& gadget,
                                 const Context& context, DiagnosticSink& sink) {
    DiagnosticList found;
    GADGET_TRY_ASSIGN(auto table, check_kernels_and_targets(options, gadget, context, found));
    DiagnosticList left;
    suppressions_of(gadget).apply(found.all(), validator::Suppressions::Extent::partial, left);
    for (const auto& finding : left.all()) {
        if (!finding.id.starts_with("suppression-")) sink.report(finding);
    }
    return table;
}

Validation look(const ValidateOptions& options, const Context& context) {
    Validation result;
    const LoadOptions load{.archs = {model::kAllArchs.begin(), model::kAllArchs.end()},
                           .manifest_file = options.manifest_file,
                           .load_folder = context.load_folder};
    const auto gadget = load_gadget(options.input, load, result.findings);
    if (gadget && gadget->source_folder.empty()) {
        apply_rules(*gadget, result.findings);
        const bool bare = !options.manifest_file.empty();
        apply_suppressions(*gadget, bare ? options.manifest_file.string() : "gadget.yaml of " + gadget->name,
                           result.findings);
    }
    if (gadget && !(options.kernels.empty() && options.targets.empty())) {
        auto table = look_further(options, *gadget, context, result.findings);
        if (!table) {
            result.failure = table.error();
            return result;
        }
        result.table = *std::move(table);
    }
    result.findings.sort();
    if (options.strict) result.findings.promote_warnings();
    const bool told = result.findings.has_errors();
    if (!gadget && !(gadget.error().code == ErrorCode::rejected_input && told))
        result.failure = gadget.error();
    return result;
}

/// The metadata that --fix may write: of a folder, or the one that was named beside an object.
Result<std::filesystem::path> metadata_of(const ValidateOptions& options) {
    if (!options.manifest_file.empty()) return options.manifest_file;
    GADGET_TRY_ASSIGN(const auto kind, classify(options.input));
    if (kind != InputKind::folder) {
        return Error{
            .code = ErrorCode::invalid_argument,
            .message = "--fix changes gadget.yaml, and '" + options.input + "' is not a gadget folder",
            .hint = "name the folder, or the file with --manifest FILE"};
    }
    return metadata_path(options.input);
}

Result<void> fix(const ValidateOptions& options, const DiagnosticList& findings, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto path, metadata_of(options));
    GADGET_TRY_ASSIGN(const auto fixed, fix_file(path, findings));
    std::string words = path.string() + ": applied " + std::to_string(fixed.applied) +
                        (fixed.applied == 1 ? " replacement" : " replacements");
    if (fixed.left > 0) words += ", left out " + std::to_string(fixed.left);
    terminal.say(words);
    return {};
}

bool has_fixes(const DiagnosticList& findings) {
    return std::any_of(findings.all().begin(), findings.all().end(),
                       [](const auto& finding) { return !finding.fixes.empty(); });
}

}  // namespace

int validate(const ValidateOptions& options, const Context& context) {
    if (!options.explain.empty()) return explain(options.explain, context);
    if (options.fix) {
        if (const auto path = metadata_of(options); !path) return context.terminal.fail(path.error());
    }
    auto seen = look(options, context);
    if (options.fix && !seen.failure && has_fixes(seen.findings)) {
        if (const auto done = fix(options, seen.findings, context.terminal); !done)
            return context.terminal.fail(done.error());
        seen = look(options, context);
    }
    if (seen.failure) return context.terminal.fail(*seen.failure);
    if (options.format == FindingsFormat::json && !options.kernels.empty())
        context.terminal.print(add_kernel_table(findings_json(seen.findings), seen.table));
    else
        show_findings(seen.findings, options.format, options.input, context.terminal);
    if (options.format == FindingsFormat::text) context.terminal.print(kernel_table_text(seen.table));
    if (options.format == FindingsFormat::text)
        context.terminal.say(options.input + ": " + findings_summary(seen.findings));
    const int output = context.terminal.output_status();
    return output != kOk ? output : seen.findings.has_errors() ? kRejected : kOk;
}

}  // namespace gadget::cli
