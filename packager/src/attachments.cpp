// SPDX-License-Identifier: Apache-2.0
// What belongs to an image without being part of it: names and discovery. Apart from signing.cpp, so that
// executables which sign and verify nothing do not carry the cryptography.
#include "attest_types.h"
#include "gadget/packager/reference.h"
#include "gadget/packager/signing.h"
#include "oci_json.h"
#include "store_garbage.h"

namespace gadget::packager {
namespace {

std::string digest_tag(std::string_view digest) {
    std::string tag(digest);
    if (const auto colon = tag.find(':'); colon != std::string::npos) tag[colon] = '-';
    return tag;
}

}  // namespace

std::string signature_tag(std::string_view image_digest) {
    return digest_tag(image_digest) + ".sig";
}
std::string referrers_tag(std::string_view image_digest) {
    return digest_tag(image_digest);
}

Result<std::vector<Descriptor>> attachments(const Layout& layout, const Descriptor& root) {
    return signatures_of(layout, {root});
}

std::set<std::string> digests_with_signature(const Layout& layout) {
    const Limits limits;
    std::set<std::string> digests;
    for (const auto& entry : layout.entries()) {
        const std::string name = ref_name(entry);
        if (is_attachment_name(name) && name.ends_with(".sig")) {
            const std::string tag = name.substr(name.rfind(':') + 1);
            digests.insert("sha256:" + tag.substr(tag.find('-') + 1, 64));
        }
        if (!name.empty() || !is_manifest(entry)) continue;
        const auto bytes = layout.read(entry, limits.manifest);
        const auto body = bytes ? parse_manifest(*bytes, entry.digest) : Result<ManifestBody>(bytes.error());
        if (body && is_signature(*body) && body->subject) digests.insert(body->subject->digest);
    }
    return digests;
}

bool is_attachment_name(std::string_view name) {
    if (const auto colon = name.rfind(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
    if (name.ends_with(".sig")) name.remove_suffix(4);
    constexpr std::string_view kPrefix = "sha256-";
    return name.starts_with(kPrefix) && is_digest("sha256:" + std::string(name.substr(kPrefix.size())));
}

}  // namespace gadget::packager
