// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gadget/packager/registry.h"
#include "session.h"

namespace gadget::packager {

struct RemoteManifest {
    Descriptor descriptor;
    Bytes content;
};

struct PushTarget {
    std::string repository;
    std::string mount_from;  ///< another repository that may have the blobs; or empty
};

/// A manifest that is about another one, of which the registry keeps no list.
struct UnlistedReferrer {
    Descriptor referrer;
    std::string subject;
};

struct RegistryImpl {
    explicit RegistryImpl(Session with) : session(std::move(with)) {}

    /// The manifest or index that a tag or digest names, hashed.
    Result<RemoteManifest> manifest(const std::string& repository, const std::string& reference);
    /// Sends the blobs that the repository lacks, several at once.
    Result<void> push_blobs(const BlobSource& source, const std::vector<Descriptor>& blobs,
                            const PushTarget& target);
    /// Sends manifests and indexes in this order, each by its digest; `root`, the last, under `tag` if that
    /// is not empty.
    Result<void> push_manifests(const BlobSource& source, const std::vector<Descriptor>& documents,
                                const Descriptor& root, const std::string& repository,
                                const std::string& tag);
    /// Whether `tag` there is this manifest.
    Result<bool> has_manifest(const Descriptor& manifest, const std::string& repository,
                              const std::string& tag);

    Session session;
    std::vector<RegistryImpl> helpers{};          ///< with connections of their own, for in_parallel()
    std::map<std::string, RemoteManifest> cache;  ///< by digest
    std::uint64_t cached_bytes = 0;

  private:
    Result<bool> has_blob(const Descriptor& blob, const std::string& repository);
    Result<std::optional<UnlistedReferrer>> push_manifest(const BlobSource& source,
                                                          const Descriptor& manifest,
                                                          const std::string& repository,
                                                          const std::string& reference);
    Result<void> put_manifest(const Bytes& content, const Descriptor& manifest, const std::string& repository,
                              const std::string& reference, bool& knows_subject);
    Result<void> add_to_fallback_tag(const Descriptor& referrer, const std::string& subject,
                                     const std::string& repository);
};

struct Registry::Impl : RegistryImpl {
    using RegistryImpl::RegistryImpl;
};

}  // namespace gadget::packager
