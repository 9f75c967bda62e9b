// SPDX-License-Identifier: Apache-2.0
#include "gadget/packager/image.h"

#include <set>

#include "digest.h"
#include "gadget/packager/reference.h"
#include "gadget/support/text.h"
#include "oci_json.h"

namespace gadget::packager {

namespace {

constexpr int kMaxIndexDepth = 4;

Error over_limit(const std::string& what, std::uint64_t limit) {
    return Error{.code = ErrorCode::rejected_input,
                 .message = what + " is larger than the limit of " + human_bytes(limit)};
}

}  // namespace

bool is_index(const Descriptor& descriptor) {
    return descriptor.media_type == media_type::kIndex || descriptor.media_type == media_type::kDockerIndex;
}

bool is_manifest(const Descriptor& descriptor) {
    return descriptor.media_type == media_type::kManifest ||
           descriptor.media_type == media_type::kDockerManifest;
}

Result<void> BlobSource::stream(const Descriptor& blob, const ChunkSink& sink) const {
    GADGET_TRY_ASSIGN(const auto parts, split_digest(blob.digest));
    GADGET_TRY_ASSIGN(auto hasher, Hasher::create(parts.algorithm));
    std::uint64_t size = 0;
    const auto wrong_size = [&](const std::string& found) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "blob " + blob.digest + " has " + found + ", expected " +
                                std::to_string(blob.size) + " bytes"};
    };
    GADGET_TRY(fetch(blob, [&](std::span<const std::byte> piece) -> Result<void> {
        size += piece.size();
        if (size > blob.size) return wrong_size("more bytes");
        hasher.update(piece);
        return sink(piece);
    }));
    if (size != blob.size) return wrong_size(std::to_string(size) + " bytes");
    const std::string digest = hasher.finish();
    if (digest != blob.digest) {
        return Error{.code = ErrorCode::corrupt_data,
                     .message = "blob " + blob.digest + " has other content: its digest is " + digest};
    }
    return {};
}

Result<Bytes> BlobSource::read(const Descriptor& blob, std::uint64_t limit) const {
    if (blob.size > limit) return over_limit("blob " + blob.digest, limit);
    Bytes content;
    GADGET_TRY(stream(blob, [&](std::span<const std::byte> piece) -> Result<void> {
        content.insert(content.end(), piece.begin(), piece.end());
        return {};
    }));
    return content;
}

Result<void> MemoryBlobs::fetch(const Descriptor& blob, const ChunkSink& sink) const {
    const auto found = image_.blobs.find(blob.digest);
    if (found == image_.blobs.end()) {
        return Error{.code = ErrorCode::not_found, .message = "the image lacks blob " + blob.digest};
    }
    return sink(found->second);
}

const Descriptor* ManifestNode::layer(std::string_view type) const {
    for (const auto& layer : layers) {
        if (layer.media_type == type) return &layer;
    }
    return nullptr;
}

const ManifestNode* ImageTree::find(model::Arch arch) const {
    for (const auto& manifest : manifests) {
        const auto& platform = manifest.descriptor.platform;
        if (platform && platform->architecture == to_string(arch)) return &manifest;
    }
    return nullptr;
}

namespace {

Result<IndexBody> read_index(const BlobSource& blobs, const Descriptor& descriptor, const Limits& limits) {
    if (descriptor.size > limits.manifest) return over_limit("index " + descriptor.digest, limits.manifest);
    GADGET_TRY_ASSIGN(const auto bytes, blobs.read(descriptor, limits.manifest));
    return parse_index(bytes, "index " + descriptor.digest);
}

Result<ManifestBody> read_manifest(const BlobSource& blobs, const Descriptor& descriptor,
                                   const Limits& limits) {
    if (descriptor.size > limits.manifest)
        return over_limit("manifest " + descriptor.digest, limits.manifest);
    GADGET_TRY_ASSIGN(const auto bytes, blobs.read(descriptor, limits.manifest));
    return parse_manifest(bytes, "manifest " + descriptor.digest);
}

Result<ManifestNode> read_node(const BlobSource& blobs, const Descriptor& descriptor, const Limits& limits) {
    GADGET_TRY_ASSIGN(auto body, read_manifest(blobs, descriptor, limits));
    return ManifestNode{.descriptor = descriptor,
                        .artifact_type = std::move(body.artifact_type),
                        .config = std::move(body.config),
                        .layers = std::move(body.layers),
                        .annotations = std::move(body.annotations),
                        .subject = std::move(body.subject)};
}

/// Walks an image depth first and notes each blob once.
class Collector {
  public:
    Collector(const BlobSource& blobs, const Limits& limits) : blobs_(blobs), limits_(limits) {}

    Result<void> visit(const Descriptor& descriptor, int depth) {
        GADGET_TRY(count(descriptor));
        // A blob may be listed as a layer first and as a manifest later: its children count all the same.
        if (is_index(descriptor) || is_manifest(descriptor)) {
            if (!expanded_.insert(descriptor.digest).second) return {};
            GADGET_TRY(visit_children(descriptor, depth));
        }
        if (listed_.insert(descriptor.digest).second) order.push_back(descriptor);
        return {};
    }

    std::vector<Descriptor> order;

