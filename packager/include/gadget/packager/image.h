// SPDX-License-Identifier: Apache-2.0
// The parts of an OCI image as values, and where their bytes come from.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/model/manifest.h"
#include "gadget/model/platform.h"
#include "gadget/support/files.h"
#include "gadget/support/result.h"

namespace gadget::packager {

using Annotations = model::Annotations;

namespace media_type {
inline constexpr std::string_view kIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kDockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kEmpty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kGadget =
    "application/vnd.gadget.v1+binary";  ///< artifactType of the manifests
inline constexpr std::string_view kGadgetConfig = "application/vnd.gadget.config.v1+yaml";
inline constexpr std::string_view kEbpf = "application/vnd.gadget.ebpf.program.v1+binary";
inline constexpr std::string_view kWasm = "application/vnd.gadget.wasm.program.v1+binary";
inline constexpr std::string_view kBtfgen = "application/vnd.gadget.btfgen.v1+binary";
}  // namespace media_type

namespace annotation {
inline constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";
inline constexpr std::string_view kCreated = "org.opencontainers.image.created";
inline constexpr std::string_view kBuilderVersion = "io.inspektor-gadget.builder.version";
}  // namespace annotation

struct OciPlatform {
    std::string architecture;  ///< as Go names it: "amd64"
    std::string os;            ///< "linux"
    std::string variant{};

    friend bool operator==(const OciPlatform&, const OciPlatform&) = default;
};

/// Names a blob. Members that this library does not know are not kept.
struct Descriptor {
    std::string media_type;
    std::string digest;  ///< "sha256:<64 lower-case hex digits>"
    std::uint64_t size = 0;
    std::vector<std::string> urls{};
    Annotations annotations{};
    std::optional<std::string> data{};  ///< the content itself, decoded
    std::optional<OciPlatform> platform{};
    std::string artifact_type{};

    friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

/// True for the two index types, OCI's and Docker's.
[[nodiscard]] bool is_index(const Descriptor& descriptor);
/// True for the two image manifest types, OCI's and Docker's.
[[nodiscard]] bool is_manifest(const Descriptor& descriptor);

/// "sha256:<hex>" of `content`.
[[nodiscard]] std::string sha256_digest(std::span<const std::byte> content);

/// Bounds for what strangers give us.
struct Limits {
    std::uint64_t manifest = std::uint64_t{4} << 20;  ///< bytes of one index or manifest
    std::uint64_t blob = std::uint64_t{1} << 30;      ///< bytes of one blob
    std::uint64_t total = std::uint64_t{4} << 30;     ///< bytes of all blobs of an image
    std::size_t blobs = 4096;                         ///< blobs of an image
};

/// Takes the next piece of a blob.
using ChunkSink = std::function<Result<void>(std::span<const std::byte>)>;

/// Where blobs come from: memory, a layout folder, a tar, the store.
class BlobSource {
  public:
    virtual ~BlobSource() = default;
    /// Passes the content of `blob` to `sink` in pieces, in order. Size and digest are checked; when the
    /// Result is an error, what was passed must be thrown away. not_found: the source lacks it. corrupt_data:
    /// it differs. unsupported: a digest algorithm other than sha256 and sha512.
    Result<void> stream(const Descriptor& blob, const ChunkSink& sink) const;
    /// The whole blob in memory; rejected_input when it is larger than `limit` bytes.
    [[nodiscard]] Result<Bytes> read(const Descriptor& blob, std::uint64_t limit = kMaxBinaryFile) const;

  protected:
    /// As stream(), unchecked. Must not pass more than `blob.size` + 1 bytes.
    virtual Result<void> fetch(const Descriptor& blob, const ChunkSink& sink) const = 0;
};

/// A whole image in memory.
struct Image {
    Descriptor root;                     ///< of the index (or of a lone manifest); without a name
    std::map<std::string, Bytes> blobs;  ///< by digest, the root included
};

/// The blobs of an Image, which must live longer.
class MemoryBlobs final : public BlobSource {
  public:
    explicit MemoryBlobs(const Image& image) : image_(image) {}

  protected:
    Result<void> fetch(const Descriptor& blob, const ChunkSink& sink) const override;

  private:
    const Image& image_;
};

/// An image manifest, read.
struct ManifestNode {
    Descriptor descriptor;  ///< as the index lists it: platform, digest, size
    std::string artifact_type;
    Descriptor config;
    std::vector<Descriptor> layers;
    Annotations annotations;
    std::optional<Descriptor> subject;

    /// The first layer of this media type, or null.
    [[nodiscard]] const Descriptor* layer(std::string_view type) const;
};

/// What an image consists of: for showing it and for choosing from it.
struct ImageTree {
    Descriptor root;
    Annotations annotations;              ///< of the index body
    std::vector<ManifestNode> manifests;  ///< in the order of the index
    std::vector<Descriptor> skipped;      ///< entries of the index that are no image manifests

    /// The first manifest for `arch` (OS and variant are ignored, as Inspektor Gadget does), or null.
    [[nodiscard]] const ManifestNode* find(model::Arch arch) const;
};

/// Reads index and manifests, not layers. `root` may be an index or a lone manifest.
/// rejected_input: over a limit; corrupt_data: not what its format says.
[[nodiscard]] Result<ImageTree> read_tree(const BlobSource& blobs, const Descriptor& root,
                                          const Limits& limits = {});

/// Every blob that `root` reaches, each once, children before parents and `root` last. Blobs whose type is
/// unknown are taken as they are, never parsed.
[[nodiscard]] Result<std::vector<Descriptor>> reachable_blobs(const BlobSource& blobs, const Descriptor& root,
                                                              const Limits& limits = {});

/// The whole image in memory, each blob checked.
[[nodiscard]] Result<Image> load_image(const BlobSource& blobs, const Descriptor& root,
                                       const Limits& limits = {});

/// One architecture of a gadget image.
struct GadgetContent {
    std::string metadata;  ///< gadget.yaml; empty when the image has none
    std::optional<Bytes> ebpf{};
    std::optional<Bytes> wasm{};
    std::optional<Bytes> btfgen{};
    std::vector<Descriptor> unknown_layers{};
};

/// Config and layers of the image's manifest for `arch`. not_found: the image is not built for it (the hint
/// says for which it is); rejected_input: it is not a gadget image.
[[nodiscard]] Result<GadgetContent> load_gadget(const BlobSource& blobs, const Descriptor& root,
                                                model::Arch arch, const Limits& limits = {});

}  // namespace gadget::packager
