// SPDX-License-Identifier: Apache-2.0
#include "image_names.h"

#include "places.h"

namespace gadget::cli {

packager::ReferenceDefaults reference_defaults() {
    packager::ReferenceDefaults defaults;
    std::string given = environment_variable("GADGET_DEFAULT_REGISTRY");
    while (given.ends_with('/')) given.pop_back();
    if (given.empty()) return defaults;
    const auto slash = given.find('/');
    defaults.registry = given.substr(0, slash);
    defaults.namespace_prefix = slash == std::string::npos ? "" : given.substr(slash + 1) + "/";
    return defaults;
}

Result<packager::Reference> parse_image_name(const std::string& text) {
    return packager::parse_reference(text, reference_defaults());
}

Result<std::string> full_name(const std::string& text) {
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(text));
    return reference.to_string();
}

Result<std::string> stored_name(const packager::Layout& store, const std::string& text) {
    if (packager::is_digest(text)) return text;
    GADGET_TRY_ASSIGN(const auto reference, parse_image_name(text));
    const std::string full = reference.to_string();
    if (reference.digest.empty()) return full;
    std::string other;
    for (const auto& entry : store.entries()) {
        const std::string name = packager::ref_name(entry);
        if (name == full) return full;
        if (entry.digest != reference.digest) continue;
        const auto named = parse_image_name(name);
        const bool same = named && named->registry == reference.registry &&
                          named->repository == reference.repository &&
                          (reference.tag.empty() || named->tag == reference.tag);
        if (same) other = name;
    }
    return other.empty() ? full : other;
}

std::string short_name(const std::string& name) {
    const auto reference = parse_image_name(name);
    return reference ? reference->familiar(reference_defaults()) : name;
}

}  // namespace gadget::cli
