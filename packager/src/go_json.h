// SPDX-License-Identifier: Apache-2.0
// Writing JSON with the bytes that Go's encoding/json would write: digests depend on them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gadget/packager/image.h"

namespace gadget::packager {

/// `text` as a JSON string with its quotes. Escaped are what JSON demands, and '<', '>', '&', U+2028 and
/// U+2029; bytes that are no UTF-8 become \ufffd.
void append_string(std::string& out, std::string_view text);

/// A descriptor with its members in the order of the OCI Go types.
void append_descriptor(std::string& out, const Descriptor& descriptor);

struct ManifestBody {
    std::string artifact_type;
    Descriptor config;
    std::vector<Descriptor> layers;
    std::optional<Descriptor> subject{};
    Annotations annotations;
    std::string media_type{};  ///< left out when empty
};

[[nodiscard]] std::string manifest_json(const ManifestBody& body);
[[nodiscard]] std::string index_json(std::span<const Descriptor> manifests, const Annotations& annotations);

/// Standard alphabet with padding.
[[nodiscard]] std::string base64_encode(std::string_view content);
/// nullopt: not base64 (padding is demanded, white space refused).
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace gadget::packager
