// SPDX-License-Identifier: Apache-2.0
// Reading what OCI calls index and manifest, from bytes that nobody vouches for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "gadget/packager/image.h"
#include "go_json.h"

namespace gadget::packager {

struct IndexBody {
    std::vector<Descriptor> manifests;
    Annotations annotations;
};

/// `what` names the document in errors. Unknown members are ignored; members that are repeated, a wrong
/// schemaVersion, nesting deeper than 32, a document that is index and manifest at once are corrupt_data.
Result<IndexBody> parse_index(std::span<const std::byte> json, const std::string& what);
Result<ManifestBody> parse_manifest(std::span<const std::byte> json, const std::string& what);

/// What a cosign "simple signing" document says.
struct SimpleSigning {
    std::string type;
    std::string identity;  ///< docker-reference
    std::string digest;    ///< docker-manifest-digest
};
Result<SimpleSigning> parse_simple_signing(std::span<const std::byte> json, const std::string& what);

/// Checks the file oci-layout.
Result<void> check_layout_marker(std::span<const std::byte> json, const std::string& what);

}  // namespace gadget::packager
