// SPDX-License-Identifier: Apache-2.0
#include "gadget/session/gadget.h"

#include "gadget/packager.h"
#include "gadget/validator.h"
#include "metadata.h"
#include "packet_filter.h"

namespace gadget::session {
namespace {

constexpr std::string_view kElfMagic =
    "\x7f"
    "ELF";

bool is_regular(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace

Result<Gadget> read_gadget(const std::filesystem::path& path) {
    Gadget gadget{.name = path.filename().string()};
    if (is_regular(path)) {
        GADGET_TRY_ASSIGN(Bytes content, read_file(path));
        if (as_text(content).starts_with(kElfMagic)) {
            gadget.object = std::move(content);
            return gadget;
        }
    }
    GADGET_TRY_ASSIGN(const auto layout, packager::Layout::open(path.string()));
    GADGET_TRY_ASSIGN(const auto root, layout.find(""));
    GADGET_TRY_ASSIGN(auto content, packager::load_gadget(layout, root, model::host_arch()));
    gadget.metadata = std::move(content.metadata);
    if (content.ebpf) gadget.object = std::move(*content.ebpf);
    if (content.btfgen) gadget.btfgen = std::move(*content.btfgen);
    gadget.has_wasm = content.wasm.has_value();
    return gadget;
}

Result<std::vector<Param>> all_params(const Gadget& gadget) {
    GADGET_TRY_ASSIGN(const RunMetadata metadata, read_run_metadata(gadget.metadata, gadget.name));
    model::ObjectFacts facts;
    if (gadget.facts) {
        facts = *gadget.facts;
    } else if (!gadget.object.empty()) {
        GADGET_TRY_ASSIGN(facts, validator::inspect(gadget.object, {.object_name = gadget.name}));
    }
    std::vector<Param> params = gadget_params(facts, &metadata.manifest);
    for (auto& param : params) {
        const auto found = metadata.param_defaults.find("operator.oci.ebpf." + param.key);
        if (found != metadata.param_defaults.end()) param.default_value = found->second;
    }
    for (auto& param : packet_filter_params(gadget.object)) params.push_back(std::move(param));
    GADGET_TRY_ASSIGN(auto custom, custom_params(gadget.metadata));
    for (auto& param : custom) params.push_back(std::move(param));
    return params;
}

}  // namespace gadget::session
