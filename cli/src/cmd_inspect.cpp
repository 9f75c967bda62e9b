// SPDX-License-Identifier: Apache-2.0
// gadget inspect: what a gadget consists of.
#include "commands.h"
#include "inspect_formats.h"

namespace gadget::cli {
namespace {

std::string in_format(const LoadedGadget& gadget, InspectFormat format) {
    switch (format) {
        case InspectFormat::text:
            return inspect_text(gadget);
        case InspectFormat::json:
            return inspect_json(gadget);
        case InspectFormat::yaml:
            return inspect_yaml(gadget);
        case InspectFormat::mermaid:
            break;
    }
    return inspect_mermaid(gadget);
}

}  // namespace

const LoadedObject* object_to_show(const LoadedGadget& gadget) {
    const LoadedObject* native = gadget.find(model::host_arch());
    return native == nullptr && !gadget.objects.empty() ? &gadget.objects.front() : native;
}

int inspect(const InspectOptions& options, const Context& context) {
    DiagnosticList findings;
    const LoadOptions load{.archs = {model::kAllArchs.begin(), model::kAllArchs.end()},
                           .manifest_file = {},
                           .load_folder = context.load_folder};
    const auto gadget = load_gadget(options.input, load, findings);
    findings.sort();
    if (!gadget) {
        context.terminal.show(findings, file_source_reader());
        return context.terminal.fail(gadget.error());
    }
    context.terminal.print(in_format(*gadget, options.format));
    return context.terminal.output_status();
}

}  // namespace gadget::cli
