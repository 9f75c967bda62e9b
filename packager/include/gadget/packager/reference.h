// SPDX-License-Identifier: Apache-2.0
// Names of images, completed as Inspektor Gadget completes them.
#pragma once

#include <string>
#include <string_view>

#include "gadget/support/result.h"

namespace gadget::packager {

/// What a short name stands for.
struct ReferenceDefaults {
    std::string registry = "ghcr.io";
    std::string namespace_prefix =
        "inspektor-gadget/gadget/";  ///< for names without a slash in `registry`; may be empty
    std::string tag = "latest";
};

struct Reference {
    std::string registry;    ///< host[:port]
    std::string repository;  ///< "inspektor-gadget/gadget/foo"
    std::string tag;         ///< empty when only the digest names it
    std::string digest;      ///< "sha256:..." or empty

    /// "registry/repository[:tag][@digest]".
    [[nodiscard]] std::string to_string() const;
    /// As to_string(), without what the defaults would add: for showing.
    [[nodiscard]] std::string familiar(const ReferenceDefaults& defaults = {}) const;

    friend bool operator==(const Reference&, const Reference&) = default;
};

/// "foo" -> ghcr.io/inspektor-gadget/gadget/foo:latest; "me/foo:v1" -> ghcr.io/me/foo:v1;
/// "localhost:5000/foo" keeps its host. The grammar is that of Docker references, the defaults apply first.
/// invalid_argument says which part is wrong.
[[nodiscard]] Result<Reference> parse_reference(std::string_view text,
                                                const ReferenceDefaults& defaults = {});

/// "sha256:<64 hex>" or "sha512:<128 hex>", lower case.
[[nodiscard]] bool is_digest(std::string_view text);

/// True when `text` has only characters that the ref.name annotation of a layout may have (OCI image
/// specification).
[[nodiscard]] bool is_ref_name(std::string_view text);

}  // namespace gadget::packager
