// SPDX-License-Identifier: Apache-2.0
// gadget kernel ...: the kernels that tests run on.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "commands.h"
#include "exit_status.h"
#include "gadget/support/text.h"
#include "gadget/testkit/kernels.h"
#include "kernel_image_source.h"
#include "places.h"

namespace gadget::cli {
namespace {

std::vector<model::Arch> archs_or_host(const KernelOptions& options) {
    return options.archs.empty() ? std::vector{model::host_arch()} : options.archs;
}

using Json = nlohmann::ordered_json;

std::string kernels_json(const std::vector<testkit::KernelSpec>& specs) {
    auto kernels = Json::array();
    for (const auto& spec : specs) {
        Json kernel{{"id", spec.id}, {"arch", model::to_string(spec.arch)}, {"source", spec.source}};
        kernel["digest"] = spec.digest.empty() ? Json() : Json(spec.digest);
        kernel["release"] = spec.release;
        kernel["required"] = spec.required;
        kernel["expect"] = Json::object();
        for (const auto& [feature, why] : spec.expect) kernel["expect"][feature] = why;
        kernels.push_back(std::move(kernel));
    }
    const Json document{{"version", 1}, {"kernels", std::move(kernels)}};
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<void> list(const testkit::KernelStore& store, OutputFormat format, Terminal& terminal) {
    GADGET_TRY_ASSIGN(const auto kernels, store.list());
    if (format == OutputFormat::json) {
        terminal.print(kernels_json(testkit::kernel_specs(kernels)));
        return {};
    }
    std::string text =
        fmt::format("{:<10} {:<6} {:<32} {:<19} {}\n", "KERNEL", "ARCH", "RELEASE", "DIGEST", "SOURCE");
    for (const auto& kernel : kernels) {
        const auto source = kernel.package.empty() ? kernel.source : kernel.package + " " + kernel.version;
        text +=
            fmt::format("{:<10} {:<6} {:<32} sha256:{:.12} {}\n", kernel.id, model::to_string(kernel.arch),
                        printable(kernel.release), kernel.sha256, printable(source));
    }
    text += "\nfetchable: " + join_words(testkit::known_kernel_ids()) + "\n";
    terminal.print(text);
    return {};
}

Result<void> perform(const KernelOptions& options, const Context& context) {
    GADGET_TRY_ASSIGN(const auto cache, cache_folder());
    testkit::KernelStore store(cache);
    if (options.action == "list") return list(store, options.format, context.terminal);
    if (options.action == "add") {
        const auto& [id, source] = std::tie(options.arguments.at(0), options.arguments.at(1));
        const auto arch = archs_or_host(options).front();
        GADGET_TRY_ASSIGN(const auto kernel, is_image_with_digest(source)
                                                 ? add_kernel_of_image(store, id, arch, source, context)
                                                 : store.add(id, arch, source, context.cancel));
        context.terminal.say("added " + kernel.id);
        return {};
    }
    for (const auto& id : options.arguments) {
        for (const auto arch : archs_or_host(options)) {
            if (options.action == "remove") {
                GADGET_TRY(store.remove(id, arch));
                continue;
            }
            GADGET_TRY_ASSIGN(const auto kernel, store.fetch(id, arch, context.terminal, context.cancel));
            context.terminal.print(
                fmt::format("{} {} {}\n", kernel.id, model::to_string(arch), kernel.image.string()));
        }
    }
    return {};
}

}  // namespace

int kernel(const KernelOptions& options, const Context& context) {
    if (const auto done = perform(options, context); !done) return context.terminal.fail(done.error());
    return context.terminal.output_status();
}

}  // namespace gadget::cli