  private:
    Result<void> count(const Descriptor& descriptor) {
        const auto [seen, fresh] = sizes_.emplace(descriptor.digest, descriptor.size);
        if (!fresh) {
            if (seen->second == descriptor.size) return {};
            return Error{.code = ErrorCode::corrupt_data,
                         .message = "blob " + descriptor.digest + " is listed with two sizes"};
        }
        if (descriptor.size > limits_.blob) return over_limit("blob " + descriptor.digest, limits_.blob);
        total_ += descriptor.size;  // each addend is at most limits.blob: no overflow before the check below
        if (total_ > limits_.total) return over_limit("the image", limits_.total);
        if (sizes_.size() > limits_.blobs) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "the image has more than " + std::to_string(limits_.blobs) + " blobs"};
        }
        return {};
    }

    Result<void> visit_children(const Descriptor& descriptor, int depth) {
        if (is_index(descriptor)) {
            if (depth >= kMaxIndexDepth) {
                return Error{.code = ErrorCode::rejected_input, .message = "indexes are nested too deep"};
            }
            GADGET_TRY_ASSIGN(const auto body, read_index(blobs_, descriptor, limits_));
            for (const auto& child : body.manifests) GADGET_TRY(visit(child, depth + 1));
            return {};
        }
        GADGET_TRY_ASSIGN(const auto body, read_manifest(blobs_, descriptor, limits_));
        GADGET_TRY(visit_leaf(body.config));
        for (const auto& layer : body.layers) GADGET_TRY(visit_leaf(layer));
        return {};
    }

    /// A config or layer is never parsed, whatever type it claims.
    Result<void> visit_leaf(const Descriptor& leaf) {
        GADGET_TRY(count(leaf));
        if (listed_.insert(leaf.digest).second) order.push_back(leaf);
        return {};
    }

    const BlobSource& blobs_;
    const Limits& limits_;
    std::map<std::string, std::uint64_t> sizes_;
    std::set<std::string> expanded_;
    std::set<std::string> listed_;
    std::uint64_t total_ = 0;
};

}  // namespace

Result<ImageTree> read_tree(const BlobSource& blobs, const Descriptor& root, const Limits& limits) {
    ImageTree tree{.root = root, .annotations = {}, .manifests = {}, .skipped = {}};
    if (is_manifest(root)) {
        GADGET_TRY_ASSIGN(auto node, read_node(blobs, root, limits));
        tree.manifests.push_back(std::move(node));
        return tree;
    }
    if (!is_index(root)) {
        return Error{
            .code = ErrorCode::rejected_input,
            .message = root.digest + " is no image: its media type is '" + printable(root.media_type) + "'"};
    }
    GADGET_TRY_ASSIGN(auto body, read_index(blobs, root, limits));
    tree.annotations = std::move(body.annotations);
    for (const auto& child : body.manifests) {
        if (!is_manifest(child)) {
            tree.skipped.push_back(child);
            continue;
        }
        if (tree.manifests.size() >= limits.blobs) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "the image has more than " + std::to_string(limits.blobs) + " manifests"};
        }
        GADGET_TRY_ASSIGN(auto node, read_node(blobs, child, limits));
        tree.manifests.push_back(std::move(node));
    }
    return tree;
}

Result<std::vector<Descriptor>> reachable_blobs(const BlobSource& blobs, const Descriptor& root,
                                                const Limits& limits) {
    Collector collector(blobs, limits);
    GADGET_TRY(collector.visit(root, 0));
    return std::move(collector.order);
}

Result<Image> load_image(const BlobSource& blobs, const Descriptor& root, const Limits& limits) {
    GADGET_TRY_ASSIGN(const auto descriptors, reachable_blobs(blobs, root, limits));
    Image image{.root = root, .blobs = {}};
    image.root.annotations.erase(std::string(annotation::kRefName));
    for (const auto& descriptor : descriptors) {
        GADGET_TRY_ASSIGN(auto content, blobs.read(descriptor, limits.blob));
        image.blobs.emplace(descriptor.digest, std::move(content));
    }
    return image;
}

Result<GadgetContent> load_gadget(const BlobSource& blobs, const Descriptor& root, model::Arch arch,
                                  const Limits& limits) {
    GADGET_TRY_ASSIGN(const auto tree, read_tree(blobs, root, limits));
    const ManifestNode* node = tree.find(arch);
    if (node == nullptr) {
        std::vector<std::string> built;
        for (const auto& manifest : tree.manifests) {
            if (manifest.descriptor.platform)
                built.push_back(printable(manifest.descriptor.platform->architecture));
        }
        return Error{.code = ErrorCode::not_found,
                     .message = "the image has no manifest for " + std::string(to_string(arch)),
                     .hint = built.empty() ? "it names no architecture at all"
                                           : "it is built for " + join_words(built)};
    }
    GadgetContent content;
    if (node->config.media_type != media_type::kEmpty) {
        if (node->config.media_type != media_type::kGadgetConfig) {
            return Error{.code = ErrorCode::rejected_input,
                         .message = "not a gadget image: its config has the media type '" +
                                    printable(node->config.media_type) + "'"};
        }
        GADGET_TRY_ASSIGN(const auto bytes,
                          blobs.read(node->config, std::min<std::uint64_t>(limits.blob, kMaxTextFile)));
        content.metadata = as_text(bytes);
    }
    for (const auto& layer : node->layers) {
        std::optional<Bytes>* target = layer.media_type == media_type::kEbpf     ? &content.ebpf
                                       : layer.media_type == media_type::kWasm   ? &content.wasm
                                       : layer.media_type == media_type::kBtfgen ? &content.btfgen
                                                                                 : nullptr;
        if (target == nullptr) {
            content.unknown_layers.push_back(layer);
        } else if (!target->has_value()) {
            GADGET_TRY_ASSIGN(*target,
                              blobs.read(layer, std::min<std::uint64_t>(limits.blob, kMaxBinaryFile)));
        }
    }
    return content;
}

}  // namespace gadget::packager
