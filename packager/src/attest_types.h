// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "go_json.h"

namespace gadget::packager {

inline constexpr std::string_view kSpdxType = "application/spdx+json";
inline constexpr std::string_view kInTotoType = "application/vnd.in-toto+json";
inline constexpr std::string_view kSlsaType = "https://slsa.dev/provenance/v1";
inline constexpr std::string_view kSignatureType = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// Whether a referrer is a signature. cosign says so in the config's type.
inline bool is_signature(const ManifestBody& manifest) {
    return manifest.artifact_type == kSignatureType || manifest.config.media_type == kSignatureType;
}

}  // namespace gadget::packager
