// SPDX-License-Identifier: Apache-2.0
#include "oci_json.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "digest.h"
#include "gadget/packager/reference.h"
#include "gadget/support/text.h"

namespace gadget::packager {

namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxDescriptors = 65536;

Error corrupt(const std::string& what, const std::string& why) {
    return Error{.code = ErrorCode::corrupt_data, .message = what + ": " + why};
}

/// Watches the parser: nesting and repeated names cannot be seen in the finished value any more.
class Watcher {
  public:
    bool operator()(int depth, json::parse_event_t event, json& parsed) {
        if (depth > kMaxDepth) {
            too_deep = true;
            return false;
        }
        if (event == json::parse_event_t::object_start) names_.emplace_back();
        if (event == json::parse_event_t::object_end && !names_.empty()) names_.pop_back();
        if (event == json::parse_event_t::key && !names_.empty()) {
            const auto& name = parsed.get_ref<const std::string&>();
            if (!names_.back().insert(name).second && repeated.empty())
                repeated = name.empty() ? "(empty)" : name;
        }
        return true;
    }
    bool too_deep = false;
    std::string repeated;

  private:
    std::vector<std::set<std::string>> names_;
};

Result<json> parse_object(std::span<const std::byte> bytes, const std::string& what) {
    Watcher watcher;
    const auto text = as_text(bytes);
    auto value = json::parse(text.begin(), text.end(), std::ref(watcher), /*allow_exceptions=*/false);
    if (watcher.too_deep) return corrupt(what, "JSON nested deeper than " + std::to_string(kMaxDepth));
    if (value.is_discarded()) return corrupt(what, "not JSON");
    if (!watcher.repeated.empty())
        return corrupt(what, "member '" + printable(watcher.repeated) + "' is repeated");
    if (!value.is_object()) return corrupt(what, "expected a JSON object");
    return value;
}

/// The member, or null when it is missing or JSON null.
const json* member(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> text_member(const json& object, const char* name, const std::string& what) {
    const json* value = member(object, name);
    if (value == nullptr) return std::string();
    if (!value->is_string()) return corrupt(what, std::string("'") + name + "' must be a string");
    return value->get<std::string>();
}

Result<Annotations> annotations_member(const json& object, const std::string& what) {
    Annotations annotations;
    const json* value = member(object, "annotations");
    if (value == nullptr) return annotations;
    if (!value->is_object()) return corrupt(what, "'annotations' must be an object");
    for (const auto& [key, text] : value->items()) {
        if (!text.is_string()) return corrupt(what, "annotation '" + printable(key) + "' must be a string");
        annotations.emplace(key, text.get<std::string>());
    }
    return annotations;
}

Result<std::uint64_t> size_member(const json& object, const std::string& what) {
    const json* value = member(object, "size");
    if (value == nullptr) return corrupt(what, "a descriptor lacks 'size'");
    if (!value->is_number_unsigned() ||
        value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return corrupt(what, "'size' must be a whole number from 0 on");
    }
    return value->get<std::uint64_t>();
}

Result<std::optional<OciPlatform>> platform_member(const json& object, const std::string& what) {
    const json* value = member(object, "platform");
    if (value == nullptr) return std::optional<OciPlatform>();
    if (!value->is_object()) return corrupt(what, "'platform' must be an object");
    OciPlatform platform;
    GADGET_TRY_ASSIGN(platform.architecture, text_member(*value, "architecture", what));
    GADGET_TRY_ASSIGN(platform.os, text_member(*value, "os", what));
    GADGET_TRY_ASSIGN(platform.variant, text_member(*value, "variant", what));
    return std::optional(std::move(platform));
}

Result<std::vector<std::string>> urls_member(const json& object, const std::string& what) {
    std::vector<std::string> urls;
    const json* value = member(object, "urls");
    if (value == nullptr) return urls;
    if (!value->is_array()) return corrupt(what, "'urls' must be a list");
    for (const auto& url : *value) {
        if (!url.is_string()) return corrupt(what, "'urls' must hold strings");
        urls.push_back(url.get<std::string>());
    }
    return urls;
}

Result<void> read_data(const json& object, const std::string& what, Descriptor& descriptor) {
    const json* value = member(object, "data");
    if (value == nullptr) return {};
    if (!value->is_string()) return corrupt(what, "'data' must be a string");
    descriptor.data = base64_decode(value->get_ref<const std::string&>());
    if (!descriptor.data) return corrupt(what, "'data' of a descriptor is not base64");
    if (descriptor.data->size() != descriptor.size)
        return corrupt(what, "'data' of a descriptor has another size");
    if (is_digest(descriptor.digest)) {
        GADGET_TRY_ASSIGN(auto hasher,
                          Hasher::create(descriptor.digest.substr(0, descriptor.digest.find(':'))));
        hasher.update(as_bytes(*descriptor.data));
        if (hasher.finish() != descriptor.digest)
            return corrupt(what, "'data' of a descriptor has another digest");
    }
    if (descriptor.data->empty()) descriptor.data.reset();  // as Go's types have it
    return {};
}

Result<Descriptor> descriptor_of(const json& object, const std::string& what) {
    if (!object.is_object()) return corrupt(what, "a descriptor must be an object");
    Descriptor descriptor;
    GADGET_TRY_ASSIGN(descriptor.media_type, text_member(object, "mediaType", what));
    if (descriptor.media_type.empty()) return corrupt(what, "a descriptor lacks 'mediaType'");
    GADGET_TRY_ASSIGN(descriptor.digest, text_member(object, "digest", what));
    GADGET_TRY(split_digest(descriptor.digest).context("while reading " + what));
    GADGET_TRY_ASSIGN(descriptor.size, size_member(object, what));
    GADGET_TRY_ASSIGN(descriptor.urls, urls_member(object, what));
    GADGET_TRY_ASSIGN(descriptor.annotations, annotations_member(object, what));
    GADGET_TRY(read_data(object, what, descriptor));
    GADGET_TRY_ASSIGN(descriptor.platform, platform_member(object, what));
    GADGET_TRY_ASSIGN(descriptor.artifact_type, text_member(object, "artifactType", what));
    return descriptor;
}

Result<std::vector<Descriptor>> descriptors_member(const json& object, const char* name,
                                                   const std::string& what) {
    const json* value = member(object, name);
    if (value == nullptr) return corrupt(what, std::string("lacks '") + name + "'");
    if (!value->is_array()) return corrupt(what, std::string("'") + name + "' must be a list");
    if (value->size() > kMaxDescriptors)
        return corrupt(what, std::string("'") + name + "' has too many entries");
    std::vector<Descriptor> descriptors;
    for (const auto& entry : *value) {
        GADGET_TRY_ASSIGN(auto descriptor, descriptor_of(entry, what));
        descriptors.push_back(std::move(descriptor));
    }
    return descriptors;
}

Result<void> check_header(const json& object, std::span<const std::string_view> types,
                          const std::string& what) {
    const json* version = member(object, "schemaVersion");
    if (version == nullptr || !version->is_number_integer() || version->get<std::int64_t>() != 2) {
        return corrupt(what, "'schemaVersion' must be 2");
    }
    GADGET_TRY_ASSIGN(const std::string type, text_member(object, "mediaType", what));
    bool known = type.empty();
    for (const auto allowed : types) known = known || type == allowed;
    if (!known) return corrupt(what, "unexpected 'mediaType' " + printable(type));
    // One document, two readings: a known way to slip content past a check.
    if (object.contains("manifests") && (object.contains("layers") || object.contains("config"))) {
        return corrupt(what, "has the members of an index and of a manifest");
    }
    return {};
}

}  // namespace

Result<IndexBody> parse_index(std::span<const std::byte> bytes, const std::string& what) {
    constexpr std::string_view kTypes[] = {media_type::kIndex, media_type::kDockerIndex};
    GADGET_TRY_ASSIGN(const json object, parse_object(bytes, what));
    GADGET_TRY(check_header(object, kTypes, what));
    IndexBody body;
    GADGET_TRY_ASSIGN(body.manifests, descriptors_member(object, "manifests", what));
    GADGET_TRY_ASSIGN(body.annotations, annotations_member(object, what));
    return body;
}

Result<ManifestBody> parse_manifest(std::span<const std::byte> bytes, const std::string& what) {
    constexpr std::string_view kTypes[] = {media_type::kManifest, media_type::kDockerManifest};
    GADGET_TRY_ASSIGN(const json object, parse_object(bytes, what));
    GADGET_TRY(check_header(object, kTypes, what));
    ManifestBody body;
    GADGET_TRY_ASSIGN(body.media_type, text_member(object, "mediaType", what));
    GADGET_TRY_ASSIGN(body.artifact_type, text_member(object, "artifactType", what));
    const json* config = member(object, "config");
    if (config == nullptr) return corrupt(what, "lacks 'config'");
    GADGET_TRY_ASSIGN(body.config, descriptor_of(*config, what));
    GADGET_TRY_ASSIGN(body.layers, descriptors_member(object, "layers", what));
    GADGET_TRY_ASSIGN(body.annotations, annotations_member(object, what));
    if (const json* subject = member(object, "subject"); subject != nullptr) {
        GADGET_TRY_ASSIGN(body.subject, descriptor_of(*subject, what));
    }
    return body;
}

Result<SimpleSigning> parse_simple_signing(std::span<const std::byte> bytes, const std::string& what) {
    GADGET_TRY_ASSIGN(const json object, parse_object(bytes, what));
    const json* critical = member(object, "critical");
    if (critical == nullptr || !critical->is_object()) return corrupt(what, "lacks 'critical'");
    const json* image = member(*critical, "image");
    if (image == nullptr || !image->is_object()) return corrupt(what, "lacks 'critical.image'");
    SimpleSigning document;
    GADGET_TRY_ASSIGN(document.type, text_member(*critical, "type", what));
    GADGET_TRY_ASSIGN(document.digest, text_member(*image, "docker-manifest-digest", what));
    if (const json* identity = member(*critical, "identity"); identity != nullptr && identity->is_object()) {
        GADGET_TRY_ASSIGN(document.identity, text_member(*identity, "docker-reference", what));
    }
    return document;
}

Result<void> check_layout_marker(std::span<const std::byte> bytes, const std::string& what) {
    GADGET_TRY_ASSIGN(const json object, parse_object(bytes, what));
    GADGET_TRY_ASSIGN(const std::string version, text_member(object, "imageLayoutVersion", what));
    if (version.empty()) return corrupt(what, "lacks 'imageLayoutVersion'");
    if (version != "1.0.0")
        return corrupt(what, "layout version '" + printable(version) + "', expected 1.0.0");
    return {};
}

}  // namespace gadget::packager
