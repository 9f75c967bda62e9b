// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <iterator>

#include "../go_json.h"
#include "../oci_json.h"
#include "gadget/packager/reference.h"
#include "gadget/packager/signing.h"
#include "parallel.h"
#include "registry_impl.h"
#include "upload.h"

namespace gadget::packager {

namespace {

constexpr std::uint64_t kMaxManifest = std::uint64_t{4} << 20;

bool is_transient(ErrorCode code) {
    return code == ErrorCode::io || code == ErrorCode::timed_out;
}

}  // namespace

Result<bool> RegistryImpl::has_blob(const Descriptor& blob, const std::string& repository) {
    const RegistryCall call{.method = "HEAD",
                            .target = "/v2/" + repository + "/blobs/" + blob.digest,
                            .repository = repository,
                            .write = true};
    GADGET_TRY_ASSIGN(const auto response, session.send(call, {}));
    if (response.success()) return true;
    if (response.status == 404) return false;
    return session.refusal(response, "look for blob " + blob.digest + " in " + repository);
}

Result<bool> RegistryImpl::has_manifest(const Descriptor& manifest, const std::string& repository,
                                        const std::string& reference) {
    const RegistryCall call{.method = "HEAD",
                            .target = "/v2/" + repository + "/manifests/" + reference,
                            .repository = repository,
                            .write = true,
                            .headers = {{.name = "accept", .value = manifest.media_type}}};
    GADGET_TRY_ASSIGN(const auto response, session.send(call, {}));
    // Whatever else it says, sending the manifest tells more.
    return response.success() &&
           (is_digest(reference) || response.header("docker-content-digest") == manifest.digest);
}

namespace {

/// Uploads, and begins anew when the line breaks.
Result<void> upload_patiently(Session& session, const BlobSource& source, const Descriptor& blob,
                              const PushTarget& target, SharedProgress& progress) {
    auto pause = session.options().first_pause;
    for (unsigned attempt = 1;; ++attempt) {
        std::uint64_t went = 0;
        Upload upload(session, source, blob, target.repository);
        auto pushed = upload.run(target.mount_from, [&](std::uint64_t bytes) {
            went += bytes;
            progress.add(bytes);
        });
        if (pushed) return pushed;
        progress.take_back(went);
        if (!is_transient(pushed.error().code) || attempt >= session.options().attempts) return pushed;
        GADGET_TRY(session.pause(pause));
        pause *= 2;
    }
}

}  // namespace

Result<void> RegistryImpl::push_blobs(const BlobSource& source, const std::vector<Descriptor>& blobs,
                                      const PushTarget& target) {
    if (blobs.empty()) return {};
    SharedProgress progress(session.options().progress, blobs);
    progress.begin("pushing " + std::to_string(blobs.size()) + " blobs to " + session.registry());
    // One request alone: what it learns (scheme, token) the helpers inherit.
    GADGET_TRY_ASSIGN(const bool has_first, has_blob(blobs.front(), target.repository));
    return in_parallel(*this, blobs, [&](RegistryImpl& with, const Descriptor& blob) -> Result<void> {
        bool present = has_first;
        if (&blob != &blobs.front()) {
            GADGET_TRY_ASSIGN(present, with.has_blob(blob, target.repository));
        }
        if (!present) return upload_patiently(with.session, source, blob, target, progress);
        progress.add(blob.size);
        return {};
    });
}

Result<void> RegistryImpl::put_manifest(const Bytes& content, const Descriptor& manifest,
                                        const std::string& repository, const std::string& reference,
                                        bool& knows_subject) {
    const RegistryCall call{.method = "PUT",
                            .target = "/v2/" + repository + "/manifests/" + reference,
                            .repository = repository,
                            .write = true,
                            .headers = {{.name = "content-type", .value = manifest.media_type}},
                            .body_size = content.size(),
                            .body = [&](const ChunkSink& sink) { return sink(content); }};
    GADGET_TRY_ASSIGN(const auto response, session.send(call, {}));
    if (!response.success())
        return session.refusal(response, "push manifest " + manifest.digest + " to " + repository);
    knows_subject = response.header("oci-subject").has_value();
    const auto stored = response.header("docker-content-digest");
    if (stored && *stored != manifest.digest) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "registry " + session.registry() + " stored manifest " + manifest.digest +
                                " as " + *stored};
    }
    return {};
}

