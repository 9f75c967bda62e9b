// SPDX-License-Identifier: Apache-2.0
// Signatures, SBOMs and provenance travel with their image.
#include <algorithm>

#include "gadget/packager/registry.h"
#include "gadget/packager/signing.h"

namespace gadget::packager {

namespace {

constexpr std::size_t kMaxAttachments = 64;

bool is_absent(const Error& error) {
    return error.code == ErrorCode::not_found;
}

/// "sha256-<hex>.sig" of "ghcr.io/me/foo:sha256-<hex>.sig".
std::string tag_of(const std::string& name) {
    const auto colon = name.rfind(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
}

}  // namespace

Result<std::size_t> push_attachments(Registry& registry, const Layout& layout, const Descriptor& root,
                                     const std::string& repository) {
    GADGET_TRY_ASSIGN(const auto attached, attachments(layout, root));
    for (const auto& each : attached) {
        const std::string name = ref_name(each);
        GADGET_TRY(registry.push(layout, each, repository, name.empty() ? name : tag_of(name)));
    }
    return attached.size();
}

Result<std::size_t> pull_attachments(Registry& registry, const Reference& image, const Descriptor& root,
                                     Store& store, const Limits& limits) {
    const auto blobs = registry.blobs(image.repository);
    std::vector<NamedImage> found;
    auto signature = registry.resolve(image.repository, signature_tag(root.digest));
    if (signature) {
        Reference name = image;
        name.digest.clear();
        name.tag = signature_tag(root.digest);
        found.push_back({.blobs = blobs.get(), .root = *signature, .name = name.to_string()});
    } else if (!is_absent(signature.error())) {
        return std::move(signature).error();
    }
    auto referrers = registry.referrers(image.repository, root.digest);
    if (!referrers && !is_absent(referrers.error())) return std::move(referrers).error();
    if (referrers) {
        referrers->resize(std::min(referrers->size(), kMaxAttachments));
        for (const auto& each : *referrers) {
            // What the list says of a manifest beside its digest is not part of it.
            Descriptor bare{.media_type = each.media_type, .digest = each.digest, .size = each.size};
            if (is_manifest(bare))
                found.push_back({.blobs = blobs.get(), .root = std::move(bare), .name = {}});
        }
    }
    if (found.empty()) return std::size_t{0};
    for (const auto& each : found)
        GADGET_TRY(registry.fetch_blobs(image.repository, each.root, store, limits));
    GADGET_TRY(store.add(found, limits));
    return found.size();
}

}  // namespace gadget::packager
