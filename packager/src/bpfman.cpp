// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/bpfman.h"

#include <algorithm>

#include "gadget/support/text.h"
#include "go_json.h"
#include "gzip.h"
#include "rfc3339.h"

namespace gadget::packager {

namespace {

constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
constexpr std::size_t kMaxObject = std::size_t{16} << 20;

Descriptor add_blob(Image& image, std::string_view type, std::span<const std::byte> content) {
    Descriptor descriptor{
        .media_type = std::string(type), .digest = sha256_digest(content), .size = content.size()};
    image.blobs.try_emplace(descriptor.digest, content.begin(), content.end());
    return descriptor;
}

std::string object_json(const std::map<std::string, std::string>& members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        if (out.size() > 1) out += ',';
        append_string(out, name);
        out += ':';
        append_string(out, value);
    }
    return out + "}";
}

/// The config of an ordinary container image, which is what its readers expect.
std::string config_json(const BpfmanObject& object, const std::string& diff_id, const std::string& created) {
    const std::map<std::string, std::string> labels{{"io.ebpf.maps", object_json(object.maps)},
                                                    {"io.ebpf.programs", object_json(object.programs)}};
    std::string out = R"({"created":)";
    append_string(out, created);
    out += R"(,"architecture":")" + std::string(to_string(object.arch)) +
           R"(","os":"linux","config":{"Labels":)";
    out += object_json(labels);
    out += R"(},"rootfs":{"type":"layers","diff_ids":[)";
    append_string(out, diff_id);
    return out + "]}}";
}

Result<Descriptor> add_manifest(Image& image, const BpfmanObject& object, const std::string& created) {
    if (object.object.size() > kMaxObject) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "the " + std::string(to_string(object.arch)) +
                                " object is larger than the 16 MiB that bpfman reads"};
    }
    const Bytes tar = tar_of({{"program.bpf.o", object.object}});
    GADGET_TRY_ASSIGN(const Bytes layer, gzip(tar));
    ManifestBody body{.artifact_type = {}, .config = {}, .layers = {}, .annotations = {}, .media_type = {}};
    body.media_type = media_type::kManifest;
    body.config = add_blob(image, kConfigType, as_bytes(config_json(object, sha256_digest(tar), created)));
    body.layers.push_back(add_blob(image, kLayerType, layer));
    Descriptor manifest = add_blob(image, media_type::kManifest, as_bytes(manifest_json(body)));
    manifest.platform = OciPlatform{.architecture = std::string(to_string(object.arch)), .os = "linux"};
    return manifest;
}

}  // namespace

Result<Image> pack_for_bpfman(const std::vector<BpfmanObject>& objects, const std::string& created) {
    if (objects.empty() || !is_rfc3339(created)) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = objects.empty()
                                    ? "the image has no eBPF object to export"
                                    : "creation time '" + printable(created) + "' is not RFC 3339"};
    }
    Image image;
    std::vector<Descriptor> manifests;
    for (const auto& object : objects) {
        GADGET_TRY_ASSIGN(auto manifest, add_manifest(image, object, created));
        manifests.push_back(std::move(manifest));
    }
    std::sort(manifests.begin(), manifests.end(), [](const auto& a, const auto& b) {
        return a.platform->architecture < b.platform->architecture;
    });
    image.root = add_blob(image, media_type::kIndex, as_bytes(index_json(manifests, {})));
    return image;
}

}  // namespace gadget::packager
