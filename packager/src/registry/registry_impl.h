// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

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

struct RegistryImpl {
    explicit RegistryImpl(Session with) : session(std::move(with)) {}

    /// The manifest or index that a tag or digest names, hashed.
    Result<RemoteManifest> manifest(const std::string& repository, const std::string& reference);
    /// Sends the blobs that the repository lacks, several at once.
    Result<void> push_blobs(const BlobSource& source, const std::vector<Descriptor>& blobs,
                            const PushTarget& target);
    Result<void> push_manifest(const BlobSource& source, const Descriptor& manifest,
                               const std::string& repository, const std::string& reference);

    Session session;
    std::map<std::string, RemoteManifest> cache;  ///< by digest
    std::uint64_t cached_bytes = 0;

  private:
    Result<bool> has_blob(const Descriptor& blob, const std::string& repository);
    Result<bool> has_manifest(const Descriptor& manifest, const std::string& repository,
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
