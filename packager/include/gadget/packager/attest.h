// SPDX-License-Identifier: Apache-2.0
// What an image consists of (SBOM) and how it was made (provenance), as documents attached to it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gadget/packager/image.h"
#include "gadget/packager/layout.h"

namespace gadget::packager {

/// A file or tool that went into the build.
struct Ingredient {
    std::string name;      ///< "program.bpf.c", "clang"
    std::string version;   ///< of tools and headers; empty for files
    std::string sha256;    ///< 64 hex digits; may be empty for tools
    std::string source{};  ///< where it came from, in words; may be empty
};

/// How an image was built. The same record gives the same documents.
struct BuildRecord {
    std::string name;          ///< of the gadget
    std::string license;       ///< SPDX expression; empty: not known
    std::string created;       ///< RFC 3339 in UTC: "2025-10-20T13:28:46Z"
    std::string tool_version;  ///< of GadgetKit
    /// Of the compiler, for each architecture: "amd64".
    std::map<std::string, std::vector<std::string>> flags;
    std::vector<Ingredient> sources;  ///< files of the author
    std::vector<Ingredient> headers;  ///< that the tool brings: libbpf, vmlinux.h
    std::vector<Ingredient> tools;    ///< clang
};

/// SPDX 2.3 as JSON about the image: its layers, sources, headers and tools.
[[nodiscard]] Result<std::string> sbom_document(const Image& image, const BuildRecord& record);
/// An in-toto statement with SLSA provenance (v1) about the image.
[[nodiscard]] Result<std::string> provenance_document(const Image& image, const BuildRecord& record);

enum class AttachmentKind : std::uint8_t { signature, sbom, provenance, other };
[[nodiscard]] std::string_view to_string(AttachmentKind kind);

/// A document as an image of its own that refers to `subject`: to be stored without a name.
[[nodiscard]] Image attach_document(const Descriptor& subject, AttachmentKind kind, std::string_view document,
                                    const std::string& created);

struct AttachmentInfo {
    Descriptor manifest;
    AttachmentKind kind = AttachmentKind::other;
    std::string type;     ///< its artifact type
    std::string summary;  ///< in a few words, when it is as it should be
    std::string problem;  ///< what is wrong with it; empty: nothing was found
};

/// Looks at what `layout` has about the image: documents must parse, name this image, and a bill of materials
/// must list each of its layers. Signatures are listed, not verified: see verify_image().
[[nodiscard]] Result<std::vector<AttachmentInfo>> check_attachments(const Layout& layout,
                                                                    const ImageTree& tree);

}  // namespace gadget::packager
