// SPDX-License-Identifier: Apache-2.0
// Writing documents about images; attest_check.cpp reads them.
#include "gadget/packager/attest.h"

#include <nlohmann/json.hpp>

#include "attest_types.h"
#include "go_json.h"

namespace gadget::packager {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUnknown = "NOASSERTION";

std::string hex_of(const std::string& digest) {
    return digest.substr(digest.find(':') + 1);
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json checksums(const std::string& sha256) {
    return Json::array({{{"algorithm", "SHA256"}, {"checksumValue", sha256}}});
}

Json package(const std::string& id, const std::string& name, const std::string& version,
             const std::string& sha256, const std::string& license) {
    Json json{{"name", name}, {"SPDXID", id}};
    if (!version.empty()) json["versionInfo"] = version;
    json["downloadLocation"] = kUnknown;
    json["filesAnalyzed"] = false;
    if (!sha256.empty()) json["checksums"] = checksums(sha256);
    const std::string known = license.empty() ? kUnknown : license;
    json["licenseConcluded"] = known;
    json["licenseDeclared"] = known;
    json["copyrightText"] = kUnknown;
    return json;
}

void relate(Json& document, const std::string& from, const char* how, const std::string& to) {
    document["relationships"].push_back(
        {{"spdxElementId", from}, {"relationshipType", how}, {"relatedSpdxElement", to}});
}

void add_ingredients(Json& document, const BuildRecord& record, const std::vector<std::string>& layers) {
    std::vector<std::string> files;
    for (std::size_t i = 0; i < record.sources.size(); ++i) {
        const auto& source = record.sources[i];
        files.push_back("SPDXRef-Source-" + std::to_string(i + 1));
        document["files"].push_back({{"fileName", "./" + source.name},
                                     {"SPDXID", files.back()},
                                     {"fileTypes", {"SOURCE"}},
                                     {"checksums", checksums(source.sha256)},
                                     {"licenseConcluded", kUnknown},
                                     {"licenseInfoInFiles", {kUnknown}},
                                     {"copyrightText", kUnknown}});
    }
    const auto add = [&](const Ingredient& part, const std::string& id, const char* how) {
        Json json = package(id, part.name, part.version, part.sha256, {});
        if (!part.source.empty()) json["sourceInfo"] = part.source;
        document["packages"].push_back(std::move(json));
        for (const auto& layer : layers) relate(document, id, how, layer);
    };
    for (std::size_t i = 0; i < record.headers.size(); ++i)
        add(record.headers[i], "SPDXRef-Header-" + std::to_string(i + 1), "BUILD_DEPENDENCY_OF");
    for (std::size_t i = 0; i < record.tools.size(); ++i)
        add(record.tools[i], "SPDXRef-Tool-" + std::to_string(i + 1), "BUILD_TOOL_OF");
    for (const auto& layer : layers) {
        for (const auto& file : files) relate(document, layer, "GENERATED_FROM", file);
    }
}

Descriptor add_blob(Image& image, std::string_view type, std::string_view text) {
    const auto bytes = as_bytes(text);
    Descriptor descriptor{
        .media_type = std::string(type), .digest = sha256_digest(bytes), .size = bytes.size()};
    image.blobs.try_emplace(descriptor.digest, bytes.begin(), bytes.end());
    return descriptor;
}

}  // namespace

Result<std::string> sbom_document(const Image& image, const BuildRecord& record) {
    GADGET_TRY_ASSIGN(const auto tree, read_tree(MemoryBlobs(image), image.root));
    const std::string hex = hex_of(image.root.digest);
    Json document{{"spdxVersion", "SPDX-2.3"},
                  {"dataLicense", "CC0-1.0"},
                  {"SPDXID", "SPDXRef-DOCUMENT"},
                  {"name", record.name},
                  {"documentNamespace", "https://spdx.org/spdxdocs/" + record.name + "-" + hex},
                  {"creationInfo",
                   {{"created", record.created}, {"creators", {"Tool: gadgetkit-" + record.tool_version}}}},
                  {"documentDescribes", {"SPDXRef-Image"}},
                  {"packages", Json::array()},
                  {"files", Json::array()},
                  {"relationships", Json::array()}};
    Json whole = package("SPDXRef-Image", record.name, {}, hex, record.license);
    whole["primaryPackagePurpose"] = "CONTAINER";
    document["packages"].push_back(std::move(whole));
    relate(document, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image");
    std::vector<std::string> layers;
    for (const auto& manifest : tree.manifests) {
        const std::string arch =
            manifest.descriptor.platform ? manifest.descriptor.platform->architecture : "any";
        for (const auto& layer : manifest.layers) {
            layers.push_back("SPDXRef-Layer-" + arch + "-" + std::to_string(layers.size() + 1));
            Json json =
                package(layers.back(), record.name + " " + arch, {}, hex_of(layer.digest), record.license);
            json["sourceInfo"] = layer.media_type;
            document["packages"].push_back(std::move(json));
            relate(document, "SPDXRef-Image", "CONTAINS", layers.back());
        }
    }
    add_ingredients(document, record, layers);
    return text_of(document);
}

Result<std::string> provenance_document(const Image& image, const BuildRecord& record) {
    GADGET_TRY_ASSIGN(const auto tree, read_tree(MemoryBlobs(image), image.root));
    Json architectures = Json::array();
    for (const auto& manifest : tree.manifests) {
        if (manifest.descriptor.platform) architectures.push_back(manifest.descriptor.platform->architecture);
    }
    Json dependencies = Json::array();
    const auto add = [&](const Ingredient& part) {
        Json json{{"name", part.name}};
        if (!part.sha256.empty()) json["digest"] = {{"sha256", part.sha256}};
        if (!part.version.empty()) json["annotations"]["version"] = part.version;
        if (!part.source.empty()) json["annotations"]["source"] = part.source;
        dependencies.push_back(std::move(json));
    };
    for (const auto& source : record.sources) add(source);
    for (const auto& header : record.headers) add(header);
    Json versions{{"gadgetkit", record.tool_version}};
    for (const auto& tool : record.tools) versions[tool.name] = tool.version;
    const Json document{
        {"_type", "https://in-toto.io/Statement/v1"},
        {"subject",
         Json::array({{{"name", record.name}, {"digest", {{"sha256", hex_of(image.root.digest)}}}}})},
        {"predicateType", kSlsaType},
        {"predicate",
         {{"buildDefinition",
           {{"buildType", "urn:gadgetkit:build:v1"},
            {"externalParameters", {{"architectures", architectures}, {"compilerFlags", record.flags}}},
            {"internalParameters", {{"created", record.created}}},
            {"resolvedDependencies", dependencies}}},
          {"runDetails", {{"builder", {{"id", "urn:gadgetkit:gadget"}, {"version", versions}}}}}}}};
    return text_of(document);
}

std::string_view to_string(AttachmentKind kind) {
    switch (kind) {
        case AttachmentKind::signature:
            return "signature";
        case AttachmentKind::sbom:
            return "sbom";
        case AttachmentKind::provenance:
            return "provenance";
        case AttachmentKind::other:
            break;
    }
    return "other";
}

Image attach_document(const Descriptor& subject, AttachmentKind kind, std::string_view document,
                      const std::string& created) {
    const std::string_view type = kind == AttachmentKind::sbom ? kSpdxType : kInTotoType;
    Image image;
    ManifestBody body{
        .artifact_type = std::string(type),
        .config = add_blob(image, media_type::kEmpty, "{}"),
        .layers = {add_blob(image, type, document)},
        .subject =
            Descriptor{.media_type = subject.media_type, .digest = subject.digest, .size = subject.size},
        .annotations = {{std::string(annotation::kCreated), created}},
        .media_type = std::string(media_type::kManifest)};
    if (kind == AttachmentKind::provenance)
        body.annotations.emplace("in-toto.io/predicate-type", std::string(kSlsaType));
    body.config.data = "{}";
    image.root = add_blob(image, media_type::kManifest, manifest_json(body));
    return image;
}

}  // namespace gadget::packager
