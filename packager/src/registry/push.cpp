// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <iterator>
#include <mutex>

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
                                        const std::string& tag) {
    const RegistryCall call{.method = "HEAD",
                            .target = "/v2/" + repository + "/manifests/" + tag,
                            .repository = repository,
                            .write = true,
                            .headers = {{.name = "accept", .value = manifest.media_type}}};
    GADGET_TRY_ASSIGN(const auto response, session.send(call, {}));
    if (response.status == 401 || response.status == 403)
        return session.refusal(response, "push to " + repository);
    // Whatever else it says, sending the manifest tells more.
    return response.success() && response.header("docker-content-digest") == manifest.digest;
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
    // One request alone, if there was none before: what it learns (scheme, token) the helpers inherit.
    std::optional<bool> has_first;
    if (!session.acquainted()) {
        GADGET_TRY_ASSIGN(has_first, has_blob(blobs.front(), target.repository));
    }
    return in_parallel(*this, blobs, [&](RegistryImpl& with, const Descriptor& blob) -> Result<void> {
        bool present = has_first.value_or(false);
        if (!has_first || &blob != &blobs.front()) {
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

/// Nobody asks first whether a manifest is there: that costs as much as sending it.
Result<std::optional<UnlistedReferrer>> RegistryImpl::push_manifest(const BlobSource& source,
                                                                    const Descriptor& manifest,
                                                                    const std::string& repository,
                                                                    const std::string& reference) {
    GADGET_TRY_ASSIGN(const auto content, source.read(manifest, kMaxManifest));
    ManifestBody body;
    if (is_manifest(manifest)) {
        GADGET_TRY_ASSIGN(body, parse_manifest(content, "manifest " + manifest.digest));
    }
    bool knows_subject = false;
    GADGET_TRY(put_manifest(content, manifest, repository, reference, knows_subject));
    if (knows_subject || !body.subject) return std::optional<UnlistedReferrer>();
    Descriptor referrer{.media_type = manifest.media_type,
                        .digest = manifest.digest,
                        .size = manifest.size,
                        .annotations = body.annotations};
    referrer.artifact_type = body.artifact_type.empty() ? body.config.media_type : body.artifact_type;
    return std::optional(UnlistedReferrer{.referrer = std::move(referrer), .subject = body.subject->digest});
}

Result<void> RegistryImpl::push_manifests(const BlobSource& source, const std::vector<Descriptor>& documents,
                                          const Descriptor& root, const std::string& repository,
                                          const std::string& tag) {
    std::mutex mutex;
    std::vector<UnlistedReferrer> unlisted;
    const auto push_one = [&](RegistryImpl& with, const Descriptor& each,
                              const std::string& reference) -> Result<void> {
        GADGET_TRY_ASSIGN(auto left, with.push_manifest(source, each, repository, reference));
        const std::lock_guard lock(mutex);
        if (left) unlisted.push_back(std::move(*left));
        return {};
    };
    // Manifests do not depend on each other, indexes do on what stands before them.
    std::vector<Descriptor> leaves;
    std::copy_if(documents.begin(), documents.end(), std::back_inserter(leaves),
                 [&](const Descriptor& each) { return is_manifest(each) && each.digest != root.digest; });
    GADGET_TRY(in_parallel(*this, leaves, [&](RegistryImpl& with, const Descriptor& leaf) {
        return push_one(with, leaf, leaf.digest);
    }));
    for (const auto& each : documents) {
        const bool is_root = each.digest == root.digest;
        if (!is_root && !is_index(each)) continue;
        GADGET_TRY(push_one(*this, each, is_root && !tag.empty() ? tag : each.digest));
    }
    // One after the other: several may change the same list.
    for (const auto& each : unlisted)
        GADGET_TRY(add_to_fallback_tag(each.referrer, each.subject, repository));
    return {};
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

namespace {

Result<bool> has_subject(const BlobSource& source, const Descriptor& root) {
    if (!is_manifest(root)) return false;
    GADGET_TRY_ASSIGN(const auto content, source.read(root, kMaxManifest));
    GADGET_TRY_ASSIGN(const auto body, parse_manifest(content, "manifest " + root.digest));
    return body.subject.has_value();
}

}  // namespace

Result<void> Registry::push(const BlobSource& source, const Descriptor& root, const std::string& repository,
                            const std::string& tag, const std::string& mount_from) {
    GADGET_TRY_ASSIGN(const auto descriptors, reachable_blobs(source, root));
    const auto is_document = [](const Descriptor& descriptor) {
        return is_index(descriptor) || is_manifest(descriptor);
    };
    std::vector<Descriptor> blobs;
    std::vector<Descriptor> documents;
    std::partition_copy(descriptors.begin(), descriptors.end(), std::back_inserter(documents),
                        std::back_inserter(blobs), is_document);
    // A tag that need not move may be one that must not; what it stands for is looked after all the same.
    // Only the answer to sending a referrer tells whether the registry lists it, so that is always sent.
    bool in_place = false;
    if (!tag.empty()) {
        GADGET_TRY_ASSIGN(const bool refers, has_subject(source, root));
        if (!refers) {
            GADGET_TRY_ASSIGN(in_place, impl_->has_manifest(root, repository, tag));
        }
    }
    GADGET_TRY(impl_->push_blobs(source, blobs, {repository, mount_from}));
    if (in_place) std::erase_if(documents, [&](const auto& each) { return each.digest == root.digest; });
    return impl_->push_manifests(source, documents, root, repository, tag);
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
