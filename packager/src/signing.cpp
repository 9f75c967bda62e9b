// SPDX-License-Identifier: Apache-2.0
// cosign's "simple signing": a small JSON document names the image's digest; its signature stands in an
// annotation of the layer that holds it.
#include "gadget/packager/signing.h"

#include "attest_types.h"
#include "gadget/packager/reference.h"
#include "gadget/support/text.h"
#include "go_json.h"
#include "oci_json.h"

namespace gadget::packager {

namespace {

constexpr std::string_view kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kImageConfig = "application/vnd.oci.image.config.v1+json";
constexpr const char* kSignature = "dev.cosignproject.cosign/signature";
constexpr std::string_view kSubjectKind = "cosign container image signature";
constexpr std::uint64_t kMaxPayload = std::uint64_t{64} << 10;
constexpr std::size_t kMaxLayers = 64;

std::string payload_of(const std::string& repository, const std::string& digest) {
    std::string out = R"({"critical":{"identity":{"docker-reference":)";
    append_string(out, repository);
    out += R"(},"image":{"docker-manifest-digest":)";
    append_string(out, digest);
    out += R"(},"type":")";
    out += kSubjectKind;
    out += R"("},"optional":null})";
    return out;
}

/// The config that cosign gives its signatures: an image of one layer, without a time.
std::string config_of(const std::vector<Descriptor>& layers) {
    std::string digests;
    for (const auto& layer : layers) digests += (digests.empty() ? "\"" : ",\"") + layer.digest + "\"";
    return R"({"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],)"
           R"("os":"","rootfs":{"type":"layers","diff_ids":[)" +
           digests + R"(]},"config":{}})";
}

Descriptor add_blob(Image& image, std::string_view type, std::string_view text) {
    const auto bytes = as_bytes(text);
    Descriptor descriptor{
        .media_type = std::string(type), .digest = sha256_digest(bytes), .size = bytes.size()};
    image.blobs.try_emplace(descriptor.digest, bytes.begin(), bytes.end());
    return descriptor;
}

}  // namespace

Result<Image> sign_image(const Descriptor& root, const std::string& repository, const PrivateKey& key,
                         SignatureForm form) {
    if (!is_digest(root.digest)) {
        return Error{.code = ErrorCode::invalid_argument,
                     .message = "'" + printable(root.digest) + "' is not a digest"};
    }
    const std::string payload = payload_of(repository, root.digest);
    GADGET_TRY_ASSIGN(const auto signature, key.sign(as_bytes(payload)));
    Image image;
    Descriptor layer = add_blob(image, kPayloadType, payload);
    layer.annotations.emplace(kSignature, base64_encode(as_text(signature)));
    const bool referrer = form == SignatureForm::referrer;
    ManifestBody body{.artifact_type = referrer ? std::string(kSignatureType) : std::string(),
                      .config = add_blob(image, referrer ? kSignatureType : kImageConfig, config_of({layer})),
                      .layers = {layer},
                      .annotations = {},
                      .media_type = std::string(media_type::kManifest)};
    if (referrer) {
        body.subject = Descriptor{.media_type = root.media_type, .digest = root.digest, .size = root.size};
    }
    image.root = add_blob(image, media_type::kManifest, manifest_json(body));
    if (referrer) image.root.artifact_type = kSignatureType;
    return image;
}

Result<Image> join_signatures(const Image& before, const Image& added, const PublicKey& signer) {
    GADGET_TRY_ASSIGN(auto body,
                      parse_manifest(before.blobs.at(before.root.digest), "the existing signature"));
    GADGET_TRY_ASSIGN(const auto more,
                      parse_manifest(added.blobs.at(added.root.digest), "the new signature"));
    // A key signs once: its new signature takes the place of its old one.
    std::erase_if(body.layers, [&](const Descriptor& layer) {
        const auto encoded = layer.annotations.find(kSignature);
        const auto payload = before.blobs.find(layer.digest);
        if (encoded == layer.annotations.end() || payload == before.blobs.end()) return false;
        const auto signature = base64_decode(encoded->second);
        return signature && signer.verify(payload->second, as_bytes(*signature));
    });
    Image image = before;
    image.blobs.erase(before.root.digest);
    image.blobs.erase(body.config.digest);
    image.blobs.insert(added.blobs.begin(), added.blobs.end());
    image.blobs.erase(added.root.digest);
    image.blobs.erase(more.config.digest);
    body.layers.insert(body.layers.end(), more.layers.begin(), more.layers.end());
    body.config = add_blob(image, kImageConfig, config_of(body.layers));
    image.root = add_blob(image, media_type::kManifest, manifest_json(body));
    return image;
}

