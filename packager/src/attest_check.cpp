// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>
#include <set>

#include "attest_types.h"
#include "gadget/packager/attest.h"
#include "gadget/packager/signing.h"
#include "gadget/support/text.h"
#include "oci_json.h"

namespace gadget::packager {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxDocument = std::uint64_t{16} << 20;

std::string string_member(const json& object, const char* name) {
    if (!object.is_object()) return {};
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Every sha256 that the bill of materials lists for packages.
std::set<std::string> listed_digests(const json& document) {
    std::set<std::string> digests;
    const auto packages = document.find("packages");
    if (packages == document.end() || !packages->is_array()) return digests;
    for (const auto& package : *packages) {
        const auto sums = package.is_object() ? package.find("checksums") : package.end();
        if (!package.is_object() || sums == package.end() || !sums->is_array()) continue;
        for (const auto& sum : *sums) {
            if (string_member(sum, "algorithm") == "SHA256")
                digests.insert("sha256:" + string_member(sum, "checksumValue"));
        }
    }
    return digests;
}

void check_sbom(const json& document, const ImageTree& tree, AttachmentInfo& info) {
    if (!string_member(document, "spdxVersion").starts_with("SPDX-2.")) {
        info.problem = "is not SPDX 2";
        return;
    }
    const auto digests = listed_digests(document);
    if (!digests.contains(tree.root.digest)) {
        info.problem = "is about another image";
        return;
    }
    std::size_t layers = 0;
    for (const auto& manifest : tree.manifests) {
        for (const auto& layer : manifest.layers) {
            ++layers;
            if (!digests.contains(layer.digest)) info.problem = "does not list layer " + layer.digest;
        }
    }
    const auto packages = document.find("packages");
    info.summary = string_member(document, "spdxVersion") + ", " + std::to_string(packages->size()) +
                   " packages, lists all " + std::to_string(layers) + " layers";
}

void check_provenance(const json& document, const ImageTree& tree, AttachmentInfo& info) {
    const auto subjects = document.find("subject");
    bool about_this = false;
    if (subjects != document.end() && subjects->is_array()) {
        for (const auto& subject : *subjects) {
            const auto digest = subject.is_object() ? subject.find("digest") : subject.end();
            if (subject.is_object() && digest != subject.end())
                about_this = about_this || "sha256:" + string_member(*digest, "sha256") == tree.root.digest;
        }
    }
    if (!about_this) {
        info.problem = "is about another image";
        return;
    }
    info.summary = string_member(document, "predicateType");
    if (info.summary != kSlsaType) info.problem = "is no SLSA provenance: " + printable(info.summary);
}

Result<AttachmentInfo> look_at(const Layout& layout, const Descriptor& manifest, const ImageTree& tree) {
    AttachmentInfo info{.manifest = manifest, .type = {}, .summary = {}, .problem = {}};
    if (!is_manifest(manifest)) return info;
    const Limits limits;
    GADGET_TRY_ASSIGN(const auto bytes, layout.read(manifest, limits.manifest));
    GADGET_TRY_ASSIGN(const auto body, parse_manifest(bytes, "attachment " + manifest.digest));
    info.type = body.artifact_type.empty() ? body.config.media_type : body.artifact_type;
    const bool is_tagged = is_attachment_name(ref_name(manifest));
    if (is_tagged || is_signature(body)) {
        info.kind = AttachmentKind::signature;
        info.summary = "not verified here: see 'gadget image verify'";
        return info;
    }
    if (info.type != kSpdxType && info.type != kInTotoType) return info;
    info.kind = info.type == kSpdxType ? AttachmentKind::sbom : AttachmentKind::provenance;
    if (body.layers.size() != 1) {
        info.problem = "has " + std::to_string(body.layers.size()) + " documents instead of one";
        return info;
    }
    GADGET_TRY_ASSIGN(const auto text, layout.read(body.layers.front(), kMaxDocument));
    const auto view = as_text(text);
    const auto document = json::parse(view.begin(), view.end(), nullptr, /*allow_exceptions=*/false);
    if (!document.is_object()) {
        info.problem = "is not a JSON object";
        return info;
    }
    if (info.kind == AttachmentKind::sbom) check_sbom(document, tree, info);
    if (info.kind == AttachmentKind::provenance) check_provenance(document, tree, info);
    return info;
}

}  // namespace

Result<std::vector<AttachmentInfo>> check_attachments(const Layout& layout, const ImageTree& tree) {
    GADGET_TRY_ASSIGN(const auto found, attachments(layout, tree.root));
    std::vector<AttachmentInfo> all;
    for (const auto& manifest : found) {
        GADGET_TRY_ASSIGN(auto info, look_at(layout, manifest, tree));
        all.push_back(std::move(info));
    }
    return all;
}

}  // namespace gadget::packager