Result<void> RegistryImpl::push_manifest(const BlobSource& source, const Descriptor& manifest,
                                         const std::string& repository, const std::string& reference) {
    GADGET_TRY_ASSIGN(const auto content, source.read(manifest, kMaxManifest));
    ManifestBody body;
    if (is_manifest(manifest)) {
        GADGET_TRY_ASSIGN(body, parse_manifest(content, "manifest " + manifest.digest));
    }
    // Asking costs as much as sending, except that a tag which need not move may be one that must not. Only
    // the answer to sending a referrer tells whether the registry knows what to do with it.
    if (!body.subject && !is_digest(reference)) {
        GADGET_TRY_ASSIGN(const bool present, has_manifest(manifest, repository, reference));
        if (present) return {};
    }
    bool knows_subject = false;
    GADGET_TRY(put_manifest(content, manifest, repository, reference, knows_subject));
    if (knows_subject || !body.subject) return {};
    Descriptor referrer{.media_type = manifest.media_type,
                        .digest = manifest.digest,
                        .size = manifest.size,
                        .annotations = body.annotations};
    referrer.artifact_type = body.artifact_type.empty() ? body.config.media_type : body.artifact_type;
    return add_to_fallback_tag(referrer, body.subject->digest, repository);
}

Result<void> RegistryImpl::add_to_fallback_tag(const Descriptor& referrer, const std::string& subject,
                                               const std::string& repository) {
    const std::string tag = referrers_tag(subject);
    std::vector<Descriptor> entries;
    auto existing = manifest(repository, tag);
    if (existing) {
        GADGET_TRY_ASSIGN(auto index, parse_index(existing->content, "tag " + tag + " of " + repository));
        entries = std::move(index.manifests);
    } else if (existing.error().code != ErrorCode::not_found) {
        return std::move(existing).error();
    }
    const auto same = [&](const Descriptor& entry) { return entry.digest == referrer.digest; };
    if (std::any_of(entries.begin(), entries.end(), same)) return {};
    entries.push_back(referrer);
    const std::string text = index_json(entries, {});
    const auto bytes = as_bytes(text);
    const Descriptor index{
        .media_type = std::string(media_type::kIndex), .digest = sha256_digest(bytes), .size = bytes.size()};
    bool ignored = false;
    return put_manifest(Bytes(bytes.begin(), bytes.end()), index, repository, tag, ignored);
}

Result<void> Registry::push(const BlobSource& source, const Descriptor& root, const std::string& repository,
                            const std::string& tag, const std::string& mount_from) {
    GADGET_TRY_ASSIGN(const auto descriptors, reachable_blobs(source, root));
    const auto is_document = [](const Descriptor& descriptor) {
        return is_index(descriptor) || is_manifest(descriptor);
    };
    std::vector<Descriptor> blobs;
    std::copy_if(descriptors.begin(), descriptors.end(), std::back_inserter(blobs), std::not_fn(is_document));
    GADGET_TRY(impl_->push_blobs(source, blobs, {repository, mount_from}));
    for (const auto& descriptor : descriptors) {
        if (!is_document(descriptor)) continue;
        const bool is_root = descriptor.digest == root.digest;
        const std::string& reference = is_root && !tag.empty() ? tag : descriptor.digest;
        GADGET_TRY(impl_->push_manifest(source, descriptor, repository, reference));
    }
    return {};
}

Result<void> Registry::remove(const std::string& repository, const std::string& reference) {
    const RegistryCall call{.method = "DELETE",
                            .target = "/v2/" + repository + "/manifests/" + reference,
                            .repository = repository,
                            .write = true};
    GADGET_TRY_ASSIGN(const auto response, impl_->session.send(call, {}));
    if (response.success()) return {};
    Error error = impl_->session.refusal(response, "delete " + reference + " from " + repository);
    if (response.status == 400 || response.status == 405) {
        error.code = ErrorCode::unsupported;
        error.hint = is_digest(reference)
                         ? "deletion is switched off there"
                         : "many registries delete by digest only, which removes all tags of the image";
    }
    return error;
}

}  // namespace gadget::packager
