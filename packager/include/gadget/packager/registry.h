// SPDX-License-Identifier: Apache-2.0
// Registries: pull, push, tags, deletion, referrers, as the OCI distribution specification has them.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/packager/reference.h"
#include "gadget/packager/store.h"
#include "gadget/support/cancel.h"
#include "gadget/support/progress.h"

namespace gadget::packager {

struct Credentials {
    std::string username{};
    std::string password{};
    std::string identity_token{};  ///< instead of the two, where a credential helper gives one
};

/// Who we are at a registry ("ghcr.io"); nullopt: nobody.
using CredentialSource = std::function<Result<std::optional<Credentials>>(const std::string& registry)>;

/// What a Docker or Podman configuration file (config.json, auth.json; its text is given) has for `registry`,
/// if need be by asking the credential helper that it names, found in `path_variable`. corrupt_data: not such
/// a file.
[[nodiscard]] Result<std::optional<Credentials>> credentials_from_config(std::string_view config,
                                                                         const std::string& registry,
                                                                         std::string_view path_variable);

/// The credential helper that the configuration file names for `registry`, or empty.
[[nodiscard]] Result<std::string> credential_helper(std::string_view config, const std::string& registry);

/// Hands the account at `registry` to a credential helper to keep, or has it forget (nullopt).
Result<void> store_with_helper(const std::string& helper, const std::string& registry,
                               const std::optional<Credentials>& credentials, std::string_view path_variable);

/// The text of the configuration file with the credentials for `registry` set, or removed with nullopt;
/// everything else in it stays. An empty `config` starts a new one. To be stored with mode 0600.
[[nodiscard]] Result<std::string> config_with_credentials(std::string_view config,
                                                          const std::string& registry,
                                                          const std::optional<Credentials>& credentials);

struct RegistryOptions {
    CredentialSource credentials{};
    bool insecure = false;            ///< plain HTTP, and then no credentials
    std::filesystem::path ca_file{};  ///< PEM; empty: the certificates of the system
    std::chrono::seconds idle_timeout{30};
    bool environment_proxy = false;              ///< HTTPS_PROXY, NO_PROXY and their like count, as for curl
    unsigned attempts = 5;                       ///< for answers 429 and 5xx, and for broken connections
    std::chrono::milliseconds first_pause{200};  ///< before the second attempt; doubles each time
    /// How to wait between attempts; empty: by the clock, until cancelled. Called from several threads.
    std::function<Result<void>(std::chrono::milliseconds)> pause{};
    unsigned parallel = 4;  ///< blobs under way at once
    /// Larger blobs are sent in pieces of this size, so that a broken upload goes on where it broke.
    std::uint64_t chunk_size = std::uint64_t{8} << 20;
    CancelToken cancel{};
    Progress* progress = nullptr;                       ///< borrowed; told about bytes, one call at a time
    std::function<void(const std::string&)> warning{};  ///< what the registry warns of, each text once
};

/// One registry. Connections are kept open between calls; one thread at a time. Errors: not_found;
/// permission_denied (not allowed, or a certificate that is not trusted); corrupt_data (what came differs
/// from its digest, or no HTTP); io; timed_out; cancelled; unsupported (the registry lacks the operation).
/// Names of repositories are without the registry: "me/foo". localhost may be spoken to without TLS.
class Registry {
  public:
    /// `name` is host[:port] as in references; "docker.io" stands for its real host.
    Registry(std::string name, RegistryOptions options);
    Registry(Registry&&) noexcept;
    Registry& operator=(Registry&&) noexcept;
    ~Registry();

    /// The manifest or index that `reference` (tag or digest) names: read, hashed, not kept.
    [[nodiscard]] Result<Descriptor> resolve(const std::string& repository, const std::string& reference);
    /// The blobs and manifests of a repository; borrows this object. A blob whose transfer breaks is resumed.
    [[nodiscard]] std::unique_ptr<BlobSource> blobs(const std::string& repository);

    /// Copies the blobs of an image that the store lacks, several at once. Store::add() has to follow.
    Result<void> fetch_blobs(const std::string& repository, const Descriptor& root, Store& store,
                             const Limits& limits = {});

    /// Sends what is missing, blobs first (several at once: `source` is read from several threads, as memory,
    /// layouts and stores allow), and `root` last, under `tag` (empty: under its digest only). Blobs that
    /// the repository `mount_from` of the same registry has (empty: none) are linked there, not sent.
    Result<void> push(const BlobSource& source, const Descriptor& root, const std::string& repository,
                      const std::string& tag, const std::string& mount_from = {});

    [[nodiscard]] Result<std::vector<std::string>> tags(const std::string& repository);
    /// Deletes a tag or a manifest by digest.
    Result<void> remove(const std::string& repository, const std::string& reference);
    /// What refers to the image `digest`, from the referrers API or the fallback tag; an empty type means
    /// all.
    [[nodiscard]] Result<std::vector<Descriptor>> referrers(const std::string& repository,
                                                            const std::string& digest,
                                                            const std::string& artifact_type = {});
    /// Checks that the registry accepts the credentials.
    Result<void> login();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Copies an image into the store, under the full name of `reference`. What the store has already is not
/// fetched, several blobs come at once, and the store is not locked while they come. Returns the root.
Result<Descriptor> pull(Registry& registry, const Reference& reference, Store& store,
                        const Limits& limits = {});

/// Sends what is attached to the image `root` of `layout` (signatures, SBOM, provenance); returns how many.
Result<std::size_t> push_attachments(Registry& registry, const Layout& layout, const Descriptor& root,
                                     const std::string& repository);
/// Fetches what is attached to the image that pull() fetched; returns how many.
Result<std::size_t> pull_attachments(Registry& registry, const Reference& image, const Descriptor& root,
                                     Store& store, const Limits& limits = {});

}  // namespace gadget::packager