namespace {

/// How far a layer came; the furthest one explains best why none was good.
enum class Outcome : std::uint8_t { no_signature, unknown_key, other_image };

struct Checked {
    std::optional<Verified> verified;
    Outcome outcome = Outcome::no_signature;
    std::string about;  ///< the digest that was signed, when it is another
};

Result<Checked> check_layer(const BlobSource& blobs, const Descriptor& layer, const std::string& image_digest,
                            std::span<const PublicKey> keys) {
    const auto encoded = layer.annotations.find(kSignature);
    if (layer.media_type != kPayloadType || encoded == layer.annotations.end()) return Checked{};
    const auto signature = base64_decode(encoded->second);
    if (!signature) return Checked{};
    GADGET_TRY_ASSIGN(const auto payload, blobs.read(layer, kMaxPayload));
    const PublicKey* signer = nullptr;
    for (const auto& key : keys) {
        if (key.verify(payload, as_bytes(*signature))) signer = &key;
    }
    if (signer == nullptr) return Checked{.verified = {}, .outcome = Outcome::unknown_key, .about = {}};
    // Only what a known key vouches for is parsed.
    GADGET_TRY_ASSIGN(auto signed_image,
                      parse_simple_signing(payload, "the payload of signature " + layer.digest));
    if (signed_image.type != kSubjectKind || signed_image.digest != image_digest) {
        return Checked{.verified = {}, .outcome = Outcome::other_image, .about = signed_image.digest};
    }
    Verified verified{.key_fingerprint = signer->fingerprint(),
                      .identity = std::move(signed_image.identity),
                      .signature = {}};
    return Checked{.verified = std::move(verified), .outcome = Outcome::no_signature, .about = {}};
}

Error explain(const Checked& worst, const std::string& image_digest, std::size_t keys) {
    switch (worst.outcome) {
        case Outcome::other_image:
            return Error{.code = ErrorCode::corrupt_data,
                         .message = "the signature of image " + image_digest +
                                    " is about another image: " + printable(worst.about)};
        case Outcome::unknown_key:
            return Error{.code = ErrorCode::permission_denied,
                         .message = "image " + image_digest + " is signed, but not with " +
                                    (keys == 1 ? "the given key"
                                               : "one of the " + std::to_string(keys) + " given keys")};
        case Outcome::no_signature:
            break;
    }
    return Error{.code = ErrorCode::corrupt_data,
                 .message = "what is attached to image " + image_digest + " is no signature"};
}

}  // namespace

Result<Verified> verify_signature(const BlobSource& blobs, const Descriptor& signature,
                                  const std::string& image_digest, std::span<const PublicKey> keys) {
    if (keys.empty())
        return Error{.code = ErrorCode::invalid_argument, .message = "no public key to verify with"};
    const Limits limits;
    GADGET_TRY_ASSIGN(const auto bytes, blobs.read(signature, limits.manifest));
    GADGET_TRY_ASSIGN(const auto body, parse_manifest(bytes, "signature " + signature.digest));
    Checked worst;
    for (std::size_t i = 0; i < body.layers.size() && i < kMaxLayers; ++i) {
        GADGET_TRY_ASSIGN(auto checked, check_layer(blobs, body.layers[i], image_digest, keys));
        if (checked.verified) {
            checked.verified->signature = signature;
            return std::move(*checked.verified);
        }
        if (checked.outcome >= worst.outcome) worst = std::move(checked);
    }
    return explain(worst, image_digest, keys.size());
}

namespace {

struct Found {
    std::vector<Descriptor> signatures;
    std::set<std::string> unread;  ///< types of those in forms that are not read here
};

bool is_other_signature(std::string_view type) {
    return type.starts_with("application/vnd.dev.sigstore.bundle.") ||
           type == "application/vnd.cncf.notary.signature";
}

/// Signatures of an image in a layout: by tag (bare, or behind a repository), in the index of referrers, and
/// as unnamed manifests with a subject.
Result<Found> find_signatures(const Layout& layout, const std::string& digest) {
    const Limits limits;
    Found result;
    auto& found = result.signatures;
    for (const auto& entry : layout.entries()) {
        std::string tag = ref_name(entry);
        if (const auto colon = tag.rfind(':'); colon != std::string::npos) tag.erase(0, colon + 1);
        if (tag == signature_tag(digest) && is_manifest(entry)) found.push_back(entry);
        if (tag == referrers_tag(digest) && is_index(entry)) {
            GADGET_TRY_ASSIGN(const auto bytes, layout.read(entry, limits.manifest));
            GADGET_TRY_ASSIGN(const auto index, parse_index(bytes, "referrers of " + digest));
            for (const auto& referrer : index.manifests) {
                if (is_manifest(referrer) && referrer.artifact_type == kSignatureType)
                    found.push_back(referrer);
            }
        }
        if (!tag.empty() || !is_manifest(entry)) continue;
        GADGET_TRY_ASSIGN(const auto bytes, layout.read(entry, limits.manifest));
        GADGET_TRY_ASSIGN(const auto body, parse_manifest(bytes, "manifest " + entry.digest));
        if (!body.subject || body.subject->digest != digest) continue;
        const auto& type = body.artifact_type.empty() ? body.config.media_type : body.artifact_type;
        if (is_signature(body)) found.push_back(entry);
        if (is_other_signature(type)) result.unread.insert(type);
    }
    return result;
}

}  // namespace

Result<Verified> verify_image(const Layout& layout, const Descriptor& root, std::span<const PublicKey> keys) {
    if (keys.empty())
        return Error{.code = ErrorCode::invalid_argument, .message = "no public key to verify with"};
    GADGET_TRY_ASSIGN(const auto found, find_signatures(layout, root.digest));
    std::optional<Error> reason;
    for (const auto& signature : found.signatures) {
        auto verified = verify_signature(layout, signature, root.digest, keys);
        if (verified) return verified;
        reason = std::move(verified).error();
    }
    if (reason) return std::move(*reason);
    if (!found.unread.empty()) {
        return Error{.code = ErrorCode::rejected_input,
                     .message = "image " + root.digest + " is signed, but in a form that is not read here: " +
                                printable(*found.unread.begin()),
                     .hint = "sign it with 'cosign sign --key', or with 'gadget image sign'"};
    }
    return Error{.code = ErrorCode::not_found, .message = "image " + root.digest + " is not signed"};
}

}  // namespace gadget::packager
