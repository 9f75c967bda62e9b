// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/pack.h"

#include <fmt/format.h>

#include <algorithm>

#include "gadget/support/text.h"
#include "go_json.h"
#include "rfc3339.h"

namespace gadget::packager {

namespace {

constexpr std::string_view kEmptyJson = "{}";

Descriptor add_blob(Image& image, std::string_view type, std::span<const std::byte> content) {
    Descriptor descriptor{
        .media_type = std::string(type), .digest = sha256_digest(content), .size = content.size()};
    image.blobs.try_emplace(descriptor.digest, content.begin(), content.end());
    return descriptor;
}

Annotations annotations_of(const PackRequest& request) {
    Annotations annotations;
    if (request.manifest) {
        const auto& manifest = *request.manifest;
        annotations = {{"org.opencontainers.image.title", manifest.name},
                       {"org.opencontainers.image.description", manifest.description},
                       {"org.opencontainers.image.url", manifest.homepage_url},
                       {"org.opencontainers.image.documentation", manifest.documentation_url},
                       {"org.opencontainers.image.source", manifest.source_url},
                       {std::string(annotation::kBuilderVersion), request.builder_version}};
        for (const auto& [key, value] : manifest.annotations) annotations[key] = value;
    }
    annotations[std::string(annotation::kCreated)] = request.created;
    return annotations;
}

Descriptor add_config(Image& image, const PackRequest& request, const Annotations& annotations) {
    Descriptor config = request.manifest
                            ? add_blob(image, media_type::kGadgetConfig, as_bytes(request.manifest->text))
                            : add_blob(image, media_type::kEmpty, as_bytes(kEmptyJson));
    if (!request.manifest) config.data = kEmptyJson;
    config.annotations = annotations;
    return config;
}

Descriptor add_manifest(Image& image, const ArchObject& object, const Descriptor& config) {
    ManifestBody body{.artifact_type = std::string(media_type::kGadget),
                      .config = config,
                      .layers = {},
                      .annotations = config.annotations};
    if (object.ebpf) body.layers.push_back(add_blob(image, media_type::kEbpf, *object.ebpf));
    if (object.wasm) body.layers.push_back(add_blob(image, media_type::kWasm, *object.wasm));
    if (object.btfgen) body.layers.push_back(add_blob(image, media_type::kBtfgen, *object.btfgen));
    Descriptor manifest = add_blob(image, media_type::kManifest, as_bytes(manifest_json(body)));
    manifest.annotations = config.annotations;
    manifest.platform = OciPlatform{.architecture = std::string(to_string(object.arch)), .os = "linux"};
    return manifest;
}

Error invalid(const std::string& message, const std::string& hint = {}) {
    return Error{.code = ErrorCode::invalid_argument, .message = message, .hint = hint};
}

}  // namespace

Result<Image> pack(const PackRequest& request) {
    if (request.objects.empty()) return invalid("an image needs at least one architecture");
    if (!is_rfc3339(request.created)) {
        return invalid("creation time '" + printable(request.created) + "' is not RFC 3339",
                       "write it like 2025-10-20T13:28:46Z");
    }
    std::vector<const ArchObject*> objects;
    for (const auto& object : request.objects) objects.push_back(&object);
    const auto by_name = [](const ArchObject* a, const ArchObject* b) {
        return to_string(a->arch) < to_string(b->arch);
    };
    std::sort(objects.begin(), objects.end(), by_name);
    for (std::size_t i = 1; i < objects.size(); ++i) {
        if (objects[i]->arch == objects[i - 1]->arch) {
            return invalid("architecture " + std::string(to_string(objects[i]->arch)) + " is given twice");
        }
    }
    Image image;
    const Annotations annotations = annotations_of(request);
    const Descriptor config = add_config(image, request, annotations);
    std::vector<Descriptor> manifests;
    for (const ArchObject* object : objects) manifests.push_back(add_manifest(image, *object, config));
    image.root = add_blob(image, media_type::kIndex, as_bytes(index_json(manifests, annotations)));
    image.root.annotations = annotations;
    return image;
}

}  // namespace gadget::packager
